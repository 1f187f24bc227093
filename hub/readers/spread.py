"""The hub's end of its readers: spreads connections over them, tells them what is published, takes back.

Rules: everything here happens on the server's event loop; a connection goes to the reader that has the fewest,
and none goes to one that has not been told what is published, or has no room: the hub answers then. A reader
that died takes its connections with it.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hub.readers.alone import held
from hub.readers.board import Board, Row
from hub.readers.channel import Channel, Kind, State, told
from hub.readers.connection import HubProtocol
from hub.readers.process import ReaderProcess
from schema.tally import Tallied
from warehouse.engine import Published
from warehouse.mirror.standing import MirrorStandings

LOG = logging.getLogger(__name__)
AGAIN_SECONDS = 0.01
STOP_SECONDS = 10.0
Protocols = Callable[..., HubProtocol]


@dataclass(slots=True)
class _Reader:
    row: Row
    channel: Channel | None = None
    ready: bool = False
    """It knows what is published."""
    behind: bool = True
    """It has not been told the last of it."""
    taken: int = 0
    """Connections that it ever had; `row.ended` are those it has no more."""

    @property
    def open(self) -> int:
        return self.taken - self.row.ended


@dataclass(slots=True)
class Readers:
    """A `Taker`. `start` it on the event loop, `hang_up` there, and `stop` it from any thread."""

    board: Board
    number: int
    published: Callable[[], Published | None]
    standings: MirrorStandings
    environment: dict[str, str]
    home: Path
    pages: tuple[int, int]
    """The descriptors of the board and of the usage log's page."""
    _readers: list[_Reader] = field(default_factory=list, init=False)
    _processes: list[ReaderProcess] = field(default_factory=list, init=False)
    _loop: asyncio.AbstractEventLoop | None = field(default=None, init=False)
    _protocols: Protocols | None = field(default=None, init=False)
    _tasks: set["asyncio.Task[object]"] = field(default_factory=set, init=False)
    _stopping: bool = field(default=False, init=False)
    _guard: int | None = field(default=None, init=False)

    def start(self, protocols: Protocols) -> None:
        """`protocols` makes one for a connection that comes back."""
        self._loop, self._protocols = asyncio.get_running_loop(), protocols
        self._readers = [_Reader(Row(self.board, place)) for place in range(self.number)]
        self._guard = held(self.home)
        shared = (*self.pages, self._guard)
        for place, reader in enumerate(self._readers):
            log = self.home / f"reader-{place + 1}.log"
            self._processes.append(
                ReaderProcess(place, self.environment, log, shared, reader.row, self._started)
            )

    def all_run(self) -> bool:
        """Whether each of them is there now."""
        return all(process.runs() for process in self._processes)

    @property
    def ready(self) -> int:
        """How many take connections now."""
        return sum(reader.ready for reader in self._readers)

    @property
    def open(self) -> int:
        """Connections that readers have now."""
        return sum(reader.open for reader in self._readers)

    def pids(self) -> list[int]:
        return [process.pid for process in self._processes]

    def rows(self) -> list[Row]:
        return [reader.row for reader in self._readers]

    def tallied(self) -> list[Tallied]:
        return [row.tallied() for row in self.rows()]

    def changed(self, *_: object) -> None:
        """Something was published, or is mirrored otherwise; from any thread."""
        if self._loop is not None and not self._stopping:
            self._loop.call_soon_threadsafe(self._tell_all)

    def take(self, connection: int, content: bytes, misses: int) -> bool:
        ready = [reader for reader in self._readers if reader.ready]
        for reader in sorted(ready, key=lambda each: each.open):
            if reader.channel is not None and self._sent(
                reader.channel, Kind.CONNECTION, content, connection, misses
            ):
                reader.taken += 1
                return True
        return False

    def hang_up(self) -> None:
        """They answer what they have begun, and end."""
        self._stopping = True
        for process in self._processes:
            process.stay_ended()
        for reader in self._readers:
            if reader.channel is not None:
                reader.ready = False
                reader.channel.hang_up()

    def stop(self) -> None:
        """They have ended when this returns; the event loop has, too."""
        self._stopping = True
        for process in self._processes:
            process.stop()
        for reader in self._readers:
            if reader.channel is not None:
                reader.channel.close()
                reader.channel = None
        if self._guard is not None:
            os.close(self._guard)
            self._guard = None

    def _started(self, place: int, end: socket.socket) -> None:
        """By the thread that started the process."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._attach, place, end)

    def _attach(self, place: int, end: socket.socket) -> None:
        if self._loop is None or self._stopping:
            end.close()
            return
        reader = self._readers[place]
        self._detach(reader)
        reader.taken = reader.row.ended
        reader.channel = Channel(end)
        self._loop.add_reader(end.fileno(), self._hear, reader)

    def _detach(self, reader: _Reader) -> None:
        if reader.channel is not None and self._loop is not None:
            self._loop.remove_reader(reader.channel.fileno())
            reader.channel.close()
        reader.channel, reader.ready, reader.behind = None, False, True

    def _hear(self, reader: _Reader) -> None:
        while reader.channel is not None:
            try:
                message = reader.channel.receive()
            except BlockingIOError:
                return
            if message is None:
                self._detach(reader)
                return
            match message.kind:
                case Kind.READY:
                    self._tell(reader)
                case Kind.DOUBT:
                    self.standings.doubt()
                case Kind.CONNECTION if message.connection is not None:
                    self._take_back(message.connection, message.content, message.misses)
                case _:
                    LOG.warning("a reader said %s", message.kind)

    def _take_back(self, connection: socket.socket, content: bytes, misses: int) -> None:
        if self._loop is None or self._protocols is None:
            connection.close()
            return
        protocols = self._protocols

        def made() -> HubProtocol:
            return protocols(begun=content, misses=misses)

        task = self._loop.create_task(_adopted(self._loop, made, connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _tell_all(self) -> None:
        for reader in self._readers:
            reader.behind = True
            if reader.ready:
                self._tell(reader)

    def _tell(self, reader: _Reader) -> None:
        """What is published; again in a moment, where it is not known or there is no room."""
        if reader.channel is None or self._loop is None or self._stopping:
            return
        published = self.published()
        if published is not None:
            standings = self.standings.all()
            mirrored = {c: p for c, p in published.publications.items() if c in standings.now}
            state = told(State(Published(published.seq, mirrored), standings))
            if self._sent(reader.channel, state.kind, state.content):
                reader.ready, reader.behind = True, False
                return
        self._loop.call_later(AGAIN_SECONDS, self._tell_if_behind, reader)

    def _tell_if_behind(self, reader: _Reader) -> None:
        if reader.behind:
            self._tell(reader)

    def _sent(
        self,
        channel: Channel,
        kind: Kind,
        content: bytes,
        connection: int | None = None,
        misses: int = 0,
    ) -> bool:
        try:
            return channel.send(kind, content, connection, misses)
        except OSError as gone:  # its end is heard of by itself
            LOG.info("a reader could not be told: %s", os.strerror(gone.errno or 0))
            return False


async def _adopted(
    loop: asyncio.AbstractEventLoop, made: Callable[[], HubProtocol], connection: socket.socket
) -> None:
    connection.setblocking(False)  # noqa: FBT003 - the standard library's own
    try:
        await loop.connect_accepted_socket(made, connection)
    except OSError:  # it was ended meanwhile
        connection.close()
