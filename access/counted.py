"""Today's counts of the meter, brought back from the usage log when the hub starts.

Rules: the log is the truth. A checkpoint beside it says what was counted up to one record, named by
number and hash, so that only the records behind it are read; where it does not fit the log, it counts
for nothing and today's segments are read whole.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import cast

import orjson

from access import chain
from access.chain import Position
from access.meter import Meter, Spent, day_of
from access.record import PART, charged
from catalog.ids import DatasetCode, GrantId

FILE = "counted.json"
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
        record = entry.record
        if entry.kind == PART:
            _charge_part(meter, record)
            continue
        if record.get("begun"):
            continue  # its call and its parts were counted
        started = datetime.fromisoformat(cast("str", record["started"]))
        meter.charge(
            charged(
                cast("dict[DatasetCode, object]", record["columns"]),
                [GrantId(grant) for grant in cast("list[str]", record["grants"])],
                cast("dict[DatasetCode, list[str]]", record.get("calls", {})),
            ),
            started,
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
        if entry.kind in {"usage", PART}:
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
