"""HTTP and websockets with patience that ends: uvicorn alone waits for ever for a header, and for a reader.

Rules: the header of a request arrives whole within HEADER_SECONDS and HEADER_BYTES, and so does the rest
of a body that was answered before its end; a client that does not read what was sent to it for
READ_SECONDS is cut off, and while it does not read it is not read from either, so that its pings cannot
fill our memory; nor can frames that are no message: their number is bounded. Bodies have their own limits
in `schema/http.py`, the time of a websocket that nobody uses in `schema/live/`.
"""

from asyncio import BaseTransport, Task, TimerHandle
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from schema.export.sending import CUT

HEADER_SECONDS = 8.0
HEADER_BYTES = 32 * 1024
READ_SECONDS = 30.0
FRAGMENTS = 1_000
"""Of one message: empty ones would weigh nothing against its size."""
CONTROL_FRAMES = 1_000
"""Pings and pongs within CONTROL_SECONDS."""
CONTROL_SECONDS = 1.0
POLICY_VIOLATION, MESSAGE_TOO_BIG = 1008, 1009
TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: text/plain; charset=utf-8\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)
NO_HANDSHAKE = (
    b"HTTP/1.1 400 Bad Request\r\n"
    b"content-type: text/plain; charset=utf-8\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)


class PatientProtocol(HttpToolsProtocol):
    """One connection. `_awaited` runs while a header is due, or what is left of a request that has its
    answer, but not for what comes all at once; `_unread` while nobody reads.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - uvicorn's own arguments
        super().__init__(*arguments, **options)
        self._awaited: TimerHandle | None = None
        self._unread: TimerHandle | None = None
        self._header_bytes = 0
        self._in_header = False
        self._in_body = False

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]  # a server's is a Transport
        self._await_header()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._awaited is None:
            idle = self._is_answered and self.timeout_keep_alive_task is None
            if self._in_header or idle:
                self._await_header()
            if not self._in_header:
                return  # what came began no request; where idle, it ended uvicorn's own waiting
        if not self._in_body:
            self._header_bytes += len(data)
            if self._header_bytes > HEADER_BYTES:
                self._stop_waiting()
                self.transport.write(TOO_LARGE)
                self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        cast("dict[str, Any]", self.scope)[CUT] = self.transport.abort
        self._in_header = True

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        self._in_header, self._in_body = False, True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_body = False
        self._stop_waiting()
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self.loop.call_later(READ_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
            super().resume_writing()

    @property
    def _is_answered(self) -> bool:
        return self.cycle is not None and self.cycle.response_complete  # type: ignore[redundant-expr]  # None at first

    def _await_header(self) -> None:
        self._header_bytes = 0
        self._awaited = self.loop.call_later(HEADER_SECONDS, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._awaited is not None:
            self._awaited.cancel()
            self._awaited = None


class PatientWebSocket(WebSocketsSansIOProtocol):
    """One websocket. `_unread` runs while nobody reads, and starts anew whenever something was read."""

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - uvicorn's own arguments
        super().__init__(*arguments, **options)
        self._unread: TimerHandle | None = None
        self._lingers: TimerHandle | None = None
        self._left = 0
        self._controls = 0
        self._controls_since = 0.0

    def data_received(self, data: bytes) -> None:
        """The first data are the whole header of the upgrade."""
        super().data_received(data)
        if not self.handshake_initiated:
            self.transport.write(NO_HANDSHAKE)
            self.transport.close()

    def handle_ping(self) -> None:
        super().handle_ping()
        self._count_control()

    def handle_pong(self, event: Frame) -> None:
        super().handle_pong(event)
        self._count_control()

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) >= FRAGMENTS:
            self._refuse(MESSAGE_TOO_BIG, "Too many fragments")
        else:
            super().handle_cont(event)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        if self._lingers is not None:
            self._lingers.cancel()
        super().connection_lost(exc)

    def on_task_complete(self, task: "Task[None]") -> None:
        """A closing frame that nobody fetches keeps no connection open."""
        super().on_task_complete(task)
        if not self.disconnected:
            self._lingers = self.loop.call_later(READ_SECONDS, self.transport.abort)

    def pause_writing(self) -> None:
        super().pause_writing()
        self.transport.pause_reading()
        self._await_reader()

    def resume_writing(self) -> None:
        self._stop_waiting()
        if not self.read_paused:
            self.transport.resume_reading()
        super().resume_writing()

    async def receive(self) -> Any:  # noqa: ANN401 - an ASGI event
        event = await super().receive()
        if self._unread is not None:
            self.transport.pause_reading()
        return event

    def _count_control(self) -> None:
        now = self.loop.time()
        if now - self._controls_since >= CONTROL_SECONDS:
            self._controls, self._controls_since = 0, now
        self._controls += 1
        if self._controls > CONTROL_FRAMES:
            self._refuse(POLICY_VIOLATION, "Too many pings")

    def _refuse(self, code: int, reason: str) -> None:
        if not self.close_sent:
            self.conn.fail(code, reason)
            self.handle_parser_exception()

    def _await_reader(self) -> None:
        self._left = self.transport.get_write_buffer_size()
        self._unread = self.loop.call_later(READ_SECONDS, self._look)

    def _look(self) -> None:
        if self.transport.get_write_buffer_size() < self._left:
            self._await_reader()  # it reads, if slowly
        else:
            self.transport.abort()

    def _stop_waiting(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
