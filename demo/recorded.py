"""The recorded readings of August 2020 as the public file has them.

Rules: values stay the texts that the source wrote (a flow of "0" stays "0"); an observation
 belongs to the first slot at or after its time and keeps its lag behind that slot, so that
it is never served before it was made.
"""

import csv
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from demo.timeline import SLOT, SLOTS

FIRST_SLOT = datetime.fromisoformat("2020-08-17T08:00:00+08:00")


@dataclass(frozen=True, slots=True)
class Recorded:
    slot: int
    lag: timedelta
    """How long before its slot the value was observed: nought to less than two hours."""
    level: str
    flow: str
    outflow: str
    trend: int


@dataclass(frozen=True, slots=True)
class RecordedStation:
    code: str
    name: str
    river: str
    readings: tuple[Recorded, ...]
    """In order of time, as many as a cycle has slots."""


def read_recorded(file: Path) -> tuple[RecordedStation, ...]:
    """The stations of the file in its order; ValueError when one has not a row for each slot or lies outside."""
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    by_station: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        by_station.setdefault(row["station_code"], []).append(row)
    return tuple(_station(code, found) for code, found in by_station.items())


def _station(code: str, rows: list[dict[str, str]]) -> RecordedStation:
    if len(rows) != SLOTS:
        raise ValueError(f"{code} has {len(rows)} readings, not {SLOTS}")
    return RecordedStation(
        code, rows[0]["station_name"], rows[0]["river"], tuple(_reading(row) for row in rows)
    )


def _reading(row: dict[str, str]) -> Recorded:
    since = datetime.fromisoformat(row["observed_at"]) - FIRST_SLOT
    slot = -(-since // SLOT)
    if not 0 <= slot < SLOTS:
        raise ValueError(f"{row['observed_at']} lies outside the recorded cycle")
    return Recorded(
        slot=slot,
        lag=slot * SLOT - since,
        level=row["level_m"],
        flow=row["flow_m3s"],
        outflow=row["outflow_m3s"],
        trend=int(row["trend_code"]),
    )
