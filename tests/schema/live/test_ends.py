"""What ends a subscription or a socket, and what others shipped where it did not."""

import asyncio
import contextlib
import threading
from datetime import timedelta
from typing import Any

import pytest

from catalog.ids import ClientId
from tests.schema.hub import STATION_COLUMNS, whole
from tests.schema.live.served import Served, admitted, opened, run
from tests.shared_data import READINGS, STATIONS, grant

LIST = "subscription { station(orderBy: [{code: ASC}]) { code } }"


def test_revoked_grant_ends_the_live_subscription_before_any_later_row(
    live: Served, app: str
) -> None:
    """Live subscription after revocation: Hasura #3602."""

    async def test() -> None:
        async with admitted(live, app) as client:
            await client.subscribe("1", LIST)
            await client.next()
            live.hub.granted("app", grant(READINGS, ("station_code", "observed_at")))
            live.hub.republish_stations("SECRET")
            assert await client.error() == "SCOPE_CHANGED"
            assert await client.is_quiet()
            await client.subscribe("1", LIST)
            assert await client.error() == "GRAPHQL_VALIDATION_FAILED"

    run(test)


def test_a_grant_that_ends_by_time_ends_the_live_subscription(live: Served, app: str) -> None:
    async def test() -> None:
        async with admitted(live, app) as client:
            await client.subscribe("1", LIST)
            await client.next()
            live.hub.clock.advance(timedelta(days=400))
            assert await client.error() == "SCOPE_CHANGED"

    run(test)


def test_columns_that_change_end_the_live_subscription(live: Served, app: str) -> None:
    async def test() -> None:
        async with admitted(live, app) as client:
            await client.subscribe("1", LIST)
            await client.next()
            live.hub.granted("app", grant(STATIONS, STATION_COLUMNS, masked=("name",)))
            assert await client.error() == "SCOPE_CHANGED"

    run(test)


def test_a_revoked_client_loses_all_its_sockets_at_once(live: Served, app: str) -> None:
    async def test() -> None:
        async with admitted(live, app) as first, admitted(live, app) as second:
            for client in (first, second):
                await client.subscribe("1", LIST)
                await client.next()
            live.hub.clients.revoke_client(ClientId("app"))
            live.hub.republish_stations("SECRET")
            for client in (first, second):
                assert await client.closed() == (4403, "Forbidden: TOKEN_REVOKED")

    run(test)


def test_a_revoked_token_loses_its_socket_and_the_clients_other_token_does_not(
    live: Served, app: str
) -> None:
    other = live.hub.token("app")

    async def test() -> None:
        async with admitted(live, app) as first, admitted(live, other) as second:
            live.hub.clients.revoke_token(live.hub.principal(app).token_id)
            assert await first.closed() == (4403, "Forbidden: TOKEN_REVOKED")
            assert await second.is_quiet()

    run(test)


def test_whoever_is_revoked_does_not_wait_for_those_who_go_on_under_new_grants(
    live: Served, app: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, other = live.hub, live.hub.token("app")
    going_on, waited = threading.Event(), list[int]()

    async def test() -> None:
        async with contextlib.AsyncExitStack() as held:
            first = [await held.enter_async_context(admitted(live, app)) for _ in range(4)]
            revoked = await held.enter_async_context(admitted(live, other))
            for client in (*first, revoked):
                await client.subscribe("1", LIST)
                await client.next()
            prepare = live.live.operations.prepare

            async def slow(*asked: Any) -> Any:
                waited.append(1)
                await asyncio.to_thread(going_on.wait, 60)
                return await prepare(*asked)

            monkeypatch.setattr(live.live.operations, "prepare", slow)
            with live.held():
                hub.granted("app", *whole(places=("500106",)))
                hub.clients.revoke_token(hub.principal(other).token_id)
            assert await revoked.closed() == (4403, "Forbidden: TOKEN_REVOKED")
            assert waited
            going_on.set()

    try:
        run(test)
    finally:
        going_on.set()


def test_a_token_that_expires_closes_its_socket(
    live: Served, app: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with admitted(live, app) as client:
            ends = live.hub.principal(app).ends
            monkeypatch.setattr(live.hub.verifier._clock, "now", lambda: ends)  # noqa: SLF001 - system time, moved
            assert await client.closed() == (4403, "Forbidden: TOKEN_EXPIRED")

    run(test)


@pytest.mark.parametrize("token", [None, "", "x"])
def test_a_socket_without_a_valid_token_is_nobodys_and_gets_no_default_role(
    live: Served, token: str | None
) -> None:
    """Subscription as default role: crystal #1017."""

    async def test() -> None:
        async with opened(live) as client:
            await client.init(token)
            assert (await client.closed())[0] == 4403

    run(test)


def test_nothing_is_heard_before_the_initialisation(live: Served) -> None:
    """Websocket without init: Strawberry CVE-2026-35526."""

    async def test() -> None:
        async with opened(live) as client:
            await client.subscribe("1", "{ __typename }")
            assert await client.closed() == (4401, "Unauthorized")

    run(test)


def test_a_socket_that_says_nothing_is_closed(live: Served) -> None:
    """Websocket without init: Strawberry CVE-2026-35526."""
    live.limit(init_seconds=0.2)

    async def test() -> None:
        async with opened(live) as client:
            assert await client.closed() == (4408, "Connection initialisation timeout")

    run(test)


def test_subscriptions_of_one_socket_are_bounded(live: Served, app: str) -> None:
    """Unbounded subscriptions: Strawberry CVE-2026-35523."""

    async def test() -> None:
        async with admitted(live, app) as client:
            for number in range(10):
                await client.subscribe(str(number), LIST)
                await client.next(str(number))
            await client.subscribe("one more", LIST)
            assert await client.error("one more") == "TOO_MANY_OPERATIONS"
            await client.send("complete", id="3")
            await client.subscribe("one more", LIST)
            await client.next("one more")

    run(test)


def test_sockets_of_one_client_and_of_all_are_bounded(live: Served, app: str) -> None:
    """Unbounded subscriptions: Strawberry CVE-2026-35523."""
    live.limit(client_sockets=1, sockets=3)
    other = live.hub.client("other")

    async def test() -> None:
        async with admitted(live, app) as kept, admitted(live, other):
            async with opened(live) as client:
                await client.init(app)
                assert await client.closed() == (1013, "This client has too many sockets")
            live.limit(sockets=2)
            with pytest.raises(Exception, match="503"):
                async with opened(live):
                    pass
            assert await kept.is_quiet()

    run(test)


def test_a_socket_that_nobody_uses_is_closed(live: Served, app: str) -> None:
    async def test() -> None:
        async with admitted(live, app) as idle, admitted(live, app) as used:
            await used.subscribe("1", LIST)
            await used.next()
            live.limit(idle_seconds=0.2)
            assert await idle.closed() == (1000, "Idle")
            assert await used.is_quiet()

    run(test)


def test_a_server_that_stops_says_when_to_come_back(live: Served, app: str) -> None:
    async def test() -> None:
        async with admitted(live, app) as client:
            await client.subscribe("1", LIST)
            await client.next()
            running = live.live._loop  # noqa: SLF001 - the server's own, as its shutdown has it
            assert running is not None
            asyncio.run_coroutine_threadsafe(live.live.stop(), running)
            code, reason = await client.closed()
            assert code == 1001
            assert "1 to 10 seconds" in reason

    run(test)


def test_revocation_ends_every_subscription_though_nothing_is_published_any_more(
    live: Served, app: str
) -> None:
    """How soon is measured by `make bench ARGS=live`."""

    async def test() -> None:
        async with admitted(live, app) as client:
            for number in range(10):
                await client.subscribe(str(number), LIST)
                await client.next(str(number))
            live.hub.granted("app", *whole()[:1])
            ended = [await client.frame() for _ in range(10)]
            assert {frame["payload"][0]["extensions"]["code"] for frame in ended} == {
                "SCOPE_CHANGED"
            }
            assert sorted(frame["id"] for frame in ended) == [str(n) for n in range(10)]
            assert not live.live.queries

    run(test)
