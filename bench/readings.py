"""River readings at any size: the rows all parts of the benchmark use."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from catalog.contracts import Contract
from catalog.domain import read_domains

CITY = Path(__file__).parents[1] / "cities" / "chongqing"
STATIONS = 200
START = datetime(2020, 1, 1, tzinfo=UTC)
PLACES = [500106004000000, 500109000000000, 500105000000000, 500106016000000]


def contract() -> Contract:
    """重庆市河道水情, eight columns, all its rules but the one that needs the published stations."""
    found = next(
        c for d in read_domains(CITY) for c in d.contracts if c.data_set == "river_regime_municipal"
    )
    rules = tuple(r for r in found.rules if r.expectation != "vitalhub_reference")
    return replace(found, rules=rules)


def texts(rows: int, first: int = 0) -> pa.Table:
    """As a source gives them: text, with file and line."""
    numbers = range(first, first + rows)
    return pa.table(
        {
            "station_code": [f"BENCH-{i % STATIONS:04}" for i in numbers],
            "observed_at": [
                datetime.fromtimestamp(START.timestamp() + i // STATIONS * 600, UTC).isoformat()
                for i in numbers
            ],
            "level_m": [f"{180 + i % 1000 / 1000:.3f}" for i in numbers],
            "datum": ["黄海"] * rows,
            "flow_m3s": [f"{3000 + i % 700}.5" for i in numbers],
            "place_code": [str(PLACES[i % len(PLACES)] // 1000000) for i in numbers],
            "scenario_id": ["bench-1"] * rows,
            "synthetic": ["true"] * rows,
            "_file": ["bench"] * rows,
            "_line": pa.array(numbers, pa.int64()),
            "_broken": pa.nulls(rows, pa.string()),
        }
    )
