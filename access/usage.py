"""The usage log: one record for each data read, in a hash chain that nobody can edit unseen.

Rules: a record is handed to the operating system before its reply leaves, so killing the server
loses none; one thread makes it durable within 50 ms, so a power cut loses no more than those. Where
a record cannot be written, data reads stop until it can. Segments are only ever appended to; what a
crash tore off a line is kept aside, and the chain itself says so. One process writes.
"""

import fcntl
import hashlib
import logging
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Self

from access import chain
from access.chain import GENESIS, Algorithm, Position, Verdict
from access.counted import EVERY, bring_back, keep
from access.errors import UsageLogUnavailable
from access.meter import Call, Meter
from access.record import PART, Asked, Kept, Part, UsageId, UsageRecord, id_of, usage_record
from catalog.clock import Clock, SystemClock

log = logging.getLogger(__name__)

SYNC_SECONDS = 0.05
SEGMENT_BYTES = 64 * 2**20
PRIVATE_MODE = 0o600
NONE = -1
"""No file descriptor."""

TEXTS = 4_096
"""Texts remembered as written; one that was forgotten is written once more."""

LONGEST_KEPT = 4_096
"""Characters of a text whose digest is remembered."""

__all__ = ["UsageId", "UsageLog", "UsageRecord", "recorded", "verify"]


class UsageLog:
    """The chain in `folder`, taken up where its last record stands."""

    def __init__(
        self,
        folder: Path,
        *,
        algorithm: Algorithm = "sha256",
        system_clock: Clock | None = None,
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        self.meter = Meter()
        """What the grants' quotas have left, by what this log holds."""
        self._checkpoint_at = 0
        self._texts: dict[bytes, int] = {}
        self._folder = folder
        self._algorithm: Algorithm = algorithm
        self._clock = system_clock or SystemClock()  # the auditor's time is system time
        self._segment_bytes = segment_bytes
        self._position = Position(0, GENESIS)
        self._size = 0
        self._segment = NONE
        self._fault: str | None = None
        self._append = threading.Lock()
        self._files = threading.Lock()
        self._dirty = threading.Event()
        self._closing = threading.Event()
        self._guard = _sole_writer(folder)
        try:
            self._take_up()
            bring_back(folder, self.meter, self._clock.now())
        except (OSError, ValueError) as error:  # ValueError: this OpenSSL has no SM3
            os.close(self._guard)
            raise UsageLogUnavailable(f"cannot take up {folder}: {error}") from error
        self._syncer = threading.Thread(target=self._sync, name="usage-sync", daemon=True)
        self._syncer.start()

    @property
    def folder(self) -> Path:
        return self._folder

    @property
    def position(self) -> Position:
        """The last record's number and hash: what a witness keeps elsewhere."""
        return self._position

    @property
    def fault(self) -> str | None:
        """Why nothing can be recorded until a restart; None while all is well."""
        return self._fault

    def record(self, usage: UsageRecord, call: Call | None = None) -> UsageId:
        """Written and counted when this returns; raises UsageLogUnavailable, or QuotaSpent for the
        `call` it answers, and then nothing may be served.
        """
        with self._append:
            if self._fault is not None:
                raise UsageLogUnavailable(self._fault)
            if call is not None:
                self.meter.check(call, usage.started)
            try:
                if self._size >= self._segment_bytes:
                    self._begin_segment()
                number = self._write("usage", self._with_text(usage))
            except OSError as error:
                raise UsageLogUnavailable(f"cannot write the usage log: {error}") from error
            self.meter.charge(usage.charged, usage.started, usage.rows, usage.reply_bytes, call)
            if number - self._checkpoint_at >= EVERY:
                self._keep_counts()
        if not self._dirty.is_set():
            self._dirty.set()
        return id_of(number)

    def part(self, part: Part, call: Call | None) -> None:
        """Written and counted when this returns; raises UsageLogUnavailable, or QuotaSpent where it does
        not fit into what the grants of its `call` have left, and then it may not leave.
        """
        with self._append:
            if self._fault is not None:
                raise UsageLogUnavailable(self._fault)
            if call is not None:
                self.meter.check_room(call, part.at, part.rows, part.bytes)
            try:
                self._write(PART, part)
            except OSError as error:
                raise UsageLogUnavailable(f"cannot write the usage log: {error}") from error
            self.meter.charge(part.grants, part.at, part.rows, part.bytes, called=False)
        if not self._dirty.is_set():
            self._dirty.set()

    def close(self) -> None:
        """Makes everything durable and lets another process write."""
        with self._append:
            if self._closing.is_set():
                return
            self._closing.set()
            self._fault = self._fault or "the usage log is closed"
        self._dirty.set()
        self._syncer.join()
        self._keep_counts()
        os.fsync(self._segment)
        os.close(self._segment)
        os.close(self._guard)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def keep(self, asked: Asked) -> Asked | Kept:
        """What was asked with its text by number, where the log has the text; memory only."""
        number = self._texts.get(_digest(asked.text))
        if number is None:
            return asked
        return Kept(number, asked.variables, asked.operation_name)

    def _with_text(self, usage: UsageRecord) -> UsageRecord:
        """The record with its operation's text by number, written before it where it is new."""
        asked = usage.asked
        if not isinstance(asked, Asked):
            return usage
        digest = _digest(asked.text)
        number = self._texts.get(digest)
        if number is None:
            number = self._write("text", {"text": asked.text})
            if len(self._texts) >= TEXTS:
                self._texts.clear()
            self._texts[digest] = number
        return replace(usage, asked=Kept(number, asked.variables, asked.operation_name))

    def _keep_counts(self) -> None:
        """Only spares the next start some reading, so a failure is none."""
        self._checkpoint_at = self._position.number
        try:
            keep(self._folder, self._position, self.meter)
        except OSError:
            log.exception("the counts of the day could not be kept")

    def _write(self, kind: str, record: object) -> int:
        number = self._position.number + 1
        body = chain.canonical({"kind": kind, "number": number, "record": record})
        head = chain.link(self._algorithm, self._position.head, body)
        line = b"%s %s\n" % (head.hex().encode(), body)
        try:
            written = os.write(self._segment, line)
        except OSError:
            self._undo()
            raise
        if written != len(line):
            self._undo()
            raise OSError(f"only {written} of {len(line)} bytes were taken")
        self._size += written
        self._position = Position(number, head)
        return number

    def _undo(self) -> None:
        """Takes back half a line; where even that fails, nothing is recorded until a restart."""
        try:
            os.ftruncate(self._segment, self._size)
        except OSError as error:
            self._fault = f"cannot take back half a line: {error}"

    def _sync(self) -> None:
        while not self._closing.is_set():
            self._dirty.wait()
            self._dirty.clear()
            try:
                with self._files:
                    os.fsync(self._segment)
            except OSError as error:  # what was lost cannot be known, so it stays a fault
                self._fault = f"cannot make the usage log durable: {error}"
            self._closing.wait(SYNC_SECONDS)

    def _take_up(self) -> None:
        """Finds the last whole record; keeps aside what a crash tore off, and notes it in the chain."""
        notes = []
        files = chain.segments(self._folder)
        while files:
            segment = files.pop()
            end = chain.tail(segment)
            if end.torn:
                notes.append(self._keep_aside(segment, end.size, end.torn))
            if end.position is not None:
                self._position, self._size = end.position, end.size
                self._segment = _opened(segment)
                os.ftruncate(self._segment, end.size)
                break
            segment.unlink()
        if self._segment == NONE or chain.algorithm_of(segment) != self._algorithm:
            self._begin_segment()
        for note in notes:
            self._write("torn", note)

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
        before, size, position = self._segment, self._size, self._position
        if before != NONE:
            os.fsync(before)  # a new segment never outlives the end of the one before it
        file = self._folder / chain.segment_name(position.number + 1)
        with self._files:
            self._segment, self._size = _opened(file), 0
            try:
                self._write(
                    "segment",
                    {
                        "algorithm": self._algorithm,
                        "at": self._clock.now(),
                        "previous": position.head.hex(),
                    },
                )
                _make_durable(self._folder)
            except OSError:
                os.close(self._segment)
                file.unlink()
                self._segment, self._size, self._position = before, size, position
                raise
            if before != NONE:
                os.close(before)


def recorded(folder: Path) -> Iterator[tuple[UsageId, UsageRecord]]:
    """All usage records in order, read from the files."""
    for entry in chain.entries(folder):
        if entry.kind == "usage":
            yield id_of(entry.number), usage_record(entry.record)


def verify(folder: Path, witnessed: Mapping[int, str] | None = None) -> Verdict:
    """Needs no database and no running server; `witnessed` maps record numbers to known heads."""
    return chain.verify(folder, witnessed)


def _digest(text: str) -> bytes:
    return _remembered(text) if len(text) <= LONGEST_KEPT else _computed(text)


def _computed(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


_remembered = lru_cache(maxsize=512)(_computed)


def _opened(file: Path) -> int:
    return os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, PRIVATE_MODE)


def _make_durable(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sole_writer(folder: Path) -> int:
    """Two writers would fork the chain; the lock ends with its holder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        guard = os.open(folder / ".writer", os.O_RDWR | os.O_CREAT, PRIVATE_MODE)
        try:
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(guard)
            raise
    except BlockingIOError:
        raise UsageLogUnavailable(f"another process writes to {folder}") from None
    except OSError as error:
        raise UsageLogUnavailable(f"cannot open {folder}: {error}") from error
    return guard
