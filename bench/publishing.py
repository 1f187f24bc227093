"""Checked Parquet to published, against a plain insert of the same Parquet; the gate's time apart."""

import itertools
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from bench.measure import Table, best_of
from bench.readings import contract, texts
from catalog.clock import SystemClock
from catalog.ids import LoadId
from quality.gate import check
from warehouse.duck import DuckWarehouse
from warehouse.engine import LoadPlan
from warehouse.scratch import Scratch

ROWS = 100_000
ROUNDS = 7


def publishing() -> Table:
    folder = Path(tempfile.mkdtemp(prefix="vitalhub-bench-"))
    try:
        return _publishing(folder)
    finally:
        shutil.rmtree(folder)


def _publishing(folder: Path) -> Table:
    promise, landing = contract(), folder / "landing"
    landing.mkdir()
    warehouse = DuckWarehouse(folder / "warehouse.duckdb", landing, SystemClock())
    plain = duckdb.connect(str(folder / "plain.duckdb"), config={"threads": 2})
    loads: list[Path] = []

    def gate() -> None:
        number = len(loads)
        out = landing / f"load{number}"
        out.mkdir()
        raw = out / "raw.parquet"
        pq.write_table(texts(ROWS, first=number * ROWS), raw)
        loads.append(out)

    def checked() -> None:
        with Scratch([landing]) as scratch:
            check(
                loads[-1] / "raw.parquet",
                promise,
                loads[-1],
                now=datetime.now(UTC),
                scratch=scratch,
            )

    gates = []
    for _ in range(ROUNDS):
        gate()
        gates.append(best_of({"gate": checked}, 1)["gate"])
    names = ", ".join(c.name for c in promise.columns)
    plain.execute(f"CREATE TABLE t AS SELECT {names} FROM '{loads[0] / 'rows.parquet'}' LIMIT 0")
    ours, theirs = itertools.count(), itertools.count()

    def publish() -> None:
        load = loads[next(ours)]
        warehouse.publish(
            LoadPlan(LoadId(load.name), promise, load / "rows.parquet", "x", load / "unfit.parquet")
        )

    def insert() -> None:
        plain.execute(f"INSERT INTO t SELECT {names} FROM '{loads[next(theirs)] / 'rows.parquet'}'")

    warehouse.prepare(promise)
    best = best_of({"publish": publish, "insert": insert}, ROUNDS)
    assert warehouse.latest()[promise.data_set].rows == ROWS * ROUNDS
    warehouse.close()
    table = Table(f"Publishing {ROWS:,} checked rows ({len(promise.columns)} columns)")
    table.seconds("plain INSERT of the same Parquet (DuckDB)", best["insert"])
    table.seconds("published (staged, key clashes set apart, version recorded)", best["publish"])
    table.seconds("the gate before it (all rules, split into rows and rejected)", min(gates))
    ratio = best["publish"] / best["insert"]
    table.ratio("published / plain insert", ratio, "at most 2", met=ratio <= 2)
    return table
