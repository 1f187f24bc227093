"""What the hub tells its readers without a word: numbers in memory that all of them see.

Rules: the hub moves a number before it acknowledges what moved it, so a request that begins after the
acknowledgement finds it moved; a reader compares, and looks at the thing itself where they differ. Each
reader has a row of its own for what it did, which only it writes; a reader that is started again goes on there.
"""

import mmap
import os
import threading
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass

from schema.tally import SECONDS, Tallied

NEWEST, ACCESS, SHARING, CATALOGUE, LIMITS = range(5)
TOLD = 8
"""Cells before the rows."""
ENDED, ROWS, BYTES, HITS, MISSES, KEPT_BYTES, MICROSECONDS, BEATS, LASTED = range(9)
BUCKETS = len(SECONDS) + 1
CELLS = LASTED + BUCKETS
MOST = 64
"""Readers of a hub."""
SIZE = 8 * (TOLD + MOST * CELLS)
MICROSECOND = 1e-6


@dataclass(frozen=True, slots=True)
class Moves:
    """How often each of these was changed; `access` is the epoch itself."""

    access: int
    sharing: int
    catalogue: int
    limits: int


class Board:
    """Thread-safe where it is written."""

    def __init__(self, descriptor: int | None = None) -> None:
        """Of the `descriptor` that another process shares; None: nobody else sees it."""
        self.descriptor = descriptor
        self._map = mmap.mmap(-1 if descriptor is None else descriptor, SIZE)
        self.cells = memoryview(self._map).cast("Q")
        self._marks = self.cells[ACCESS : LIMITS + 1].cast("B")
        self._lock = threading.Lock()

    @classmethod
    def shared(cls) -> "Board":
        """A new one, that can be handed to other processes."""
        descriptor = os.memfd_create("readers")
        os.ftruncate(descriptor, SIZE)
        return cls(descriptor)

    @property
    def newest(self) -> int:
        """The newest version that anybody may have seen."""
        return self.cells[NEWEST]

    @property
    def marks(self) -> bytes:
        """Equal as long as none of the moves was made."""
        return bytes(self._marks)

    @property
    def moves(self) -> Moves:
        return Moves(*self.cells[ACCESS : LIMITS + 1])

    def saw(self, seq: int) -> None:
        with self._lock:
            self.cells[NEWEST] = max(seq, self.cells[NEWEST])

    def access_moved(self, epoch: int) -> None:
        with self._lock:
            self.cells[ACCESS] = max(epoch, self.cells[ACCESS])

    def mover(self, cell: int) -> Callable[[], None]:
        """Moves that number."""

        def move() -> None:
            with self._lock:
                self.cells[cell] += 1

        return move

    def close(self) -> None:
        """The memory itself goes when nobody looks at it any more."""
        if self.descriptor is not None:
            os.close(self.descriptor)


class Row:
    """What one reader did, since the hub began."""

    def __init__(self, board: Board, place: int) -> None:
        first = TOLD + place * CELLS
        self._cells = board.cells[first : first + CELLS]

    @property
    def ended(self) -> int:
        """Connections that it has no more."""
        return self._cells[ENDED]

    def end(self) -> None:
        self._cells[ENDED] += 1

    @property
    def beats(self) -> int:
        """Stands still where its event loop does."""
        return self._cells[BEATS]

    def beat(self) -> None:
        self._cells[BEATS] += 1

    def answered(self, seconds: float, rows: int, size: int) -> None:
        cells = self._cells
        cells[ROWS] += rows
        cells[BYTES] += size
        cells[MICROSECONDS] += round(seconds / MICROSECOND)
        cells[LASTED + bisect_left(SECONDS, seconds)] += 1

    def kept(self, hits: int, misses: int, size: int) -> None:
        """As it stands; see `schema/data/kept.py`."""
        self._cells[HITS], self._cells[MISSES], self._cells[KEPT_BYTES] = hits, misses, size

    def tallied(self) -> Tallied:
        """It answers only what succeeds."""
        cells = list(self._cells)
        lasted = cells[LASTED:]
        return Tallied(
            calls=sum(lasted),
            lasted=lasted,
            seconds=cells[MICROSECONDS] * MICROSECOND,
            rows=cells[ROWS],
            bytes=cells[BYTES],
            hits=cells[HITS],
            misses=cells[MISSES],
            kept=cells[KEPT_BYTES],
        )
