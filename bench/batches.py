"""The batches of the publishing bench: checked Parquet files of events, as the gate leaves them.

Rules: every file follows from the number of rows; files that are there are used again; what changes has another
title, and the keys that a batch shares with what is published are spread over the whole set, which is the dearest
way for them to lie.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import duckdb

from bench.city.generate import generate
from bench.city.layout import CITY
from bench.city.scale import Scale
from catalog.contracts import PublishMode

SPREAD = 20
"""Of so many rows one is known to the upsert, and one changed in the snapshot."""


class Batch(StrEnum):
    FIRST = "first"
    BESIDE = "beside"
    HALF_KNOWN = "half-known"
    CHANGED = "changed"


WRITTEN = {
    Batch.FIRST: "SELECT * FROM '{rows}'",
    Batch.BESIDE: "SELECT * REPLACE (id + {n} AS id) FROM '{rows}'",
    Batch.HALF_KNOWN: """SELECT * REPLACE (row_number() OVER () - 1 AS _row) FROM (
        SELECT * REPLACE (title || '（已核）' AS title) FROM '{rows}' WHERE id % {spread} = 0
        UNION ALL SELECT * REPLACE (id + {n} AS id) FROM '{rows}' WHERE id % {spread} = 1)""",
    Batch.CHANGED: """SELECT * REPLACE (
        CASE WHEN id % {spread} = 0 THEN title || '（已核）' ELSE title END AS title) FROM '{rows}'""",
}
NONE_WITHHELD = "SELECT id FROM '{rows}' LIMIT 0"


@dataclass(frozen=True, slots=True)
class Case:
    """One way to publish. `beside`: whether the first batch is published already."""

    name: str
    mode: PublishMode
    batch: Batch
    beside: bool


CASES = (
    Case("append into an empty set", PublishMode.APPEND, Batch.FIRST, beside=False),
    Case("append beside as many", PublishMode.APPEND, Batch.BESIDE, beside=True),
    Case("upsert of a tenth, half of it known", PublishMode.UPSERT, Batch.HALF_KNOWN, beside=True),
    Case("upsert into an empty set", PublishMode.UPSERT, Batch.FIRST, beside=False),
    Case("snapshot, a twentieth changed", PublishMode.SNAPSHOT, Batch.CHANGED, beside=True),
)


def batches(rows: int, folder: Path) -> dict[Batch, Path]:
    """The files in `folder`."""
    grids = max(650, rows // 150)
    generate(Scale("publishing", rows, 1_000, 1, grids, gated=False), CITY, folder)
    files = {batch: folder / f"{batch}.parquet" for batch in Batch}
    with duckdb.connect(config={"threads": 2, "memory_limit": "4GB"}) as connection:
        for batch, file in files.items():
            _write(connection, WRITTEN[batch], rows, file)
        _write(connection, NONE_WITHHELD, rows, withheld_in(folder))
    return files


def withheld_in(folder: Path) -> Path:
    """The keys that the gate set apart: none."""
    return folder / "withheld.parquet"


def _write(connection: duckdb.DuckDBPyConnection, query: str, rows: int, file: Path) -> None:
    if file.exists():
        return
    selected = query.format(rows=file.with_name("city_event.parquet"), n=rows, spread=SPREAD)
    part = file.with_suffix(".part")
    connection.execute(f"COPY ({selected}) TO '{part}' (FORMAT parquet, COMPRESSION snappy)")
    part.replace(file)
