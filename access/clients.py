"""The clients of the hub and the tokens they hold: registered, authenticated, revoked.

An unknown client, a revoked one and a wrong secret are one answer and take alike long. Every change
that could end a token's validity bumps the epoch in the same transaction, so that what was
remembered under the older epoch is looked up again. All of it blocks: call it in a worker thread.
"""

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from access import secret as secrets
from access.errors import ClientExists, ClientIdRefused, RolesConflict, UnknownClient
from access.models import AccessEpoch, Client, IssuedToken
from access.roles import APART, Role
from catalog.clock import Clock, SystemClock
from catalog.ids import ClientId, OrganisationCode
from registry.store import Registry

CLIENT_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
LOOK_AGAIN = timedelta(seconds=0.5)
"""How long a revocation by another process may go unnoticed."""
KEPT_AFTER_EXPIRY = timedelta(days=1)
"""Token rows are dropped this long after the token expired."""

BUMP = text(
    "INSERT INTO access_epoch (id, value) VALUES (1, 1) "
    "ON CONFLICT (id) DO UPDATE SET value = access_epoch.value + 1 RETURNING value"
)


@dataclass(frozen=True, slots=True)
class RegisteredClient:
    id: ClientId
    organisation: OrganisationCode
    title: str
    roles: frozenset[Role]
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class TokenStanding:
    """What the registry knows of a token: whose it is, and whether it or its client was revoked."""

    client: RegisteredClient
    revoked: bool


class ClientStore:
    def __init__(self, registry: Registry, system_clock: Clock | None = None) -> None:
        self._registry = registry
        self._clock = system_clock or SystemClock()  # tokens run on system time, not city time
        self._lock = threading.Lock()
        self._epoch = 0
        self._looked_at = self._clock.now()
        self.refresh()

    @property
    def epoch(self) -> int:
        """Grows with each change that ends tokens; as of this process's last look."""
        return self._epoch

    @property
    def is_fresh(self) -> bool:
        """Whether the epoch was looked at within the last seconds."""
        return self._clock.now() - self._looked_at < LOOK_AGAIN

    def refresh(self) -> int:
        """Reads the epoch that other processes may have moved; returns it."""
        self._looked_at = self._clock.now()
        with self._registry.read() as session:
            value = session.scalar(select(AccessEpoch.value).where(AccessEpoch.id == 1))
        return self._advance(value or 0)

    def register(
        self,
        client: ClientId,
        organisation: OrganisationCode,
        roles: Iterable[Role],
        title: str = "",
    ) -> str:
        """Returns the secret, which is kept nowhere; raises ClientExists, RolesConflict."""
        if not CLIENT_ID.fullmatch(client):
            raise ClientIdRefused
        chosen = frozenset(roles)
        for first, second in APART:
            if {first, second} <= chosen:
                raise RolesConflict(first=first.value, second=second.value)
        secret = secrets.draw()
        row = Client(
            id=client,
            organisation=organisation,
            title=title,
            roles=sorted(role.value for role in chosen),
            secret_digest=secrets.digest(secret),
            created_at=self._clock.now(),
            revoked_at=None,
        )
        with self._registry.write() as session:
            if session.get(Client, client) is not None:
                raise ClientExists(client=client)
            session.add(row)
        return secret

    def renew_secret(self, client: ClientId) -> str:
        """A new secret; the old one stops at once, tokens live on to their end."""
        secret = secrets.draw()
        digest = secrets.digest(secret)
        with self._registry.write() as session:
            _existing(session, client).secret_digest = digest
        return secret

    def revoke_client(self, client: ClientId) -> None:
        """Ends the client and every token it holds; for good."""
        with self._registry.write() as session:
            row = _existing(session, client)
            row.revoked_at = row.revoked_at or self._clock.now()
            epoch = _bump(session)
        self._advance(epoch)

    def revoke_token(self, token_id: str) -> bool:
        """False when no such token is known; a second time changes nothing."""
        with self._registry.write() as session:
            row = session.get(IssuedToken, token_id)
            if row is None:
                return False
            row.revoked_at = row.revoked_at or self._clock.now()
            epoch = _bump(session)
        self._advance(epoch)
        return True

    def authenticate(self, client: str, secret: str) -> RegisteredClient | None:
        """None for an unknown client, a revoked one and a wrong secret: it never tells which."""
        found, stored = self._find(client)
        genuine = secrets.matches(secret, stored)
        if found is None or not genuine or found.revoked_at is not None:
            return None
        return found

    def record_token(
        self, token_id: str, client: ClientId, issued: datetime, expires: datetime
    ) -> None:
        """Makes a token known before it is handed out; sweeps those long expired."""
        with self._registry.write() as session:
            past = issued - KEPT_AFTER_EXPIRY
            session.execute(delete(IssuedToken).where(IssuedToken.expires_at < past))
            session.add(
                IssuedToken(
                    id=token_id,
                    client_id=client,
                    issued_at=issued,
                    expires_at=expires,
                    revoked_at=None,
                )
            )

    def standing(self, token_id: str) -> TokenStanding | None:
        """None for a token that was never handed out here."""
        statement = (
            select(IssuedToken, Client)
            .join(Client, Client.id == IssuedToken.client_id)
            .where(IssuedToken.id == token_id)
        )
        with self._registry.read() as session:
            found = session.execute(statement).one_or_none()
            if found is None:
                return None
            token, client = found
            revoked = token.revoked_at is not None or client.revoked_at is not None
            return TokenStanding(_registered(client), revoked)

    def organisation_of(self, client: ClientId) -> OrganisationCode | None:
        """None for a client that is unknown or revoked."""
        found, _ = self._find(client)
        return found.organisation if found and found.revoked_at is None else None

    def clients(self) -> tuple[RegisteredClient, ...]:
        with self._registry.read() as session:
            rows = session.scalars(select(Client).order_by(Client.id))
            return tuple(_registered(row) for row in rows)

    def _find(self, client: str) -> tuple[RegisteredClient | None, str]:
        """The client and its secret's digest; nobody's digest where there is no such client."""
        if not CLIENT_ID.fullmatch(client):  # PostgreSQL refuses a text with NUL in it
            return None, secrets.NOBODY
        with self._registry.read() as session:
            row = session.get(Client, client)
            return (_registered(row), row.secret_digest) if row else (None, secrets.NOBODY)

    def _advance(self, epoch: int) -> int:
        with self._lock:
            self._epoch = max(self._epoch, epoch)
            return self._epoch


def _existing(session: Session, client: ClientId) -> Client:
    row = session.get(Client, client)
    if row is None:
        raise UnknownClient(client=client)
    return row


def _bump(session: Session) -> int:
    return int(session.execute(BUMP).scalar_one())


def _registered(row: Client) -> RegisteredClient:
    return RegisteredClient(
        ClientId(row.id),
        OrganisationCode(row.organisation),
        row.title,
        frozenset(Role(role) for role in row.roles),
        row.created_at,
        row.revoked_at,
    )
