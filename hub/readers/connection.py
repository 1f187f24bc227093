"""A client's connection, which goes from the hub to a reader and back between two requests.

Rules: it moves with every byte that nobody has answered, in their order, so each request is answered once and
by one process; what begins with POST /graphql goes to a reader, everything else is the hub's. What a reader
leaves is answered by the hub, and the more often in a row it leaves something the longer the hub keeps the
connection. Nothing moves while an answer is still being sent.
"""

from asyncio import BaseTransport
from collections.abc import Callable
from typing import Any, Protocol, cast

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from hub.protocol import READ_SECONDS, PatientProtocol

POST = b"POST /graphql "
CONNECTION = "vitalhub.connection"
"""Where a request's scope has its connection."""
MOST_MISSES = 6
"""After so many in a row the hub keeps a connection for 31 requests, then a reader is tried again."""


LOOK_SECONDS = 0.01


class Taker(Protocol):
    """Whoever takes connections on."""

    def take(self, connection: int, content: bytes, misses: int) -> bool:
        """Whether it was taken; the descriptor may then be closed."""
        ...


class MovingProtocol(PatientProtocol):
    """`begun`: what was received of it before."""

    def __init__(
        self,
        *arguments: Any,  # noqa: ANN401 - uvicorn's own
        begun: bytes = b"",
        misses: int = 0,
        **options: Any,  # noqa: ANN401 - uvicorn's own
    ) -> None:
        super().__init__(*arguments, **options)
        self.misses = misses
        self._brought = begun
        self._under_way = 0
        self._running: RequestResponseCycle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        if self._brought:
            brought, self._brought = self._brought, b""
            self.begin_with(brought)

    def begin_with(self, brought: bytes) -> None:
        super().data_received(brought)

    def on_message_begin(self) -> None:
        self._under_way += 1
        super().on_message_begin()

    def on_response_complete(self) -> None:
        self._under_way -= 1
        super().on_response_complete()

    @property
    def is_between_requests(self) -> bool:
        """All that came is answered, and the answers are sent."""
        return (
            not self._under_way
            and not self._in_body
            and not self.transport.get_write_buffer_size()
            and not self.transport.is_closing()
        )

    def move(self, to: Taker, content: bytes) -> bool:
        """Whether it is there now; this process has it no more then."""
        self.transport.pause_reading()
        connection = self.transport.get_extra_info("socket").fileno()
        if not to.take(connection, content, self.misses):
            self.transport.resume_reading()
            return False
        self.leave()
        return True

    def leave(self) -> None:
        """Somebody else has it: nothing is sent or ended here, but for our own descriptor."""
        self._disown()
        self.pipeline.clear()
        self._unset_keepalive_if_required()
        self.transport.abort()

    def _disown(self) -> None:
        """What runs here for it sends nothing more."""
        if self._running is not None:
            self._running.disconnected = True

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:  # noqa: ANN401 - an ASGI application
        self._running = cycle
        super()._start_asgi_task(cycle, app)


class HubProtocol(MovingProtocol):
    """A connection in the hub; `readers` takes what is for them."""

    def __init__(self, readers: Taker, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - uvicorn's own arguments
        super().__init__(*arguments, **options)
        self._readers = readers
        self._stays = 2 ** max(0, self.misses - 1) - 1

    def data_received(self, data: bytes) -> None:
        if self.is_between_requests and data.startswith(POST):
            if self._stays:
                self._stays -= 1
            elif self.move(self._readers, data):
                return
        super().data_received(data)


class ReaderProtocol(MovingProtocol):
    """A connection in a reader; `hub` takes it back. `ended` is called once."""

    def __init__(
        self,
        hub: Taker,
        ended: Callable[[], None],
        *arguments: Any,  # noqa: ANN401 - uvicorn's own
        **options: Any,  # noqa: ANN401 - uvicorn's own
    ) -> None:
        super().__init__(*arguments, **options)
        self._hub = hub
        self._ended = ended
        self._claimed = b""
        """The bytes of the request that is being answered."""
        self._unclaimed: list[bytes] = []
        self._unclaimed_requests = 0

    def begin_with(self, brought: bytes) -> None:
        self.data_received(brought)

    def data_received(self, data: bytes) -> None:
        self._unclaimed.append(data)
        if self.is_between_requests and not data.startswith(POST):
            self.give_back()
        else:
            super().data_received(data)

    def on_message_begin(self) -> None:
        self._unclaimed_requests += 1
        super().on_message_begin()
        cast("dict[str, Any]", self.scope)[CONNECTION] = self

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended()
        super().connection_lost(exc)

    def claim(self) -> bool:
        """Before a request that has come whole is answered: whether it can be told from what follows it."""
        if self._unclaimed_requests != 1:
            return False
        self._claimed = b"".join(self._unclaimed)
        self._unclaimed.clear()
        self._unclaimed_requests = 0
        return True

    def answer(self) -> None:
        """The claimed request is answered here."""
        self._claimed = b""
        self.misses = 0

    def give_back(self) -> None:
        """The hub answers, from the claimed request on."""
        self.misses = min(self.misses + 1, MOST_MISSES)
        self.transport.pause_reading()
        self._stop_waiting()
        self._disown()
        self._give_back(self.loop.time() + READ_SECONDS)

    def _give_back(self, until: float) -> None:
        """Once the answers before it are sent; who does not read them in time is cut off."""
        if self.transport.is_closing():
            return
        is_unsent = self.transport.get_write_buffer_size() > 0
        if is_unsent and self.loop.time() < until:
            self.loop.call_later(LOOK_SECONDS, self._give_back, until)
        elif is_unsent or not self.move(self._hub, b"".join([self._claimed, *self._unclaimed])):
            self.transport.abort()  # nobody reads, or there is no hub any more
