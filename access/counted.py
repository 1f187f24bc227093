"""Today's counts of the meter, brought back from the usage log when the hub starts.

Rules: the log is the truth. A checkpoint beside it says what was counted up to one record, named by
number and hash, so that only the records behind it are read; where it does not fit the log, it counts
for nothing and today's segments are read whole.
"""

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import cast

import orjson

from access import chain
from access.chain import Position
from access.meter import NOTHING, Meter, Spent, day_of
from access.page import Place
from access.record import PART, charged
from catalog.ids import DatasetCode, GrantId

FILE = "counted.json"
COUNTED = frozenset({"usage", PART})
MINUTE = len("2026-11-20T18:24")
EVERY = 20_000
"""Records between two checkpoints: what a start has to read again at most."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    position: Position
    day: date
    spent: dict[GrantId, Spent]


def keep(folder: Path, position: Position, meter: Meter) -> None:
    """Written whole or not at all. It need not be durable: the log is."""
    day, spent = meter.spent()
    counts = {grant: [one.calls, one.rows, one.bytes] for grant, one in spent.items()}
    body = {"number": position.number, "head": position.head.hex(), "day": day, "spent": counts}
    part = folder / f"{FILE}.part"
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(orjson.dumps(body))
    part.replace(folder / FILE)


def bring_back(folder: Path, meter: Meter, at: datetime) -> None:
    """Counts what was recorded today, before anything new is."""
    today = day_of(at)
    known = _checkpoint(folder)
    after = 0
    meter.take_up(today, {})
    if known is not None and known.day == today:
        meter.take_up(today, known.spent)
        after = known.position.number
    for entry in _entries(folder, after, today):
        _charge(meter, entry)


class Count:
    """How far the chain was counted, where several processes write it and one counts. Thread-safe."""

    def __init__(self, folder: Path, place: Place) -> None:
        self._folder = folder
        self._place = place
        self._lock = threading.Lock()

    def catch_up(self, place: Place, own: set[int], meter: Meter) -> None:
        """Up to `place`; `own` records were counted as they were written, and are taken out. OSError."""
        with self._lock:
            if place.number <= self._place.number:
                return
            lines = list(_lines_between(self._folder, self._place, place))  # all, or none counts
            sums: dict[date, dict[GrantId, Spent]] = {}
            for line in lines:
                try:
                    entry = chain.own_entry(line)
                except (ValueError, KeyError):  # verification says what it is
                    continue
                if entry.number in own:
                    own.discard(entry.number)
                elif entry.kind in COUNTED:
                    _sum_up(sums, meter, entry)
            for day, spent in sums.items():
                meter.add(day, spent)
            self._place = place


def _sum_up(sums: dict[date, dict[GrantId, Spent]], meter: Meter, entry: chain.Entry) -> None:
    """Most are plain reads, which are many."""
    record = entry.record
    if entry.kind == PART or record.get("calls") or record.get("begun"):
        _charge(meter, entry)
        return
    rows, size = cast("int", record["rows"]), cast("int", record["reply_bytes"])
    spent = sums.setdefault(_day_of_minute(cast("str", record["started"])[:MINUTE]), {})
    for grant in cast("list[GrantId]", record["grants"]):
        spent[grant] = spent.get(grant, NOTHING).and_answer(1, rows, size)


@lru_cache(maxsize=64)
def _day_of_minute(started: str) -> date:
    """`started`: an instant of UTC as the log has it, up to its minutes."""
    return day_of(datetime.fromisoformat(started).replace(tzinfo=UTC))


def _lines_between(folder: Path, begin: Place, end: Place) -> Iterator[bytes]:
    for segment in chain.segments(folder):
        first = int(segment.stem)
        if not begin.segment <= first <= end.segment:
            continue
        start = begin.size if first == begin.segment else 0
        with segment.open("rb") as stream:
            stream.seek(start)
            most = end.size - start if first == end.segment else -1
            yield from stream.read(most).splitlines()


def _charge(meter: Meter, entry: chain.Entry) -> None:
    record = entry.record
    if entry.kind == PART:
        _charge_part(meter, record)
        return
    if record.get("begun"):
        return  # its call and its parts were counted
    meter.charge(
        charged(
            cast("dict[DatasetCode, object]", record["columns"]),
            [GrantId(grant) for grant in cast("list[str]", record["grants"])],
            cast("dict[DatasetCode, list[str]]", record.get("calls", {})),
        ),
        datetime.fromisoformat(cast("str", record["started"])),
        cast("int", record["rows"]),
        cast("int", record["reply_bytes"]),
    )


def _charge_part(meter: Meter, record: chain.Record) -> None:
    meter.charge(
        [GrantId(grant) for grant in cast("list[str]", record["grants"])],
        datetime.fromisoformat(cast("str", record["at"])),
        cast("int", record["rows"]),
        cast("int", record["bytes"]),
        called=False,
    )


def _checkpoint(folder: Path) -> Checkpoint | None:
    try:
        body = orjson.loads((folder / FILE).read_bytes())
        spent = {GrantId(grant): Spent(*counts) for grant, counts in body["spent"].items()}
        position = Position(int(body["number"]), bytes.fromhex(body["head"]))
        day = date.fromisoformat(body["day"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    line = next(chain.lines_from(folder, position.number), b"")
    fits = line.startswith(position.head.hex().encode()) and chain.parsed(line) is not None
    return Checkpoint(position, day, spent) if fits else None


def _entries(folder: Path, after: int, today: date) -> Iterator[chain.Entry]:
    for line in chain.lines_from(folder, after + 1 if after else _first_of(folder, today)):
        entry = chain.parsed(line)
        if entry is None:
            return
        if entry.kind in COUNTED:
            yield entry


def _first_of(folder: Path, today: date) -> int:
    """The first record of a segment that was begun before today, the last such one."""
    for segment in reversed(chain.segments(folder)):
        with segment.open("rb") as stream:
            entry = chain.parsed(stream.readline().rstrip(b"\n"))
        begun = entry.record.get("at") if entry is not None else None
        if isinstance(begun, str) and day_of(datetime.fromisoformat(begun)) < today:
            return int(segment.stem)
    return 1
