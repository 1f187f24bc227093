"""Indicators: a trailing week over 3 M rows beside the SQL that an expert writes, and an edit among 2,000.

The hand-written statement aggregates first, too, and stands on the same dense spine; it has no tree of
places, no status and no place that rows do not know.
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from time import perf_counter

import duckdb

import migrations.run
from bench.measure import Table, best_of
from catalog.catalogue import Catalogue
from catalog.clock import CITY_ZONE, SystemClock
from catalog.contracts import Column, ColumnType, Contract, Kind
from catalog.ids import DatasetCode, DomainCode, IndicatorCode
from catalog.indicators.indicator import Indicator
from catalog.indicators.period import Grain
from catalog.indicators.reading import DeclaredIndicator, read_indicator
from catalog.indicators.service import IndicatorService
from catalog.odcs import read_contract
from catalog.places import PlaceLevel, padded, read_places
from catalog.store import CatalogueStore
from hub.composition import OPERATOR, import_city
from indicators.compiler.compile import compile_indicators
from indicators.compiler.question import Question
from query.print import duckdb_text
from registry.store import Registry

CITY = Path("cities/chongqing")
ROWS, DAYS, DEFINITIONS, ROUNDS = 3_000_000, 300, 2_000, 7
LEVEL = "{data_set: river_regime_municipal, time: observed_at, aggregation: max, value: level_m}"
DEFINITION = """\
indicator: {code}
version: {version}
name: 指标{code}
name_en: Indicator {code}
theme: [防汛抗旱, 江河水情]
definition: 一条用于测量的指标。
unit: m
decimals: 2
direction: lower
class: monitor
lead: cq_water
steward: 指标专员
effective_from: 2026-01-{version:02}
period: day
places: {{lowest: township}}
calculation: {calculation}
"""
BY_HAND = """
    WITH daily AS (SELECT place_code AS place, opened_on AS day, count(*) AS n
        FROM shared.event GROUP BY ALL),
      spine AS (SELECT place, unnest(generate_series(DATE '2026-01-01', DATE '2026-10-27', INTERVAL 1 DAY))::DATE AS day
        FROM (SELECT DISTINCT place FROM daily)),
      dense AS (SELECT place, day, coalesce(n, 0) AS n FROM spine LEFT JOIN daily USING (place, day))
    SELECT place, day, sum(n) OVER (PARTITION BY place ORDER BY day ROWS 6 PRECEDING) AS n FROM dense"""


def signs() -> Table:
    table = Table(f"Indicators: a trailing week over {ROWS:,} rows, an edit among {DEFINITIONS:,}")
    _week(table)
    with _registry() as service:
        _edit(table, service)
    return table


def _week(table: Table) -> None:
    connection = duckdb.connect(config={"threads": 2})
    places = read_places(CITY / "places.csv")
    _fill(connection, [padded(p.code) for p in places if p.level is PlaceLevel.TOWNSHIP])
    code = DatasetCode("event")
    catalogue = Catalogue({code: _contract(code)}, {}, places)
    known = {each.code: each for each in map(_definition, WEEK)}
    question = Question(
        (IndicatorCode("W"),),
        Grain.DAY,
        datetime(2026, 1, 1, tzinfo=CITY_ZONE),
        datetime(2026, 10, 28, tzinfo=CITY_ZONE),
        datetime(2026, 11, 20, tzinfo=CITY_ZONE),
        (PlaceLevel.TOWNSHIP,),
    )
    statement = compile_indicators(question, known, catalogue).statement
    text, values = duckdb_text(statement.tree), dict(statement.bound())
    _compare(connection, text, values)
    best = best_of(
        {
            "compiled": lambda: connection.execute(text, values).to_arrow_table(),
            "by hand": lambda: connection.execute(BY_HAND).to_arrow_table(),
            "compile": lambda: duckdb_text(
                compile_indicators(question, known, catalogue).statement.tree
            ),
        },
        ROUNDS,
    )
    table.seconds("a trailing week of 1,031 townships by 300 days, by hand", best["by hand"])
    table.seconds("the same, compiled, with status and reason", best["compiled"])
    ratio = best["compiled"] / best["by hand"]
    table.ratio("compiled, beside by hand", ratio, "2", met=ratio <= 2)
    table.seconds("compiling and printing it", best["compile"])


def _edit(table: Table, service: IndicatorService) -> None:
    service.import_indicators([_declared(f"E{i}", 1) for i in range(DEFINITIONS)], OPERATOR)
    service.import_indicators([_declared("E0", 2)], OPERATOR)  # every definition is known now
    taken = []
    for number in range(1, ROUNDS + 1):
        changed = DEFINITION.format(
            code=f"E{number}", version=2, calculation=f"{{simple: {LEVEL}}}"
        )
        start = perf_counter()
        declared = read_indicator(Path("edited.yaml"), DomainCode("flood"), changed)
        service.import_indicators([declared], OPERATOR)
        taken.append(perf_counter() - start)
    met = min(taken) < 0.05
    table.seconds("editing one definition", min(taken), f"50 ms: {'met' if met else 'NOT MET'}")


WEEK = (
    ("N", "{simple: {data_set: event, time: opened_on, aggregation: count}}"),
    ("W", "{rolling: {of: N, window: {count: 7, unit: day}}}"),
)


def _definition(written: tuple[str, str]) -> Indicator:
    code, calculation = written
    text = DEFINITION.format(code=code, version=1, calculation=calculation)
    return read_indicator(Path("week.yaml"), DomainCode("flood"), text).indicator


def _declared(code: str, version: int) -> DeclaredIndicator:
    text = DEFINITION.format(code=code, version=version, calculation=f"{{simple: {LEVEL}}}")
    return read_indicator(Path(f"{code}.yaml"), DomainCode("flood"), text)


def _contract(code: DatasetCode) -> Contract:
    some = read_contract(CITY / "domains/flood/contracts/river_regime_municipal.odcs.yaml")
    kinds = {"event_id": Kind.BIGINT, "opened_on": Kind.DATE, "place_code": Kind.PLACE}
    columns = tuple(Column(n, ColumnType(k), label=n, header=n) for n, k in kinds.items())
    return replace(some, data_set=code, columns=columns, key=("event_id",), foreign_keys=())


def _fill(connection: duckdb.DuckDBPyConnection, townships: list[int]) -> None:
    connection.execute("SET TimeZone = 'Asia/Shanghai'")
    connection.execute("CREATE SCHEMA shared")
    connection.execute(
        f"""CREATE TABLE shared.event AS SELECT i AS event_id,
            DATE '2026-01-01' + (hash(i) % {DAYS})::INTEGER AS opened_on,
            ($places)[(1 + hash(i + 1) % {len(townships)})::INTEGER] AS place_code FROM range({ROWS}) t(i)""",
        {"places": townships},
    )


def _compare(
    connection: duckdb.DuckDBPyConnection, text: str, values: Mapping[str, object]
) -> None:
    ours = connection.execute(f'SELECT place, start::DATE, "W" FROM ({text})', values).fetchall()
    theirs = connection.execute(BY_HAND).fetchall()
    assert sorted(ours) == sorted(theirs), "not the same values"


@contextmanager
def _registry() -> Iterator[IndicatorService]:
    folder = Path(tempfile.mkdtemp(prefix="vitalhub-bench-"))
    url = f"sqlite:///{folder / 'registry.sqlite'}"
    migrations.run.upgrade(url)
    registry = Registry(url)
    try:
        store = CatalogueStore(registry, SystemClock())
        import_city(store, CITY)
        yield IndicatorService(registry, SystemClock(), store)
    finally:
        registry.close()
        shutil.rmtree(folder)
