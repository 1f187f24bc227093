"""What a person's log-in leads to: one code, then refresh tokens that follow one another.

All tokens of a log-in are a family, which ends after a working day or before. A code and a refresh
token are each good for one use, and the row itself decides whose use was the first. A second use means
that two hold it and one of them stole it: it ends the family and every token of it.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from access.clients import ClientStore, RegisteredClient, registered
from access.models import AuthorizationCode, Client, IssuedToken, RefreshToken, TokenFamily
from catalog.clock import Clock, SystemClock
from catalog.ids import ClientId

CODE_LIFETIME = timedelta(minutes=1)
IDLE = timedelta(hours=1)
"""How long a refresh token waits to be used."""
WORKING_DAY = timedelta(hours=10)
"""How long a log-in lasts, however often its tokens are renewed."""
KEPT_AFTER_END = timedelta(days=2)

Row = TypeVar("Row", AuthorizationCode, RefreshToken)
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class LogIn:
    """A log-in under way; `refresh` is its next refresh token."""

    family: str
    person: RegisteredClient
    client: ClientId
    refresh: str


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What a code was given for."""

    login: LogIn
    redirect: str
    challenge: str


class SessionStore:
    """Blocking: call it in a worker thread."""

    def __init__(self, clients: ClientStore, system_clock: Clock | None = None) -> None:
        self._registry = clients.registry
        self._epoch = clients.epoch
        self._clock = system_clock or SystemClock()

    def begin(self, person: ClientId, client: ClientId, redirect: str, challenge: str) -> str:
        """The code of a new log-in."""
        code, family = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
        now = self._clock.now()
        with self._registry.write() as session:
            _sweep(session, now - KEPT_AFTER_END)
            session.add(
                TokenFamily(
                    id=family,
                    person=person,
                    client=client,
                    started_at=now,
                    expires_at=now + WORKING_DAY,
                    ended_at=None,
                )
            )
            session.flush()  # the code refers to it
            session.add(
                AuthorizationCode(
                    digest=_digest(code),
                    family=family,
                    redirect=redirect,
                    challenge=challenge,
                    expires_at=now + CODE_LIFETIME,
                    used_at=None,
                )
            )
        return code

    def redeem(self, code: str, client: ClientId) -> Redeemed | None:
        """What the code was given for, once; None for whatever else, and a second use ends the family."""

        def redeemed(session: Session, used: AuthorizationCode) -> Redeemed | None:
            login = self._follow(session, used.family, client)
            return None if login is None else Redeemed(login, used.redirect, used.challenge)

        return self._use(AuthorizationCode, code, redeemed)

    def renew(self, refresh: str, client: ClientId) -> LogIn | None:
        """The log-in with its next refresh token; None and the end of the family like `redeem`."""

        def renewed(session: Session, used: RefreshToken) -> LogIn | None:
            return self._follow(session, used.family, client)

        return self._use(RefreshToken, refresh, renewed)

    def end(self, refresh: str, client: ClientId) -> None:
        """Ends the family of a refresh token; of nobody else's and of no token: nothing."""
        with self._registry.read() as session:
            row = session.get(RefreshToken, _digest(refresh))
            if row is None or session.get_one(TokenFamily, row.family).client != client:
                return
            family = row.family
        self._end(family)

    def _use(
        self, kind: type[Row], given: str, then: Callable[[Session, Row], Result | None]
    ) -> Result | None:
        now, digest = self._clock.now(), _digest(given)
        first = (
            update(kind)
            .where(kind.digest == digest, kind.used_at.is_(None))
            .values(used_at=now)
            .returning(kind)
        )
        with self._registry.write() as session:
            used = session.scalars(first).one_or_none()
            if used is not None:
                return then(session, used) if now < used.expires_at else None
            again = session.get(kind, digest)
        if again is not None:
            self._end(again.family)
        return None

    def _follow(self, session: Session, family: str, client: ClientId) -> LogIn | None:
        """The family's next refresh token; None where it, or its person, has ended."""
        now = self._clock.now()
        row = session.get_one(TokenFamily, family)
        person = session.get_one(Client, row.person)
        if row.client != client or row.ended_at or person.revoked_at or now >= row.expires_at:
            return None
        refresh = secrets.token_urlsafe(32)
        until = min(now + IDLE, row.expires_at)
        session.add(
            RefreshToken(digest=_digest(refresh), family=family, expires_at=until, used_at=None)
        )
        return LogIn(family, registered(person), client, refresh)

    def _end(self, family: str) -> None:
        with self._epoch.moving() as session:
            session.execute(
                update(TokenFamily)
                .where(TokenFamily.id == family, TokenFamily.ended_at.is_(None))
                .values(ended_at=self._clock.now())
            )


def _sweep(session: Session, before: datetime) -> None:
    """Drops log-ins that ended long ago, with what came of them."""
    over = select(TokenFamily.id).where(TokenFamily.expires_at < before)
    for kind in (AuthorizationCode, RefreshToken, IssuedToken):
        session.execute(delete(kind).where(kind.family.in_(over)))
    session.execute(delete(TokenFamily).where(TokenFamily.expires_at < before))


def _digest(given: str) -> str:
    return hashlib.sha256(given.encode("utf-8", "surrogatepass")).hexdigest()
