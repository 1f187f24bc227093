"""A reader that does not read costs bounded memory, is cut off in the end, and slows nobody else."""

import asyncio
import itertools
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import connect

from catalog.predicate import Compare, Op
from hub import protocol
from schema.live.frames import PROTOCOL
from schema.live.session import Session
from tests.schema.hub import whole
from tests.schema.live.served import Client, Served, admitted, holds, run
from tests.shared_data import STATIONS, grant, station, station_rows

NARROW = "subscription { station(limit: 1, orderBy: [{code: ASC}]) { code name } }"
WIDE = "subscription { station(limit: 1000, orderBy: [{code: ASC}]) { code name } }"
ROWS, CHANGES = 1_000, 12
NARROW_BYTES = 64 * 1024


def publish_wide(live: Served, number: int) -> None:
    """About a megabyte, so that a few fill what the kernel keeps of a socket."""
    rows = station_rows(*((f"{row:04}", f"{number} " + "x" * 1_000, None) for row in range(ROWS)))
    live.hub.publish(station(), rows, f"wide {number}")


def state_of(payload: dict[str, dict[str, list[dict[str, str]]]]) -> int:
    return int(payload["data"]["station"][0]["name"].split()[0])


@asynccontextmanager
async def deaf(live: Served, token: str) -> AsyncIterator[Client]:
    """A subscriber with small buffers that reads nothing after its first answer, until told to."""
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW_BYTES)
    narrow.connect(("127.0.0.1", live.port))
    async with connect(
        live.address,
        sock=narrow,
        subprotocols=[PROTOCOL],  # type: ignore[list-item]
        compression=None,
        max_size=None,
        ping_interval=None,
        close_timeout=0.1,
        proxy=None,
    ) as connection:
        client = Client(connection)
        await client.init(token)
        await client.frame()
        await client.subscribe("1", WIDE)
        await client.next()
        connection.transport.pause_reading()
        yield client


def sessions(live: Served) -> list[Session]:
    return list(live.live._sessions)  # noqa: SLF001 - what they hold is the point


def test_a_reader_that_stands_still_is_told_the_newest_state_and_few_before_it(
    live: Served, app: str
) -> None:
    async def test() -> None:
        async with deaf(live, app) as slow, admitted(live, app) as quick:
            await quick.subscribe("1", WIDE)
            await quick.next()
            for number in range(CHANGES):
                publish_wide(live, number)
                assert state_of(await quick.next()) == number
            assert live.executions == 1 + CHANGES
            held = max(session._outbox.size for session in sessions(live))  # noqa: SLF001 - as above
            assert held < live.live.limits.outbox_bytes
            slow.connection.transport.resume_reading()
            seen = [state_of(await slow.next())]
            while seen[-1] != CHANGES - 1:
                seen.append(state_of(await slow.next()))
            assert len(seen) < CHANGES
            assert seen == sorted(seen)

    run(test)


def test_a_reader_that_makes_no_progress_is_cut_off_and_others_go_on(
    live: Served, app: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are told so little that nothing of theirs ever waits for its reader."""
    monkeypatch.setattr(protocol, "READ_SECONDS", 0.3)

    async def test() -> None:
        async with deaf(live, app), admitted(live, app) as quick:
            await quick.subscribe("1", NARROW)
            await quick.next()
            for number in range(CHANGES):
                publish_wide(live, number)
                await quick.next()
            await holds(lambda: live.live.sessions == 1)
            assert await quick.is_quiet()

    run(test)


def test_what_waits_for_a_reader_is_dropped_when_its_grant_narrows(live: Served, app: str) -> None:
    one = Compare("code", Op.EQ, "0001")

    async def test() -> None:
        async with deaf(live, app) as slow, admitted(live, app) as quick:
            await quick.subscribe("1", WIDE)
            await quick.next()
            for number in range(CHANGES):
                publish_wide(live, number)
                await quick.next()
            live.hub.granted("app", grant(STATIONS, ("code", "name"), row_filter=one), whole()[1])
            assert len((await quick.next())["data"]["station"]) == 1
            slow.connection.transport.resume_reading()
            seen = [await slow.next()]
            while len(seen[-1]["data"]["station"]) > 1:
                seen.append(await slow.next())
            assert state_of(seen[-1]) == CHANGES - 1
            assert all(state_of(payload) < CHANGES - 1 for payload in seen[:-1])

    run(test)


def test_who_asks_and_asks_and_never_reads_is_no_longer_read_from(live: Served, app: str) -> None:
    live.limit(outbox_bytes=64 * 1024)

    async def test() -> None:
        async with deaf(live, app) as client:
            publish_wide(live, 0)
            (session,) = sessions(live)
            async with asyncio.TaskGroup() as group:
                asking = group.create_task(ask_on(client))
                await holds(lambda: not session.is_heard)
                asking.cancel()
            assert session._outbox.size < 2 * 2**20  # noqa: SLF001 - as above
            answered = len(live.hub.usage_records())
            await client.subscribe("one more", "{ station { code } }")
            await client.subscribe("and another", "{ station { code } }")
            assert not session.is_heard
            assert len(live.hub.usage_records()) - answered < live.live.limits.operations
            client.connection.transport.abort()
            await holds(lambda: not live.live.sessions)

    run(test)


async def ask_on(client: Client) -> None:
    """Large answers, one after the other."""
    for number in itertools.count():
        await client.subscribe(f"asked {number}", WIDE.replace("subscription", "query"))
        await asyncio.sleep(0.01)
