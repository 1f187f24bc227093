"""Whom an outside provider's tokens mean: the operator links a subject or an application of it to a client.

An identity means one client, a client may have several identities. Without a link nobody gets in,
however well a token is signed. Every change moves the access epoch.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select

from access.clients import ClientStore, RegisteredClient, registered
from access.errors import LinkExists, LinkUnknown, UnknownClient
from access.models import Client, ExternalIdentity
from catalog.clock import Clock, SystemClock
from catalog.ids import ClientId


class Meant(StrEnum):
    SUBJECT = "subject"
    """A person, or an application's service account, by `sub`."""
    APPLICATION = "application"
    """An application by its own client id, where nobody logged in."""


@dataclass(frozen=True, slots=True)
class Identity:
    issuer: str
    kind: Meant
    name: str

    @property
    def key(self) -> tuple[str, str, str]:
        return self.issuer, self.kind.value, self.name


@dataclass(frozen=True, slots=True)
class Link:
    identity: Identity
    client: ClientId
    linked_at: datetime


class LinkStore:
    """Blocking: call it in a worker thread."""

    def __init__(self, clients: ClientStore, system_clock: Clock | None = None) -> None:
        self._registry = clients.registry
        self._epoch = clients.epoch
        self._clock = system_clock or SystemClock()

    def link(self, identity: Identity, client: ClientId) -> None:
        """LinkExists where the identity means somebody; UnknownClient."""
        with self._epoch.moving() as session:
            if session.get(Client, client) is None:
                raise UnknownClient(client=client)
            known = session.get(ExternalIdentity, identity.key)
            if known is not None:
                raise LinkExists(name=identity.name, client=known.client)
            issuer, kind, name = identity.key
            session.add(
                ExternalIdentity(
                    issuer=issuer,
                    kind=kind,
                    name=name,
                    client=client,
                    linked_at=self._clock.now(),
                )
            )

    def unlink(self, identity: Identity) -> None:
        """Its tokens stop at once; LinkUnknown."""
        with self._epoch.moving() as session:
            known = session.get(ExternalIdentity, identity.key)
            if known is None:
                raise LinkUnknown(name=identity.name)
            session.delete(known)

    def find(self, identity: Identity) -> RegisteredClient | None:
        """Whom it means, revoked or not."""
        if not _storable(identity.name):
            return None
        with self._registry.read() as session:
            row = session.get(ExternalIdentity, identity.key)
            return None if row is None else registered(session.get_one(Client, row.client))

    def links(self) -> tuple[Link, ...]:
        order = (ExternalIdentity.client, ExternalIdentity.issuer, ExternalIdentity.name)
        with self._registry.read() as session:
            rows = session.scalars(select(ExternalIdentity).order_by(*order))
            return tuple(
                Link(
                    Identity(row.issuer, Meant(row.kind), row.name),
                    ClientId(row.client),
                    row.linked_at,
                )
                for row in rows
            )


def _storable(name: str) -> bool:
    """PostgreSQL refuses a text with NUL in it, every store half a surrogate pair."""
    return "\x00" not in name and not any("\ud800" <= character <= "\udfff" for character in name)
