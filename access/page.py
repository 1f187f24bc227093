"""Where a chained log stands, in memory that all who append to it share.

Rules: only who holds the log's lock writes here, but for the fault; while a line is on its way the page is in
doubt, and who finds it so takes the chain up from its files, for the writer died. The page is never kept: the
first to open the log fills it anew.
"""

import mmap
import os
from dataclasses import dataclass

from access.chain import GENESIS, Position

CELLS = 6
GENERATION, DOUBT, FAULT, NUMBER, SIZE, SEGMENT = range(CELLS)
HEAD_AT = CELLS * 8
BYTES = HEAD_AT + len(GENESIS)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a chain ends: the number of its last record, and so many bytes into a segment."""

    number: int
    segment: int
    size: int


class Page:
    """`generation` moves when the file that is appended to is another one; `segment` is the number of its
    first record, `size` its bytes.
    """

    def __init__(self, descriptor: int | None = None) -> None:
        """Of the `descriptor` that another process shares; None: this process's own."""
        self.descriptor = descriptor
        self._map = mmap.mmap(-1 if descriptor is None else descriptor, BYTES)
        self._cells = memoryview(self._map)[:HEAD_AT].cast("Q")

    @classmethod
    def shared(cls) -> "Page":
        """A new one, in doubt, that can be handed to other processes."""
        descriptor = os.memfd_create("usage-log")
        os.ftruncate(descriptor, BYTES)
        return cls(descriptor)

    @property
    def generation(self) -> int:
        return self._cells[GENERATION]

    @property
    def in_doubt(self) -> bool:
        """A page that nobody filled yet is."""
        return bool(self._cells[DOUBT]) or not self._cells[GENERATION]

    @in_doubt.setter
    def in_doubt(self, doubt: bool) -> None:
        self._cells[DOUBT] = doubt

    @property
    def faulty(self) -> bool:
        """One of the processes cannot go on, and so none may."""
        return bool(self._cells[FAULT])

    @faulty.setter
    def faulty(self, faulty: bool) -> None:
        self._cells[FAULT] = faulty

    @property
    def size(self) -> int:
        return self._cells[SIZE]

    @property
    def segment(self) -> int:
        return self._cells[SEGMENT]

    @property
    def position(self) -> Position:
        return Position(self._cells[NUMBER], self._map[HEAD_AT:BYTES])

    @property
    def place(self) -> Place:
        """For who holds the lock."""
        return Place(self._cells[NUMBER], self._cells[SEGMENT], self._cells[SIZE])

    def move(self, position: Position, size: int) -> None:
        """One line further."""
        self._cells[NUMBER], self._cells[SIZE] = position.number, size
        self._map[HEAD_AT:BYTES] = position.head

    def turn_to(self, segment: int) -> None:
        """Another file, or the same one made anew."""
        self._cells[SEGMENT] = segment
        self._cells[GENERATION] += 1

    def close(self) -> None:
        self._cells.release()
        self._map.close()
        if self.descriptor is not None:
            os.close(self.descriptor)
