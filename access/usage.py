"""The usage log: one record for each data read, in a hash chain that nobody can edit unseen.

Rules: a record is handed to the operating system before its reply leaves, so killing the server
loses none; one thread makes it durable within 50 ms, so a power cut loses no more than those. Where
a record cannot be written, data reads stop until it can. One hub writes: the process that opens the log,
and those of its own that join it (`access/appending.py` says how). Who opens it counts what all of them wrote.
"""

import fcntl
import hashlib
import logging
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Self

from access import chain
from access.appending import NONE, PRIVATE_MODE, Appender
from access.chain import Algorithm, Position, Verdict
from access.counted import EVERY, Count, bring_back, keep
from access.errors import UsageLogUnavailable
from access.meter import Call, Meter
from access.page import Page
from access.record import PART, Asked, Kept, Part, UsageId, UsageRecord, id_of, usage_record
from catalog.clock import Clock, SystemClock

log = logging.getLogger(__name__)

SYNC_SECONDS = 0.05
SEGMENT_BYTES = 64 * 2**20

TEXTS = 4_096
"""Texts remembered as written; one that was forgotten is written once more."""

LONGEST_KEPT = 4_096
"""Characters of a text whose digest is remembered."""

__all__ = ["JoinedUsageLog", "UsageId", "UsageLog", "UsageRecord", "recorded", "verify"]


class UsageLog:
    """The chain in `folder`, taken up where its last record stands."""

    def __init__(
        self,
        folder: Path,
        *,
        algorithm: Algorithm = "sha256",
        system_clock: Clock | None = None,
        segment_bytes: int = SEGMENT_BYTES,
        page: Page | None = None,
    ) -> None:
        """`page`: a shared one, for other processes to join."""
        self.meter = Meter()
        """What the grants' quotas have left, by what this log holds."""
        self._checkpoint_at = 0
        self._texts: dict[bytes, int] = {}
        self._folder = folder
        self._clock = system_clock or SystemClock()  # the auditor's time is system time
        self._shared = page is not None
        self._page = page or Page()
        self._own: set[int] = set()
        self._dirty = threading.Event()
        self._closing = threading.Event()
        self._guard = self._claimed()
        try:
            self._chain = Appender(folder, self._page, algorithm, segment_bytes, self._clock)
            self._open()
        except (OSError, ValueError, UsageLogUnavailable) as error:  # ValueError: no SM3 in OpenSSL
            self._release()
            raise UsageLogUnavailable(f"cannot take up {folder}: {error}") from error

    @property
    def folder(self) -> Path:
        return self._folder

    @property
    def position(self) -> Position:
        """The last record's number and hash: what a witness keeps elsewhere."""
        return self._chain.position

    @property
    def fault(self) -> str | None:
        """Why nothing can be recorded until a restart; None while all is well."""
        return self._chain.fault

    def record(self, usage: UsageRecord, call: Call | None = None) -> UsageId:
        """Written and counted when this returns; raises UsageLogUnavailable, or QuotaSpent for the
        `call` it answers, and then nothing may be served.
        """
        text = None if isinstance(usage.asked, Asked) else chain.canonical(usage)
        with self._chain:
            if call is not None:
                self._count()
                self.meter.check(call, usage.started)
            try:
                if text is None:
                    text = chain.canonical(self._with_text(usage))
                number = self._chain.write_text("usage", text)
            except OSError as error:
                raise UsageLogUnavailable(f"cannot write the usage log: {error}") from error
            self._charge(usage, call)
            if number - self._checkpoint_at >= EVERY:
                self._keep_counts()
        if not self._dirty.is_set():
            self._dirty.set()
        return id_of(number)

    def part(self, part: Part, call: Call | None) -> None:
        """Written and counted when this returns; raises UsageLogUnavailable, or QuotaSpent where it does
        not fit into what the grants of its `call` have left, and then it may not leave.
        """
        with self._chain:
            if call is not None:
                self._count()
                self.meter.check_room(call, part.at, part.rows, part.bytes)
            try:
                self._chain.write(PART, part)
            except OSError as error:
                raise UsageLogUnavailable(f"cannot write the usage log: {error}") from error
            self.meter.charge(part.grants, part.at, part.rows, part.bytes, called=False)
        if not self._dirty.is_set():
            self._dirty.set()

    @property
    def page(self) -> int | None:
        """The descriptor by which other processes join; None where none may."""
        return self._page.descriptor

    def count(self) -> None:
        """What other processes have recorded until now counts when this returns."""
        if self._shared and self.fault is None:
            with self._chain:
                self._count()

    def close(self) -> None:
        """Makes everything durable and lets another process write."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._dirty.set()
        self._syncer.join()
        if self.fault is None:
            with self._chain:
                self._keep_counts()
        self._chain.sync()
        self._chain.close("the usage log is closed")
        self._release()

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
            number = self._chain.write("text", {"text": asked.text})
            if len(self._texts) >= TEXTS:
                self._texts.clear()
            self._texts[digest] = number
        return replace(usage, asked=Kept(number, asked.variables, asked.operation_name))

    def _claimed(self) -> int:
        """Two hubs would fork the chain."""
        return _sole_writer(self._folder)

    def _release(self) -> None:
        if self._guard != NONE:
            os.close(self._guard)

    def _open(self) -> None:
        with self._chain:
            bring_back(self._folder, self.meter, self._clock.now())
            self._counted = Count(self._folder, self._page.place)
            if self._shared:
                self._chain.own = self._own
        self._syncer = threading.Thread(target=self._sync, name="usage-sync", daemon=True)
        self._syncer.start()

    def _charge(self, usage: UsageRecord, call: Call | None) -> None:
        self.meter.charge(usage.charged, usage.started, usage.rows, usage.reply_bytes, call)

    def _count(self) -> None:
        """Within the chain. UsageLogUnavailable."""
        if self._shared:
            try:
                self._counted.catch_up(self._page.place, self._own, self.meter)
            except OSError as error:
                raise UsageLogUnavailable(f"cannot read the usage log: {error}") from error

    def _keep_counts(self) -> None:
        """Only spares the next start some reading, so a failure is none."""
        position = self._page.position
        self._checkpoint_at = position.number
        try:
            self._count()
            keep(self._folder, position, self.meter)
        except (OSError, UsageLogUnavailable):
            log.exception("the counts of the day could not be kept")

    def _sync(self) -> None:
        while not self._closing.is_set():
            self._dirty.wait(SYNC_SECONDS if self._shared else None)
            self._dirty.clear()
            try:
                self._chain.sync()
            except OSError as error:  # what was lost cannot be known, so it stays a fault
                self._chain.fail(f"cannot make the usage log durable: {error}")
            if self._shared and self.fault is None:
                self._follow()
            self._closing.wait(SYNC_SECONDS)

    def _follow(self) -> None:
        """Counts along, so that little is left for whoever must know at once; nobody waits for it, and where
        the files cannot be read now, the next time it can.
        """
        with suppress(UsageLogUnavailable, OSError):
            with self._chain:
                place = self._page.place
            self._counted.catch_up(place, self._own, self.meter)
            if place.number - self._checkpoint_at >= EVERY:
                with self._chain:
                    self._keep_counts()


class JoinedUsageLog(UsageLog):
    """The same chain in another process of the hub. It counts nothing and holds nobody to a quota."""

    def __init__(
        self, folder: Path, descriptor: int, *, segment_bytes: int = SEGMENT_BYTES
    ) -> None:
        """`descriptor`: of the page that the hub shares."""
        super().__init__(folder, page=Page(descriptor), segment_bytes=segment_bytes)

    def close(self) -> None:
        self._chain.close("the usage log is closed")

    def _claimed(self) -> int:
        return NONE

    def _open(self) -> None:
        """Whoever opened the chain has taken it up."""

    def _charge(self, usage: UsageRecord, call: Call | None) -> None:
        """Is the business of whoever opened the chain."""

    def _keep_counts(self) -> None:
        """Likewise."""


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
