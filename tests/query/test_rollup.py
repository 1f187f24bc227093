"""Roll-ups are compared with the tree of places itself, for every place of the city."""

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
from sqlglot import exp

from catalog.contracts import Kind
from catalog.places import OWN_DIGITS, PlaceLevel, padded, read_places
from query.print import duckdb_text
from query.rollup import TimeUnit, bucket_start, governing_place, place_or_coarser

PLACES = read_places(Path(__file__).parents[2] / "cities" / "chongqing" / "places.csv")
VALUE = exp.column("value", quoted=True)


def of_every_place(node: exp.Expr) -> dict[int, int | None]:
    values = ", ".join(f"({padded(place.code)}::BIGINT)" for place in PLACES)
    text = f"SELECT value, {duckdb_text(node)} FROM (VALUES {values}) AS t(value)"
    with duckdb.connect() as engine:
        return dict(engine.execute(text).fetchall())


@pytest.mark.parametrize("level", PlaceLevel)
def test_a_place_counts_for_the_place_of_the_level_that_governs_it(level: PlaceLevel) -> None:
    found = of_every_place(governing_place(VALUE, level, PLACES))
    for place in PLACES:
        chain = (place, *PLACES.ancestors(place.code))
        governor = next((padded(p.code) for p in chain if p.level is level), None)
        assert found[padded(place.code)] == governor, place


def test_in_cells_a_place_that_is_coarser_stays_what_it_is() -> None:
    found = of_every_place(place_or_coarser(VALUE, PlaceLevel.TOWNSHIP, PLACES))
    for place in PLACES:
        if OWN_DIGITS[place.level] < OWN_DIGITS[PlaceLevel.TOWNSHIP]:
            assert found[padded(place.code)] == padded(place.code)


@pytest.mark.parametrize(
    ("unit", "zone", "start"),
    [
        (TimeUnit.HOUR, "Asia/Shanghai", datetime(2026, 7, 31, 17, tzinfo=UTC)),
        (TimeUnit.DAY, "Asia/Shanghai", datetime(2026, 7, 31, 16, tzinfo=UTC)),
        (TimeUnit.DAY, "UTC", datetime(2026, 7, 31, tzinfo=UTC)),
        (TimeUnit.WEEK, "Asia/Shanghai", datetime(2026, 7, 26, 16, tzinfo=UTC)),
        (TimeUnit.MONTH, "Asia/Shanghai", datetime(2026, 7, 31, 16, tzinfo=UTC)),
        (TimeUnit.MONTH, "UTC", datetime(2026, 7, 1, tzinfo=UTC)),
        (TimeUnit.QUARTER, "America/New_York", datetime(2026, 7, 1, 4, tzinfo=UTC)),
        (TimeUnit.YEAR, "Asia/Shanghai", datetime(2025, 12, 31, 16, tzinfo=UTC)),
    ],
)
def test_a_bucket_begins_where_the_clocks_of_its_zone_say(
    unit: TimeUnit, zone: str, start: datetime
) -> None:
    instant = exp.cast(exp.Literal.string("2026-07-31 17:30:00+00"), "TIMESTAMPTZ")
    node = bucket_start(instant, Kind.TIMESTAMP, unit, exp.Literal.string(zone))
    with duckdb.connect() as engine:
        found = engine.execute(f"SELECT epoch({duckdb_text(node)})").fetchall()
    assert found == [(start.timestamp(),)]


def test_a_bucket_of_days_is_a_day() -> None:
    day = exp.cast(exp.Literal.string("2026-08-19"), "DATE")
    node = bucket_start(day, Kind.DATE, TimeUnit.QUARTER, exp.Literal.string("UTC"))
    with duckdb.connect() as engine:
        assert engine.execute(f"SELECT {duckdb_text(node)}").fetchall() == [(date(2026, 7, 1),)]
