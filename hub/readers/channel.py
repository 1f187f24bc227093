"""What the hub and a reader say to each other over a pair of sockets, connections of clients among it.

Rules: a message goes whole or not at all; what is too long for one travels as a file in memory beside it. An
empty message is the other's end. Connections go with all their bytes that nobody has answered.
"""

import errno
import os
import pickle
import socket
from dataclasses import dataclass
from enum import IntEnum

from warehouse.engine import Published
from warehouse.mirror.standing import Standings

INLINE = 16 * 1024
LONGEST = INLINE + 64
DESCRIPTORS = 2
NO_ROOM = frozenset(
    {errno.EAGAIN, errno.ENOBUFS, errno.ENOMEM, errno.ETOOMANYREFS, errno.EMFILE, errno.ENFILE}
)


class Kind(IntEnum):
    CONNECTION = 1
    STATE = 2
    READY = 3
    DOUBT = 4


@dataclass(frozen=True, slots=True)
class State:
    """What a reader answers from: the newest version, what of it is mirrored, and how."""

    published: Published
    standings: Standings


@dataclass(frozen=True, slots=True)
class Message:
    """Without content or connection where there was no descriptor left for it.

    `misses`: how many requests of the connection in a row were left to the hub.
    """

    kind: Kind
    content: bytes = b""
    connection: socket.socket | None = None
    misses: int = 0

    @property
    def state(self) -> State:
        state = pickle.loads(self.content)  # noqa: S301 - from our own parent, over a socket of nobody else's
        assert isinstance(state, State)  # noqa: S101 - says the kind
        return state


def told(state: State) -> Message:
    return Message(Kind.STATE, pickle.dumps(state))


class Channel:
    """One end; `send` and `receive` never wait. OSError when the other end is gone."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        end.setblocking(False)  # noqa: FBT003 - the standard library's own

    @staticmethod
    def pair() -> tuple[socket.socket, socket.socket]:
        return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def fileno(self) -> int:
        return self._end.fileno()

    def send(
        self, kind: Kind, content: bytes = b"", connection: int | None = None, misses: int = 0
    ) -> bool:
        """False where there is no room for it now; ConnectionError where nobody is there any more.
        `connection` stays open here, too.
        """
        try:
            return self._send(kind, content, connection, misses)
        except ConnectionError:
            raise
        except OSError as full:
            if full.errno in NO_ROOM:
                return False
            raise

    def _send(self, kind: Kind, content: bytes, connection: int | None, misses: int) -> bool:
        descriptors = [] if connection is None else [connection]
        beside = None
        if len(content) > INLINE:
            beside = os.memfd_create("message")
        try:
            if beside is not None:
                descriptors.append(beside)
                _write_all(beside, content)
                content = b""
            head = bytes((kind, misses, beside is not None))
            socket.send_fds(self._end, [head + content], descriptors)
        finally:
            if beside is not None:
                os.close(beside)
        return True

    def receive(self) -> Message | None:
        """None when the other has ended; BlockingIOError where there is nothing."""
        try:
            content, descriptors, _, _ = socket.recv_fds(self._end, LONGEST, DESCRIPTORS)
        except ConnectionError:
            return None
        if not content:
            return None
        kind, misses, is_beside = Kind(content[0]), content[1], content[2]
        body = content[3:]
        if len(descriptors) < (kind is Kind.CONNECTION) + is_beside:  # no more may be opened here
            for descriptor in descriptors:
                os.close(descriptor)
            return Message(kind, misses=misses)
        if is_beside:
            body = _read_all(descriptors.pop())
        connection = socket.socket(fileno=descriptors[0]) if descriptors else None
        return Message(kind, body, connection, misses)

    def hang_up(self) -> None:
        """The other end hears of it; what it has sent may still be received."""
        try:
            self._end.shutdown(socket.SHUT_WR)
        except OSError:
            return  # it was gone

    def close(self) -> None:
        self._end.close()


def _write_all(descriptor: int, content: bytes) -> None:
    with os.fdopen(os.dup(descriptor), "wb") as stream:
        stream.write(content)


def _read_all(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb") as stream:
        stream.seek(0)
        return stream.read()
