"""Usage records read back from the files: by id, and newest first.

Rules: nothing is loaded whole; a page looks at so many records and no more, and says where the next one
goes on; a line that is being written is no record yet.
"""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from access import chain
from access.record import Kept, UsageId, UsageRecord, id_of, usage_record
from catalog.ids import ClientId, DatasetCode, GrantId

LOOKED_AT = 100_000
"""Records that one page looks at."""
SLACK = timedelta(minutes=10)
"""How much later than it began a read may have been recorded."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """All that are given must hold; `since` and `until` are of the beginning."""

    client: ClientId | None = None
    data_set: DatasetCode | None = None
    grant: GrantId | None = None
    purpose: str | None = None
    case: str | None = None
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def meets(self, record: UsageRecord) -> bool:
        return (
            self.client in {None, record.client}
            and (self.data_set is None or self.data_set in record.columns)
            and (self.grant is None or self.grant in record.grants)
            and (self.purpose is None or self.purpose in record.purposes)
            and self.case in {None, record.case}
            and self.outcome in {None, record.outcome}
            and (self.since is None or record.started >= self.since)
            and (self.until is None or record.started < self.until)
        )

    def words(self) -> list[bytes]:
        """What stands in each line that meets it."""
        texts = (self.client, self.data_set, self.grant, self.purpose, self.case, self.outcome)
        return [chain.canonical(text) for text in texts if text is not None]


@dataclass(slots=True)
class Page:
    """`next`: the id that the page after this one begins before; None at the end."""

    records: list[tuple[UsageId, UsageRecord]] = field(default_factory=list)
    next: UsageId | None = None


def page(folder: Path, wanted: Wanted, limit: int, before: int | None = None) -> Page:
    """Newest first. It may hold fewer than `limit` and still have a next one."""
    found, words = Page(), wanted.words()
    for looked_at, (number, line) in enumerate(_lines_back(folder, before), start=1):
        if len(found.records) >= limit or looked_at > LOOKED_AT:
            found.next = id_of(number + 1)
            return found
        if not all(word in line for word in words):
            continue
        entry = chain.parsed(line)
        if entry is None or entry.kind != "usage":
            continue
        record = usage_record(entry.record)
        if wanted.since is not None and record.started < wanted.since - SLACK:
            return found
        if wanted.meets(record):
            found.records.append((id_of(number), record))
    return found


def record_at(folder: Path, number: int) -> UsageRecord | None:
    entry = entry_at(folder, number)
    return usage_record(entry.record) if entry is not None and entry.kind == "usage" else None


def text_of(folder: Path, kept: Kept) -> str | None:
    """The operation's text; None when the log does not hold it."""
    entry = entry_at(folder, kept.text)
    if entry is None or entry.kind != "text":
        return None
    text = entry.record.get("text")
    return text if isinstance(text, str) else None


def entry_at(folder: Path, number: int) -> chain.Entry | None:
    line = next(chain.lines_from(folder, number), None) if number > 0 else None
    entry = chain.parsed(line) if line is not None else None
    return entry if entry is not None and entry.number == number else None


def _lines_back(folder: Path, before: int | None) -> Iterator[tuple[int, bytes]]:
    """Each record's number and line, backwards; each record is one line."""
    for segment in reversed(chain.segments(folder)):
        first = int(segment.stem)
        if (before is not None and first >= before) or segment.stat().st_size == 0:
            continue
        with (
            segment.open("rb") as stream,
            mmap.mmap(stream.fileno(), 0, prot=mmap.PROT_READ) as data,
        ):
            end = data.rfind(b"\n") + 1
            last = chain.parsed(data[data.rfind(b"\n", 0, max(0, end - 1)) + 1 : max(0, end - 1)])
            number = last.number if last is not None else 0
            while end > 0:
                start = data.rfind(b"\n", 0, end - 1) + 1
                if before is None or number < before:
                    yield number, data[start : end - 1]
                number, end = number - 1, start
