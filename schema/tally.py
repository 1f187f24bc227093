"""Counts of calls, kept cheaply and shown to Prometheus when it asks.

Rules: one lock, held for a few additions; names, buckets and help are those of the client library's own
metrics, so what reads them sees no difference; nothing is computed before somebody asks.
"""

import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from operator import add

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

OK = "OK"
SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


@dataclass(slots=True)
class Durations:
    """How many lasted up to each bound; the last count is of what lasted longer than all."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(SECONDS) + 1))
    total: float = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(SECONDS, seconds)] += 1
        self.total += seconds


@dataclass(frozen=True, slots=True)
class Tallied:
    """What another process of the hub answered. `lasted` as `Durations.counts`; all were OK."""

    calls: int
    lasted: Sequence[int]
    seconds: float
    rows: int
    bytes: int
    hits: int = 0
    misses: int = 0
    kept: int = 0
    """Of its result cache, see `schema/data/kept.py`; `kept` in bytes."""


class Tally(Collector):
    """What the calls of one server came to, with those of `others`."""

    def __init__(self) -> None:
        self.others: Callable[[], Iterable[Tallied]] = tuple
        self._lock = threading.Lock()
        self._since = time.time()
        self._running = 0
        self._codes: dict[str, int] = {}
        self._seconds, self._queued = Durations(), Durations()
        self._rows = self._bytes = 0

    def begin(self) -> None:
        with self._lock:
            self._running += 1

    def end(self, code: str, seconds: float, rows: int, size: int, queued: float) -> None:
        """`queued` 0: it did not wait."""
        with self._lock:
            self._running -= 1
            self._codes[code] = self._codes.get(code, 0) + 1
            self._seconds.add(seconds)
            self._rows += rows
            self._bytes += size
            if queued:
                self._queued.add(queued)

    def collect(self) -> Iterator[Metric]:
        with self._lock:
            codes, running = dict(self._codes), self._running
            rows, size = self._rows, self._bytes
            own = Durations(list(self._seconds.counts), self._seconds.total)
            queued = _shown(self._queued)
        for each in self.others():
            if each.calls:
                codes[OK] = codes.get(OK, 0) + each.calls
            rows, size = rows + each.rows, size + each.bytes
            own.counts = [*map(add, own.counts, each.lasted)]
            own.total += each.seconds
        lasted = _shown(own)
        calls = CounterMetricFamily("vitalhub_requests", "Calls by their outcome", labels=["code"])
        for code, count in codes.items():
            calls.add_metric([code], count, created=self._since)
        yield calls
        yield _histogram("vitalhub_request_seconds", "How long calls took", *lasted)
        waited = "How long operations waited for a place"
        yield _histogram("vitalhub_queue_seconds", waited, *queued)
        yield GaugeMetricFamily("vitalhub_operations_running", "Calls under way", running)
        yield CounterMetricFamily("vitalhub_rows", "Rows answered", rows, created=self._since)
        yield CounterMetricFamily(
            "vitalhub_reply_bytes", "Bytes answered", size, created=self._since
        )


def _shown(durations: Durations) -> tuple[Sequence[int], float]:
    """Prometheus counts each bucket with those before it."""
    return list(accumulate(durations.counts)), durations.total


def _histogram(name: str, about: str, counts: Sequence[int], total: float) -> Metric:
    bounds = [*map(floatToGoString, SECONDS), "+Inf"]
    return HistogramMetricFamily(
        name, about, list(zip(bounds, map(float, counts), strict=True)), total
    )
