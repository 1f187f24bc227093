"""A reader's process: `python -m hub.readers.reader`, started by the hub with its end of a channel as input.

Rules: it ends when the hub hangs up or dies, and answers nothing from then on; it writes to the usage log and
to nothing else of the hub's.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import uvicorn
from uvicorn.server import Server

from hub.allocation import keep_memory_of_replies
from hub.readers.board import Board, Row
from hub.readers.channel import Channel, Kind, Message
from hub.readers.composition import Reading, build_reading
from hub.readers.connection import ReaderProtocol
from settings import Settings

LOG = logging.getLogger(__name__)
STANDARD_INPUT = 0
AGAIN_SECONDS = 0.02


class ReaderServer(Server):
    """Uvicorn on connections that come through `channel`; it listens to none of its own. A `Taker`."""

    def __init__(self, reading: Reading, channel: Channel, row: Row) -> None:
        made = partial(ReaderProtocol, self, row.end)
        super().__init__(
            uvicorn.Config(
                reading.endpoint,
                log_level="critical",  # what is no HTTP is no news
                access_log=False,
                timeout_keep_alive=30,
                timeout_graceful_shutdown=5,
                server_header=False,
                proxy_headers=False,  # nobody asks who sent it
                lifespan="off",
                ws="none",
                http=made,  # type: ignore[arg-type]  # a class, as far as it is used
            )
        )
        self._reading = reading
        self._channel = channel
        self._made = made
        self._row = row
        self._waiting: deque[tuple[socket.socket, bytes, int]] = deque()
        self._tasks: set[asyncio.Task[object]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        await self.on_tick(0)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._channel.fileno(), self._hear)
        self._say(Kind.READY)

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second, on the event loop."""
        self._row.beat()
        return await super().on_tick(counter)

    def take(self, connection: int, content: bytes, misses: int) -> bool:
        """Back to the hub; where there is no room now, in a moment."""
        if self._reading.watch.alone:
            return False
        try:
            if not self._waiting and self._channel.send(
                Kind.CONNECTION, content, connection, misses
            ):
                return True
            kept = socket.socket(fileno=os.dup(connection))
        except OSError:
            return False
        if not self._waiting:
            self._later(self._send_waiting)
        self._waiting.append((kept, content, misses))
        return True

    def doubt(self) -> None:
        """The mirror is damaged; from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._say, Kind.DOUBT)

    def _say(self, kind: Kind) -> None:
        """Again in a moment, where there is no room."""
        with suppress(ConnectionError):  # there is no hub any more
            if not self._channel.send(kind):
                self._later(partial(self._say, kind))

    def _later(self, what: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(AGAIN_SECONDS, what)

    def _send_waiting(self) -> None:
        while self._waiting:
            connection, content, misses = self._waiting[0]
            try:
                if not self._channel.send(Kind.CONNECTION, content, connection.fileno(), misses):
                    self._later(self._send_waiting)
                    return
            except OSError as gone:
                LOG.info("a connection could not be handed back: %s", gone)
            self._waiting.popleft()
            connection.close()

    def _hear(self) -> None:
        while True:
            try:
                message = self._channel.receive()
            except BlockingIOError:
                return
            if message is None:
                self._end()
                return
            self._heard(message)

    def _heard(self, message: Message) -> None:
        if message.kind is Kind.STATE and not message.content:
            self._later(partial(self._say, Kind.READY))
        elif message.kind is Kind.STATE:
            self._reading.engine.take(message.state)
        elif message.connection is None:
            self._row.end()  # there was no descriptor left for it
        else:
            loop = asyncio.get_running_loop()
            made = partial(
                self._made,
                config=self.config,
                server_state=self.server_state,
                app_state={},
                begun=message.content,
                misses=message.misses,
            )
            message.connection.setblocking(False)  # noqa: FBT003 - the standard library's own
            task = loop.create_task(loop.connect_accepted_socket(made, message.connection))
            self._tasks.add(task)
            task.add_done_callback(self._adopted)

    def _adopted(self, task: "asyncio.Task[object]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            LOG.info("a connection ended on its way: %r", task.exception())

    def _end(self) -> None:
        """Whoever hung up has ended, or is about to."""
        self._reading.watch.alone = True
        self.should_exit = True
        asyncio.get_running_loop().remove_reader(self._channel.fileno())


def main(place: int, board: int, page: int, _guard: int) -> None:
    """`_guard` stays open as long as this process lives."""
    keep_memory_of_replies()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the hub says when it is over
    channel = Channel(socket.socket(fileno=STANDARD_INPUT))
    shared = Board(board)
    row = Row(shared, place)
    reading = build_reading(Settings(), shared, row, page, place)
    server = ReaderServer(reading, channel, row)
    reading.standings.on_doubt(server.doubt)
    try:
        server.run(sockets=[])
    finally:
        reading.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
