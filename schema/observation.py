"""What is known of one call when it ends: for the operation log and for the metrics, of one making.

Rules: whoever learns something notes it on the call under way, which travels with the context of its
task, so that nothing has to be handed through; no variable, no token and no value is ever noted; a call
that began at the edge is not begun again further in.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

LONGEST_NAME = 100
SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


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
        self.document = sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


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
        into = self.registry
        self._calls = Counter(
            "vitalhub_requests", "Calls by their outcome", ["code"], registry=into
        )
        self._seconds = Histogram(
            "vitalhub_request_seconds", "How long calls took", buckets=SECONDS, registry=into
        )
        self._queued = Histogram(
            "vitalhub_queue_seconds",
            "How long operations waited for a place",
            buckets=SECONDS,
            registry=into,
        )
        self._running = Gauge("vitalhub_operations_running", "Calls under way", registry=into)
        self._rows = Counter("vitalhub_rows", "Rows answered", registry=into)
        self._bytes = Counter("vitalhub_reply_bytes", "Bytes answered", registry=into)

    @contextmanager
    def call(self, request_id: str, over: str) -> Iterator[Call]:
        """The call under way, or a new one that ends here."""
        known = CALL.get()
        if known is not None:
            yield known
            return
        call, began = Call(request_id, over, datetime.now(UTC)), perf_counter()
        token = CALL.set(call)
        self._running.inc()
        try:
            yield call
        except BaseException:
            note_failure("CANCELLED")
            raise
        finally:
            CALL.reset(token)
            self._running.dec()
            call.seconds = perf_counter() - began
            self._ended(call)

    def _ended(self, call: Call) -> None:
        self._calls.labels(call.code).inc()
        self._seconds.observe(call.seconds)
        self._rows.inc(call.rows)
        self._bytes.inc(call.size)
        if call.queued:
            self._queued.observe(call.queued)
        if self.log is not None:
            self.log(call)
