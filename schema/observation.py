"""What is known of one call when it ends: for the operation log and for the metrics, of one making.

Rules: whoever learns something notes it on the call under way, which travels with the context of its
task, so that nothing has to be handed through; no variable, no token and no value is ever noted; a call
that began at the edge is not begun again further in.
"""

from collections.abc import Callable
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from time import perf_counter
from types import TracebackType
from typing import Self

from prometheus_client import CollectorRegistry

from schema.tally import Tally

LONGEST_NAME = 100
LONGEST_KEPT = 4_096
"""Characters of a text whose digest is remembered."""


@dataclass(slots=True)
class Call:
    """One call; `code` is OK, or that of its first error."""

    request_id: str
    over: str
    at: datetime
    client: str | None = None
    operation: str | None = None
    document: str | None = None
    """A digest of its text: equal documents have equal ones."""
    code: str = "OK"
    price: int | None = None
    rows: int = 0
    size: int = 0
    queued: float = 0.0
    seconds: float = 0.0

    def asked(self, client: str, operation: str | None, text: str) -> None:
        self.client = client
        self.operation = None if operation is None else operation[:LONGEST_NAME]
        self.document = _remembered(text) if len(text) <= LONGEST_KEPT else _digest(text)

    def __enter__(self) -> Self:
        """A part of a call that began further out."""
        return self

    def __exit__(self, *_: object) -> None:
        """It ends where it began."""


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


_remembered = lru_cache(maxsize=512)(_digest)


CALL: ContextVar[Call | None] = ContextVar("call", default=None)


def note_document(client: str, operation: str | None, text: str) -> None:
    if (call := CALL.get()) is not None:
        call.asked(client, operation, text)


def note_operation(name: str | None) -> None:
    """Which of a document's operations it is."""
    if (call := CALL.get()) is not None and name is not None:
        call.operation = name[:LONGEST_NAME]


def note_failure(code: str) -> None:
    if (call := CALL.get()) is not None and call.code == "OK":
        call.code = code


def note_price(price: int) -> None:
    if (call := CALL.get()) is not None:
        call.price = price


def note_wait(seconds: float) -> None:
    if (call := CALL.get()) is not None:
        call.queued += seconds


def note_rows(rows: int) -> None:
    if (call := CALL.get()) is not None:
        call.rows += rows


def note_size(size: int) -> None:
    """Of an answer that leaves in pieces."""
    if (call := CALL.get()) is not None:
        call.size += size


@dataclass
class Observer:
    """Counts calls and hands each to `log` when it ends; one for a server."""

    log: Callable[[Call], None] | None = None
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        self.tally = Tally()
        self.registry.register(self.tally)

    def call(self, request_id: str, over: str) -> "Call | Observed":
        """The call under way, or a new one that ends with the context."""
        return CALL.get() or Observed(self, request_id, over)

    def begun(self) -> None:
        self.tally.begin()

    def ended(self, call: Call) -> None:
        self.tally.end(call.code, call.seconds, call.rows, call.size, call.queued)
        if self.log is not None:
            self.log(call)


class Observed:
    """A context: one call from its beginning to its end."""

    __slots__ = ("_began", "_call", "_observer", "_token")
    _token: Token[Call | None]

    def __init__(self, observer: Observer, request_id: str, over: str) -> None:
        self._observer = observer
        self._call = Call(request_id, over, datetime.now(UTC))
        self._began = perf_counter()

    def __enter__(self) -> Call:
        self._token = CALL.set(self._call)
        self._observer.begun()
        return self._call

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if kind is not None:
            note_failure("CANCELLED")
        CALL.reset(self._token)
        self._call.seconds = perf_counter() - self._began
        self._observer.ended(self._call)
