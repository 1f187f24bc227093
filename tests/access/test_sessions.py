"""One use is one use, however many try at once."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import pytest
from sqlalchemy import func, select

from access.clients import CONSOLE, ClientStore, Kind
from access.models import AuthorizationCode, IssuedToken, RefreshToken, TokenFamily
from access.roles import Role
from access.sessions import IDLE, KEPT_AFTER_END, WORKING_DAY, LogIn, SessionStore
from catalog.ids import ClientId
from registry.store import Registry
from tests.access.conftest import PERSON, SHAPINGBA, Access

T = TypeVar("T")
MANY = 8
REDIRECT, CHALLENGE = "http://127.0.0.1:8000/graphql", "c" * 43


def at_once(call: Callable[[], T]) -> list[T]:
    """What many threads get that begin together."""
    together, found = threading.Barrier(MANY), list[T]()

    def one() -> None:
        together.wait()
        found.append(call())

    threads = [threading.Thread(target=one) for _ in range(MANY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == MANY
    return found


def begun(access: Access) -> str:
    access.person()
    return access.issuer.sessions.begin(PERSON, CONSOLE, REDIRECT, CHALLENGE)


def opened(access: Access) -> LogIn:
    redeemed = access.issuer.sessions.redeem(begun(access), CONSOLE)
    assert redeemed is not None
    return redeemed.login


def ended(access: Access) -> bool:
    with access.registry.read() as session:
        return session.scalars(select(TokenFamily.ended_at)).one() is not None


def test_one_code_gives_exactly_one_log_in_to_many_at_once(access: Access) -> None:
    code = begun(access)
    found = at_once(lambda: access.issuer.sessions.redeem(code, CONSOLE))
    assert len([one for one in found if one is not None]) == 1
    assert ended(access)


def test_one_refresh_token_gives_exactly_one_next_to_many_at_once(access: Access) -> None:
    login = opened(access)
    found = at_once(lambda: access.issuer.sessions.renew(login.refresh, CONSOLE))
    followed = [one for one in found if one is not None]
    assert len(followed) == 1
    assert ended(access)
    assert access.issuer.sessions.renew(followed[0].refresh, CONSOLE) is None


def test_on_both_stores_one_use_is_one_use(registry: Registry) -> None:
    clients = ClientStore(registry)
    sessions = SessionStore(clients)
    clients.register(PERSON, SHAPINGBA, [Role.AUDITOR], "", Kind.PERSON)
    code = sessions.begin(PERSON, CONSOLE, REDIRECT, CHALLENGE)
    logins = [one for one in at_once(lambda: sessions.redeem(code, CONSOLE)) if one]
    assert len(logins) == 1
    second = sessions.begin(PERSON, CONSOLE, REDIRECT, CHALLENGE)
    redeemed = sessions.redeem(second, CONSOLE)
    assert redeemed is not None
    refresh = redeemed.login.refresh
    assert len([one for one in at_once(lambda: sessions.renew(refresh, CONSOLE)) if one]) == 1


def test_another_client_spends_the_code_and_gets_nothing(access: Access) -> None:
    code = begun(access)
    assert access.issuer.sessions.redeem(code, ClientId("another")) is None
    assert access.issuer.sessions.redeem(code, CONSOLE) is None


def test_a_refresh_token_waits_an_hour_and_a_log_in_lasts_a_working_day(access: Access) -> None:
    login: LogIn | None = opened(access)
    start = access.clock.now()
    while login is not None:
        refresh = login.refresh
        access.clock.advance(IDLE - timedelta(minutes=1))
        login = access.issuer.sessions.renew(refresh, CONSOLE)
    assert WORKING_DAY <= access.clock.now() - start < WORKING_DAY + IDLE
    login = access.issuer.sessions.redeem(  # and another one, left alone
        access.issuer.sessions.begin(PERSON, CONSOLE, REDIRECT, CHALLENGE), CONSOLE
    ).login  # type: ignore[union-attr] # it was just given out
    access.clock.advance(IDLE)
    assert access.issuer.sessions.renew(login.refresh, CONSOLE) is None


def test_an_expired_refresh_token_is_no_theft(access: Access) -> None:
    login = opened(access)
    access.clock.advance(IDLE)
    assert access.issuer.sessions.renew(login.refresh, CONSOLE) is None
    assert not ended(access)


def test_the_registry_holds_no_code_and_no_refresh_token(access: Access) -> None:
    code = begun(access)
    login = access.issuer.sessions.redeem(code, CONSOLE)
    assert login is not None
    with access.registry.read() as session:
        rows = [*session.scalars(select(AuthorizationCode)), *session.scalars(select(RefreshToken))]
        stored = repr([{c.name: getattr(r, c.key) for c in r.__table__.columns} for r in rows])
    assert len(rows) == 2
    assert code not in stored
    assert login.login.refresh not in stored


def test_log_ins_that_ended_long_ago_are_swept_with_what_came_of_them(access: Access) -> None:
    login = opened(access)
    access.issuer.sign(login.person, login)
    access.clock.advance(WORKING_DAY + KEPT_AFTER_END + timedelta(seconds=1))
    access.issuer.sessions.begin(PERSON, CONSOLE, REDIRECT, CHALLENGE)
    with access.registry.read() as session:
        counts = {
            kind.__tablename__: session.scalar(select(func.count()).select_from(kind))
            for kind in (TokenFamily, AuthorizationCode, RefreshToken, IssuedToken)
        }
    assert counts == {
        "token_family": 1,
        "authorization_code": 1,
        "refresh_token": 0,
        "issued_token": 0,
    }


@pytest.mark.parametrize("given", ["", "x", "\x00", "令牌", "x" * 100_000])
def test_what_was_never_given_out_ends_nothing(access: Access, given: str) -> None:
    opened(access)
    assert access.issuer.sessions.redeem(given, CONSOLE) is None
    assert access.issuer.sessions.renew(given, CONSOLE) is None
    access.issuer.sessions.end(given, CONSOLE)
    assert not ended(access)
