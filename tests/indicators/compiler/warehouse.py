"""Small tables of an engine as the compiler's relations see them, and answers as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import duckdb

from catalog.catalogue import Catalogue
from catalog.clock import CITY_ZONE
from catalog.contracts import Contract
from catalog.ids import DatasetCode, IndicatorCode, PlaceCode
from catalog.indicators.checks import check_indicators
from catalog.indicators.indicator import Indicator
from catalog.indicators.period import Grain
from catalog.places import PlaceLevel, Places, padded
from indicators.compiler.compile import CompiledIndicators, compile_indicators
from indicators.compiler.question import Era, Question
from query.print import duckdb_text
from query.relation import sql_type
from tests.indicator_data import PLACES, around, contracts, read, text

Row = dict[str, Any]
LATER = datetime(2027, 1, 1, tzinfo=UTC)


def at_city(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=CITY_ZONE)


def place(code: str | None) -> int | None:
    return None if code is None else padded(PlaceCode(code))


def definitions(*written: str) -> dict[IndicatorCode, Indicator]:
    """Checked as an import would."""
    declared = [read(each) for each in written]
    check_indicators(declared, around())
    return {each.indicator.code: each.indicator for each in declared}


def defined(**calculations: str) -> dict[IndicatorCode, Indicator]:
    """By code; what follows a line's end goes to the end of the file."""
    return definitions(
        *(text(code, how.partition("\n")[0], more=how.partition("\n")[2]) for code, how in calculations.items())
    )  # fmt: skip


@dataclass(repr=False)
class Warehouse:
    """Tables in an engine of its own."""

    places: Places = PLACES
    contracts: Mapping[DatasetCode, Contract] = field(default_factory=contracts)

    def __post_init__(self) -> None:
        self.engine = duckdb.connect()
        self.engine.execute("SET GLOBAL TimeZone = 'Asia/Shanghai'")
        self.engine.execute("CREATE SCHEMA shared")
        for code, contract in self.contracts.items():
            columns = ", ".join(f'"{c.name}" {sql_type(c.type)}' for c in contract.columns)
            columns = columns.replace("DECIMAL(0, 0)", "DECIMAL(18, 3)")
            self.engine.execute(f'CREATE TABLE shared."{code}" ({columns})')

    def put(self, code: str, rows: Sequence[Mapping[str, Any]]) -> None:
        self.engine.execute(f'DELETE FROM shared."{code}"')
        names = [column.name for column in self.contracts[DatasetCode(code)].columns]
        marks = ", ".join("?" for _ in names)
        for row in rows:
            values = [row.get(name) for name in names]
            self.engine.execute(f'INSERT INTO shared."{code}" VALUES ({marks})', values)

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """What somebody would write by hand."""
        return self.engine.execute(statement).fetchall()

    def compiled(
        self,
        question: Question,
        known: Mapping[IndicatorCode, Indicator],
        eras: Sequence[Era] = (),
    ) -> CompiledIndicators:
        catalogue = Catalogue(self.contracts, {}, self.places)
        return compile_indicators(question, known, catalogue, eras=eras)

    def ask(
        self,
        question: Question,
        known: Mapping[IndicatorCode, Indicator],
        eras: Sequence[Era] = (),
    ) -> list[Row]:
        statement = self.compiled(question, known, eras).statement
        found = self.engine.execute(duckdb_text(statement.tree), dict(statement.bound()))
        names = [column[0] for column in found.description or []]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        return sorted(
            rows, key=lambda r: (r["level"], r["place"] is None, r["place"] or 0, r["start"])
        )


def question(
    *codes: str,
    grain: Grain = Grain.DAY,
    since: date = date(2026, 3, 1),
    until: date = date(2026, 3, 8),
    as_of: datetime = LATER,
    levels: Sequence[PlaceLevel] = (PlaceLevel.CITY,),
    dimensions: Sequence[str] = (),
    within: Sequence[str] = (),
) -> Question:
    return Question(
        indicators=tuple(map(IndicatorCode, codes)),
        grain=grain,
        since=at_city(since.year, since.month, since.day),
        until=at_city(until.year, until.month, until.day),
        as_of=as_of,
        levels=tuple(levels),
        within=tuple(map(PlaceCode, within)),
        dimensions=tuple(dimensions),
    )


def told(rows: Sequence[Row], code: str) -> dict[date, float | None]:
    """Of rows for one place."""
    return {row["start"].date(): row[code] for row in rows}
