"""Appending to a chained log, by one process or by several that share its page.

Rules: a line is handed to the operating system whole, or is taken back; who appends holds the lock, which
ends with its holder, and finds in the page where the chain stands. Where the page is in doubt the files say
it: what a dead writer tore off is kept aside, and the chain itself says so. Segments are only ever appended
to, and a new one never outlives the end of the one before it.
"""

import fcntl
import hashlib
import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from access import chain
from access.chain import GENESIS, Algorithm, Position
from access.errors import UsageLogUnavailable
from access.page import Page
from catalog.clock import Clock

LOCK = ".append"
PRIVATE_MODE = 0o600
NONE = -1
"""No file descriptor."""


class Appender:
    """A context: within it nobody else appends, in this process or another. UsageLogUnavailable."""

    def __init__(
        self, folder: Path, page: Page, algorithm: Algorithm, segment_bytes: int, clock: Clock
    ) -> None:
        self.page = page
        self.own: set[int] | None = None
        """The numbers that were written here, from the moment on that somebody counts, who takes them out."""
        self._folder = folder
        self._algorithm: Algorithm = algorithm
        self._segment_bytes = segment_bytes
        self._clock = clock
        self._fault: str | None = None
        self._thread = threading.Lock()
        self._files = threading.Lock()
        self._segment = NONE
        self._generation = 0
        self._position: Position | None = None
        self._synced = Position(0, GENESIS)
        self._lock = NONE if page.descriptor is None else _opened(folder / LOCK)

    @property
    def position(self) -> Position:
        """Of the last record, as nobody is at work."""
        with self._thread:
            return self._position or self.page.position

    @property
    def fault(self) -> str | None:
        if self._fault is None and self.page.faulty:
            return "another process of this hub cannot write the usage log"
        return self._fault

    def fail(self, why: str) -> None:
        """For all who share the page."""
        self._fault = why
        self.page.faulty = True

    def __enter__(self) -> Self:
        self._thread.acquire()
        try:
            if self._lock != NONE:
                fcntl.flock(self._lock, fcntl.LOCK_EX)
            self._check()
            if self.page.in_doubt:
                self._take_up()
            elif self._generation != self.page.generation:
                self._follow()
        except OSError as error:
            self._leave()
            raise UsageLogUnavailable(f"cannot write the usage log: {error}") from error
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._leave()

    def write(self, kind: str, record: object) -> int:
        """Its number. OSError, and then it was not written."""
        return self.write_text(kind, chain.canonical(record))

    def write_text(self, kind: str, text: bytes) -> int:
        """`write` of what has been made canonical before, for others wait meanwhile."""
        if self.page.size >= self._segment_bytes:
            self._begin_segment()
        return self._write(kind, text)

    def sync(self) -> None:
        """Makes durable what was handed over, whoever did it. OSError."""
        position = self.page.position
        with self._files:
            if position == self._synced or self._segment == NONE:
                return
            if self._generation != self.page.generation:
                descriptor = _opened(self._folder / chain.segment_name(self.page.segment))
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
            else:
                os.fsync(self._segment)
        self._synced = position

    def close(self, why: str) -> None:
        """Nothing is appended here any more."""
        with self._thread:
            self._fault = self._fault or why
            self._position = self.page.position
            with self._files:
                if self._segment != NONE:
                    os.close(self._segment)
                    self._segment = NONE
            if self._lock != NONE:
                os.close(self._lock)
                self._lock = NONE

    def _check(self) -> None:
        if (fault := self.fault) is not None:
            raise UsageLogUnavailable(fault)

    def _leave(self) -> None:
        if self._lock != NONE:
            fcntl.flock(self._lock, fcntl.LOCK_UN)
        self._thread.release()

    def _write(self, kind: str, text: bytes) -> int:
        page = self.page
        size = page.size
        line, position = self._line(kind, text)
        page.in_doubt = True
        try:
            _put(self._segment, line)
        except OSError:
            self._undo(size)
            raise
        page.move(position, size + len(line))
        page.in_doubt = False
        self._note(position.number)
        return position.number

    def _line(self, kind: str, text: bytes) -> tuple[bytes, Position]:
        before = self.page.position
        number = before.number + 1
        body = chain.body_of(kind, number, text)
        head = chain.link(self._algorithm, before.head, body)
        return b"%s %s\n" % (head.hex().encode(), body), Position(number, head)

    def _undo(self, size: int) -> None:
        """Takes back half a line; where even that fails, nothing is recorded until a restart."""
        try:
            os.ftruncate(self._segment, size)
        except OSError as error:
            self.fail(f"cannot take back half a line: {error}")
        else:
            self.page.in_doubt = False

    def _turn_to(self, segment: Path, descriptor: int) -> None:
        with self._files:
            if self._segment != NONE:
                os.close(self._segment)
            self._segment = descriptor
            self.page.turn_to(int(segment.stem))
            self._generation = self.page.generation

    def _follow(self) -> None:
        """Another process began a segment."""
        descriptor = _opened(self._folder / chain.segment_name(self.page.segment))
        with self._files:
            if self._segment != NONE:
                os.close(self._segment)
            self._segment, self._generation = descriptor, self.page.generation

    def _take_up(self) -> None:
        """Finds the last whole record; keeps aside what a crash tore off, and notes it in the chain."""
        notes = []
        files = chain.segments(self._folder)
        self.page.in_doubt = True
        self.page.move(Position(0, GENESIS), 0)
        found = False
        while files:
            segment = files.pop()
            end = chain.tail(segment)
            if end.torn:
                notes.append(self._keep_aside(segment, end.size, end.torn))
            if end.position is not None:
                descriptor = _opened(segment)
                os.ftruncate(descriptor, end.size)
                self._turn_to(segment, descriptor)
                self.page.move(end.position, end.size)
                found = chain.algorithm_of(segment) == self._algorithm
                break
            segment.unlink()
        if not found:
            self._begin_segment()
        self.page.in_doubt = False
        for note in notes:
            self._write("torn", chain.canonical(note))

    def _keep_aside(self, segment: Path, offset: int, torn: bytes) -> dict[str, object]:
        folder = self._folder / "torn"
        folder.mkdir(exist_ok=True)
        digest = hashlib.sha256(torn).hexdigest()
        file = folder / f"{segment.stem}-{offset}-{digest[:8]}.bin"
        file.write_bytes(torn)
        _make_durable(file)
        _make_durable(folder)
        return {
            "segment": segment.name,
            "offset": offset,
            "bytes": len(torn),
            "sha256": digest,
            "file": file.name,
            "at": self._clock.now(),
        }

    def _begin_segment(self) -> None:
        page, doubtful = self.page, self.page.in_doubt
        if self._segment != NONE:
            os.fsync(self._segment)
        before = page.position
        file = self._folder / chain.segment_name(before.number + 1)
        told = {
            "algorithm": self._algorithm,
            "at": self._clock.now(),
            "previous": before.head.hex(),
        }
        line, position = self._line("segment", chain.canonical(told))
        page.in_doubt = True
        descriptor = _opened(file)
        try:
            _put(descriptor, line)
            _make_durable(self._folder)
        except OSError:
            os.close(descriptor)
            file.unlink()
            page.in_doubt = doubtful
            raise
        self._turn_to(file, descriptor)
        page.move(position, len(line))
        page.in_doubt = doubtful
        self._note(position.number)

    def _note(self, number: int) -> None:
        if self.own is not None:
            self.own.add(number)


def _put(descriptor: int, line: bytes) -> None:
    """All of it; OSError where less was taken."""
    written = os.write(descriptor, line)
    if written != len(line):
        raise OSError(f"only {written} of {len(line)} bytes were taken")


def _opened(file: Path) -> int:
    return os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, PRIVATE_MODE)


def _make_durable(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
