"""The small hub behind a real port, and a client that speaks graphql-transport-ws frame by frame."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import orjson
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from hub.protocol import PatientProtocol, PatientWebSocket
from schema.live.frames import PROTOCOL
from schema.live.hub import LiveHub
from tests.schema.hub import Hub

SECONDS = 60.0
"""How long a test waits for what must come; only what goes wrong takes it."""


@dataclass
class Served:
    """A hub on a port; `executions` counts what the live queries in use have cost."""

    hub: Hub
    port: int

    @property
    def live(self) -> LiveHub:
        live: LiveHub = self.hub.app.state.live
        return live

    @property
    def address(self) -> str:
        return f"ws://127.0.0.1:{self.port}/graphql"

    @property
    def executions(self) -> int:
        return sum(query.executions for query in self.live.queries)

    @contextmanager
    def held(self) -> Iterator[None]:
        """The server hears nothing meanwhile, and then all of it at once."""
        running = self.live._loop  # noqa: SLF001 - the server's own
        assert running is not None
        over = threading.Event()
        running.call_soon_threadsafe(over.wait, SECONDS)
        try:
            yield
        finally:
            over.set()

    def limit(self, **limits: Any) -> None:
        self.live.limits = replace(self.live.limits, **limits)


@contextmanager
def served(hub: Hub) -> Iterator[Served]:
    config = uvicorn.Config(
        hub.app,
        http=PatientProtocol,
        ws=PatientWebSocket,
        ws_max_size=64 * 1024,
        ws_per_message_deflate=False,
        log_level="error",
    )
    server = uvicorn.Server(config)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    while not server.started:
        threading.Event().wait(0.01)
    try:
        yield Served(hub, listening.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join()


@dataclass
class Client:
    """One socket of a test."""

    connection: ClientConnection

    async def send(self, kind: str, **members: Any) -> None:
        await self.connection.send(orjson.dumps({"type": kind, **members}).decode())

    async def init(self, token: str | None, **payload: Any) -> None:
        told = {"authorization": f"Bearer {token}"} if token else {}
        await self.send("connection_init", payload={**told, **payload})

    async def subscribe(self, operation: str, query: str, **variables: Any) -> None:
        await self.send("subscribe", id=operation, payload={"query": query, "variables": variables})

    async def frame(self) -> Any:
        async with asyncio.timeout(SECONDS):
            received = await self.connection.recv()
        assert isinstance(received, str), "frames are text"
        return orjson.loads(received)

    async def next(self, operation: str = "1") -> Any:
        """The next payload of an operation."""
        frame = await self.frame()
        assert (frame["type"], frame["id"]) == ("next", operation), frame
        return frame["payload"]

    async def error(self, operation: str = "1") -> str:
        """The code of the error that ends an operation."""
        frame = await self.frame()
        assert (frame["type"], frame["id"]) == ("error", operation), frame
        return str(frame["payload"][0]["extensions"]["code"])

    async def closed(self) -> tuple[int, str]:
        """Code and reason, after whatever still comes."""
        async with asyncio.timeout(SECONDS):
            with suppress(ConnectionClosed):
                while True:
                    await self.connection.recv()
        code, reason = self.connection.close_code, self.connection.close_reason
        assert code is not None
        assert reason is not None
        return code, reason

    async def is_quiet(self) -> bool:
        """Whether what was sent before a pong held nothing else; only for what had time to come."""
        await self.send("ping")
        return bool((await self.frame())["type"] == "pong")


@asynccontextmanager
async def opened(
    served: Served, headers: Mapping[str, str] | None = None, protocol: str | None = PROTOCOL
) -> AsyncIterator[Client]:
    async with connect(
        served.address,
        subprotocols=[protocol] if protocol else None,  # type: ignore[list-item]
        additional_headers=headers,
        compression=None,
        proxy=None,
        max_size=None,
        open_timeout=SECONDS,
        ping_interval=None,
        close_timeout=SECONDS,
    ) as connection:
        yield Client(connection)


@asynccontextmanager
async def admitted(served: Served, token: str, **payload: Any) -> AsyncIterator[Client]:
    async with opened(served) as client:
        await client.init(token, **payload)
        assert await client.frame() == {"type": "connection_ack"}
        yield client


async def holds(condition: Callable[[], bool]) -> None:
    """Until it does: for what happens in the server alone and no frame tells of."""
    async with asyncio.timeout(SECONDS):
        while not condition():  # noqa: ASYNC110 - the condition is another thread's
            await asyncio.sleep(0.01)


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await test()

    asyncio.run(main())
