"""A connection that a reader gives back while an answer before it is still on its way."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from hub.readers.connection import CONNECTION, ReaderProtocol

ANSWER = b"x" * 16 * 1024 * 1024
"""More than the system takes at once."""
ASKED = b"POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n"
LEFT = b"POST /left HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n"
PATIENCE = 60.0


@dataclass
class Hub:
    """Takes connections, and answers nothing."""

    taken: list[tuple[int, bytes]] = field(default_factory=list)
    took: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, connection: int, content: bytes, misses: int) -> bool:
        assert misses == 1
        self.taken.append((os.dup(connection), content))
        self.took.set()
        return True


async def answer(scope: Any, _: Any, send: Any) -> None:
    connection: ReaderProtocol = scope[CONNECTION]
    assert connection.claim()
    if scope["path"] == "/left":
        connection.give_back()
        return
    connection.answer()
    length = [(b"content-length", b"%d" % len(ANSWER))]
    await send({"type": "http.response.start", "status": 200, "headers": length})
    await send({"type": "http.response.body", "body": ANSWER})


@dataclass
class Asking:
    hub: Hub
    ended: asyncio.Event
    stream: tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def asking_a_reader() -> AsyncIterator[Asking]:
    loop, hub, ended = asyncio.get_running_loop(), Hub(), asyncio.Event()
    made = partial(
        ReaderProtocol,
        hub,
        ended.set,
        config=uvicorn.Config(answer, ws="none", lifespan="off", log_level="critical"),
        server_state=ServerState(),
        app_state={},
    )
    server = await loop.create_server(made, "127.0.0.1", 0)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 256 * 1024)
    connection.setblocking(False)  # noqa: FBT003 - the standard library's own
    await loop.sock_connect(connection, server.sockets[0].getsockname())
    stream = await asyncio.open_connection(sock=connection, limit=64 * 1024)
    try:
        yield Asking(hub, ended, stream)
    finally:
        stream[1].close()
        with suppress(OSError):  # it was cut off
            await stream[1].wait_closed()
        for descriptor, _ in hub.taken:
            os.close(descriptor)
        server.close()


async def asked_and_left(asking: Asking) -> None:
    """The answer has begun, and what is left to the hub has come behind it."""
    read, write = asking.stream
    write.write(ASKED)
    await read.readuntil(b"\r\n\r\n")
    write.write(LEFT)
    await asyncio.sleep(0.2)


def test_it_goes_back_once_the_answer_is_sent_and_nothing_is_said_between() -> None:
    async def scenario() -> None:
        async with asking_a_reader() as asking:
            await asked_and_left(asking)
            assert asking.hub.taken == []
            read, _ = asking.stream
            assert await read.readexactly(len(ANSWER)) == ANSWER
            await asking.hub.took.wait()
            ((descriptor, content),) = asking.hub.taken
            assert content == LEFT
            os.write(descriptor, b"the hub's")
            assert await read.readexactly(9) == b"the hub's"

    asyncio.run(asyncio.wait_for(scenario(), PATIENCE))


def test_who_does_not_read_in_time_is_cut_off_and_goes_nowhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hub.readers.connection.READ_SECONDS", 0.1)

    async def scenario() -> None:
        async with asking_a_reader() as asking:
            await asked_and_left(asking)
            await asking.ended.wait()
            assert asking.hub.taken == []

    asyncio.run(asyncio.wait_for(scenario(), PATIENCE))
