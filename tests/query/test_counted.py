"""The relation that aggregates read where groups have a least size, run over a few rows."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest

from query.print import duckdb_text
from query.relation import Scope
from tests.shared_data import READINGS, START, catalogue, grant, reading_rows

ALL = ["station_code", "observed_at", "level_m", "place_code"]
CIQIKOU, HUXI, VILLAGE = 500106004000000, 500106016000000, 500106004001000
Given = tuple[str, str | None, int]
Row = tuple[str, Decimal | None, int]


def counted(rows: Sequence[Given], *, least: int, aggregate: Sequence[str] = ()) -> list[Row]:
    """Place and level of the rows that count; the readings are hours apart."""
    held = grant(
        READINGS, ALL, places=["500106", "500172"], aggregate=aggregate, minimum_group=least
    )
    relation = Scope(catalogue(), [held], "key").counted(READINGS)
    table = reading_rows(
        *((code, START + n * timedelta(hours=1), m, at) for n, (code, m, at) in enumerate(rows))
    ).append_column("_seq", pa.array([1] * len(rows), pa.int64()))
    with duckdb.connect() as engine:
        engine.execute("CREATE SCHEMA shared")
        engine.register("given", table)
        engine.execute("CREATE TABLE shared.reading AS SELECT * FROM given")
        text = f"SELECT station_code, level_m, place_code FROM ({duckdb_text(relation.tree)}) t"
        return sorted(engine.execute(text).fetchall(), key=str)


def test_rows_of_a_cell_that_is_too_small_do_not_count() -> None:
    here, there = ("A", "1", CIQIKOU), ("B", "2", HUXI)
    assert counted([here, here, there], least=2) == [("A", Decimal("1.000"), CIQIKOU)] * 2
    assert counted([here, there], least=2) == []
    assert len(counted([here, here, there, there], least=2)) == 4


def test_a_place_counts_as_its_township() -> None:
    rows = counted([("A", "1", CIQIKOU), ("B", "1", VILLAGE)], least=2)
    assert [place for _, _, place in rows] == [CIQIKOU, CIQIKOU]


def test_a_time_counts_as_its_month_of_the_city() -> None:
    """The readings begin at eight o'clock of the first of a month, there."""
    held = grant(READINGS, ALL, places=["500106"], minimum_group=2)
    text = duckdb_text(Scope(catalogue(), [held], "key").counted(READINGS).tree)
    assert "TIMEZONE('Asia/Shanghai', DATE_TRUNC('month', TIMEZONE('Asia/Shanghai'" in text


@pytest.mark.parametrize(("there", "told"), [(1, 0), (2, 0), (3, 3), (4, 4)])
def test_values_for_aggregates_only_count_where_there_are_enough_of_them(
    there: int, told: int
) -> None:
    """A sum over five rows of which one has a value is that value."""
    levels = ["7"] * there + [None] * (5 - there)
    rows = counted([("A", m, CIQIKOU) for m in levels], least=3, aggregate=["level_m"])
    assert len(rows) == 5
    assert sum(level is not None for _, level, _ in rows) == told
