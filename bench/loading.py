"""Rows per second from a SQL source to published: read, landed, checked, published, one worker."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from pydantic import SecretStr

import migrations.run
from bench.measure import Table
from bench.readings import PLACES, STATIONS, contract
from catalog.catalogue import Catalogue
from catalog.clock import SystemClock
from catalog.domain import Feed, Source, SourceKind
from catalog.ids import DatasetCode, OrganisationCode, SourceId
from catalog.places import Places
from connectors.connections import Connections, SqlConnection
from connectors.ledger import Ledger
from connectors.models import LoadState
from jobs.extract import Extractor
from jobs.intake import Intake
from jobs.publish import Publisher
from quality.record import QualityRecord
from registry.store import Registry
from warehouse.duck import DuckWarehouse

ROWS = 1_000_000
DATA_SET = DatasetCode("river_regime_municipal")
SOURCE = SourceId("bench")
FILL = f"""
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS - 1})
INSERT INTO river_regime SELECT i + 1, printf('BENCH-%04d', i % {STATIONS}),
  strftime('%Y-%m-%d %H:%M:%S', 1577836800 + i / {STATIONS} * 600, 'unixepoch'),
  180 + (i % 1000) / 1000.0, '黄海', 3000 + i % 700 + 0.5,
  CASE i % 4 {" ".join(f"WHEN {n} THEN '{place // 10**6}'" for n, place in enumerate(PLACES))} END,
  'bench-1', 1 FROM n
"""


def loading() -> Table:
    with _folder() as folder:
        file = folder / "source.sqlite"
        _fill(file)
        promise = contract()
        registry_url = f"sqlite:///{folder / 'registry.sqlite'}"
        migrations.run.upgrade(registry_url)
        registry, clock, landing = Registry(registry_url), SystemClock(), folder / "landing"
        landing.mkdir()
        ledger = Ledger(registry, clock)
        quality = QualityRecord(registry, clock, landing)
        intake = Intake(landing, ledger, quality, clock)
        catalogue = Catalogue({DATA_SET: promise}, {}, Places(()), sources=(_source(),))
        connection = SqlConnection(kind="sql", url=SecretStr(f"sqlite:///{file}"))
        extractor = Extractor(intake, ledger, Connections({"bench": connection}))
        warehouse = DuckWarehouse(folder / "warehouse.duckdb", landing, clock)
        start = perf_counter()
        extractor.run(catalogue, SOURCE, DATA_SET)
        landed = perf_counter()
        (load,) = ledger.in_state(LoadState.HANDED_OVER)
        publication = Publisher(warehouse, ledger, quality, landing).run(catalogue, load)
        done = perf_counter()
        assert publication is not None
        assert publication.rows == ROWS
        warehouse.close()
        registry.close()
    table = Table(
        f"Loading {ROWS:,} rows x {len(promise.columns)} columns from SQLite to published"
    )
    table.seconds("read, landed as Parquet, checked", landed - start)
    table.seconds("published", done - landed)
    table.figure("rows per second, source to published", f"{ROWS / (done - start):>10,.0f} rows/s")
    return table


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="vitalhub-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _fill(file: Path) -> None:
    connection = sqlite3.connect(file)
    connection.execute(
        "CREATE TABLE river_regime (RECNO INTEGER PRIMARY KEY, STCD TEXT, TM TEXT, Z NUMERIC,"
        " DTM TEXT, Q NUMERIC, ADDVCD TEXT, SCNID TEXT, SYN BOOLEAN)"
    )
    connection.execute(FILL)
    connection.commit()
    connection.close()


def _source() -> Source:
    feed = Feed(
        data_set=DATA_SET,
        every_seconds=60,
        options={"table": "river_regime", "cursor": "RECNO", "order": ["RECNO"]},
    )
    return Source(
        id=SOURCE,
        title="bench",
        kind=SourceKind.SQL,
        provider=OrganisationCode("cq_water"),
        connection="bench",
        feeds=(feed,),
    )
