"""The recorded readings of August 2020 as the public file has them.

Rules: values stay the texts that the source wrote (a flow of "0" stays "0"); the n-th row of a
station belongs to the n-th slot, and an observation time that lags its slot keeps its lag.
"""

import csv
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from demo.timeline import SLOT, SLOTS

FIRST_SLOT = datetime.fromisoformat("2020-08-17T08:00:00+08:00")


@dataclass(frozen=True, slots=True)
class Recorded:
    lag: timedelta
    """How long before its slot the value was observed."""
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
    """One per slot."""


def read_recorded(file: Path) -> tuple[RecordedStation, ...]:
    """The stations of the file in its order; ValueError when one has not a row for each slot."""
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    by_station: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        by_station.setdefault(row["station_code"], []).append(row)
    return tuple(_station(code, found) for code, found in by_station.items())


def _station(code: str, rows: list[dict[str, str]]) -> RecordedStation:
    if len(rows) != SLOTS:
        raise ValueError(f"{code} has {len(rows)} readings, not {SLOTS}")
    readings = tuple(_reading(row, FIRST_SLOT + n * SLOT) for n, row in enumerate(rows))
    return RecordedStation(code, rows[0]["station_name"], rows[0]["river"], readings)


def _reading(row: dict[str, str], slot: datetime) -> Recorded:
    return Recorded(
        lag=slot - datetime.fromisoformat(row["observed_at"]),
        level=row["level_m"],
        flow=row["flow_m3s"],
        outflow=row["outflow_m3s"],
        trend=int(row["trend_code"]),
    )
