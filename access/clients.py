"""The clients of the hub and the tokens they hold: registered, authenticated, revoked.

A client is an application or a person; only how it proves itself differs. An unknown client, a
revoked one, one of the other kind and a wrong secret are one answer and take alike long. Every change
that could end a token's validity moves the epoch. All of it blocks: call it in a worker thread.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from access import secret as secrets
from access.epoch import Epoch
from access.errors import ClientExists, ClientIdRefused, RolesConflict, UnknownClient
from access.models import Client, IssuedToken, TokenFamily
from access.roles import APART, Role
from catalog.clock import Clock, SystemClock
from catalog.ids import ClientId, OrganisationCode
from registry.store import Registry

CLIENT_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
KEPT_AFTER_EXPIRY = timedelta(days=1)
"""Token rows are dropped this long after the token expired."""
CONSOLE = ClientId("console")
"""The hub's own pages, through which people log in; not a client that anybody registers."""


class Kind(StrEnum):
    APPLICATION = "application"
    """Proves itself by a secret at the token endpoint."""
    PERSON = "person"
    """Logs in with a password on the hub's own page."""


@dataclass(frozen=True, slots=True)
class RegisteredClient:
    id: ClientId
    kind: Kind
    organisation: OrganisationCode
    title: str
    roles: frozenset[Role]
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class TokenStanding:
    """What the registry knows of a token: whose it is, got through which client, and whether it,
    its log-in or its holder was ended.
    """

    client: RegisteredClient
    through: ClientId
    revoked: bool


class ClientStore:
    def __init__(self, registry: Registry, system_clock: Clock | None = None) -> None:
        self.registry = registry
        self._clock = system_clock or SystemClock()  # tokens run on system time, not city time
        self.epoch = Epoch(registry, self._clock)

    def register(
        self,
        client: ClientId,
        organisation: OrganisationCode,
        roles: Iterable[Role],
        title: str = "",
        kind: Kind = Kind.APPLICATION,
    ) -> str:
        """Returns the secret, which is kept nowhere; raises ClientExists, RolesConflict."""
        if not CLIENT_ID.fullmatch(client):
            raise ClientIdRefused
        chosen = frozenset(roles)
        for first, second in APART:
            if {first, second} <= chosen:
                raise RolesConflict(first=first.value, second=second.value)
        secret = _drawn(kind)
        row = Client(
            id=client,
            kind=kind.value,
            organisation=organisation,
            title=title,
            roles=sorted(role.value for role in chosen),
            secret_digest=secrets.digest(secret),
            created_at=self._clock.now(),
            revoked_at=None,
        )
        with self.registry.write() as session:
            if client == CONSOLE or session.get(Client, client) is not None:
                raise ClientExists(client=client)
            session.add(row)
        return secret

    def renew_secret(self, client: ClientId, kind: Kind = Kind.APPLICATION) -> str:
        """A new secret; the old one stops at once, and so does what a person logged in to."""
        with self.epoch.moving() as session:
            row = _existing(session, client, kind)
            secret = _drawn(kind)
            row.secret_digest = secrets.digest(secret)
            session.execute(
                update(TokenFamily)
                .where(TokenFamily.person == client, TokenFamily.ended_at.is_(None))
                .values(ended_at=self._clock.now())
            )
        return secret

    def revoke_client(self, client: ClientId, kind: Kind | None = None) -> None:
        """Ends the client and every token it holds; for good."""
        with self.epoch.moving() as session:
            row = _existing(session, client, kind)
            row.revoked_at = row.revoked_at or self._clock.now()

    def revoke_token(self, token_id: str) -> bool:
        """False when no such token is known; a second time changes nothing."""
        with self.registry.read() as session:
            if session.get(IssuedToken, token_id) is None:
                return False
        with self.epoch.moving() as session:
            session.execute(
                update(IssuedToken)
                .where(IssuedToken.id == token_id, IssuedToken.revoked_at.is_(None))
                .values(revoked_at=self._clock.now())
            )
        return True

    def authenticate(
        self, client: str, secret: str, kind: Kind = Kind.APPLICATION
    ) -> RegisteredClient | None:
        """None for an unknown client, a revoked one and a wrong secret: it never tells which."""
        found, stored = self._find(client)
        if found is None or found.kind is not kind:
            found, stored = None, secrets.NOBODY
        genuine = secrets.matches(secret, stored)
        if found is None or not genuine or found.revoked_at is not None:
            return None
        return found

    def record_token(
        self,
        token_id: str,
        client: ClientId,
        issued: datetime,
        expires: datetime,
        family: str | None = None,
    ) -> None:
        """Makes a token known before it is handed out; sweeps those long expired."""
        with self.registry.write() as session:
            past = issued - KEPT_AFTER_EXPIRY
            session.execute(delete(IssuedToken).where(IssuedToken.expires_at < past))
            session.add(
                IssuedToken(
                    id=token_id,
                    client_id=client,
                    family=family,
                    issued_at=issued,
                    expires_at=expires,
                    revoked_at=None,
                )
            )

    def standing(self, token_id: str) -> TokenStanding | None:
        """None for a token that was never handed out here."""
        statement = (
            select(IssuedToken, Client, TokenFamily.client, TokenFamily.ended_at)
            .join(Client, Client.id == IssuedToken.client_id)
            .outerjoin(TokenFamily, TokenFamily.id == IssuedToken.family)
            .where(IssuedToken.id == token_id)
        )
        with self.registry.read() as session:
            found = session.execute(statement).one_or_none()
            if found is None:
                return None
            token, client, through, login_ended_at = found
            revoked = any((token.revoked_at, client.revoked_at, login_ended_at))
            return TokenStanding(registered(client), ClientId(through or client.id), revoked)

    def organisation_of(self, client: ClientId) -> OrganisationCode | None:
        """None for a client that is unknown or revoked."""
        found, _ = self._find(client)
        return found.organisation if found and found.revoked_at is None else None

    def clients(self) -> tuple[RegisteredClient, ...]:
        with self.registry.read() as session:
            rows = session.scalars(select(Client).order_by(Client.id))
            return tuple(registered(row) for row in rows)

    def _find(self, client: str) -> tuple[RegisteredClient | None, str]:
        """The client and its secret's digest; nobody's digest where there is no such client."""
        if not CLIENT_ID.fullmatch(client):  # PostgreSQL refuses a text with NUL in it
            return None, secrets.NOBODY
        with self.registry.read() as session:
            row = session.get(Client, client)
            return (registered(row), row.secret_digest) if row else (None, secrets.NOBODY)


def _drawn(kind: Kind) -> str:
    return secrets.draw() if kind is Kind.APPLICATION else secrets.draw_password()


def _existing(session: Session, client: ClientId, kind: Kind | None) -> Client:
    row = session.get(Client, client)
    if row is None or kind not in {None, Kind(row.kind)}:
        raise UnknownClient(client=client)
    return row


def registered(row: Client) -> RegisteredClient:
    return RegisteredClient(
        ClientId(row.id),
        Kind(row.kind),
        OrganisationCode(row.organisation),
        row.title,
        frozenset(Role(role) for role in row.roles),
        row.created_at,
        row.revoked_at,
    )
