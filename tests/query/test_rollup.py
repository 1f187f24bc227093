"""Roll-ups are compared with the tree of places itself, for every place of the city."""

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
from sqlglot import exp

from catalog.contracts import Kind
from catalog.places import OWN_DIGITS, PlaceLevel, padded, read_places
from query.print import duckdb_text
from query.rollup import (
    OF_MONTHS,
    STEADY,
    MonthMark,
    TimeUnit,
    bucket_start,
    governing_place,
    place_or_coarser,
)

PLACES = read_places(Path(__file__).parents[2] / "cities" / "chongqing" / "places.csv")
VALUE = exp.column("value", quoted=True)
TWELVE_HOURS = 12 * 3_600_000_000


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
    node = bucket_start(instant, Kind.TIMESTAMP, unit, zone)
    with duckdb.connect() as engine:
        found = engine.execute(f"SELECT epoch({duckdb_text(node)})").fetchall()
    assert found == [(start.timestamp(),)]


def test_a_bucket_of_days_is_a_day() -> None:
    day = exp.cast(exp.Literal.string("2026-08-19"), "DATE")
    node = bucket_start(day, Kind.DATE, TimeUnit.QUARTER, "UTC")
    with duckdb.connect() as engine:
        assert engine.execute(f"SELECT {duckdb_text(node)}").fetchall() == [(date(2026, 7, 1),)]


@pytest.mark.parametrize("zone", STEADY)
def test_clocks_taken_for_steady_stand_still_in_every_hour_of_their_years(zone: str) -> None:
    steady = STEADY[zone]
    with duckdb.connect() as engine:
        moved = """SELECT count(*), count(*) FILTER (
              epoch_us(timezone($zone, make_timestamptz(us))) <> us + $ahead
              OR epoch_us(timezone($zone, make_timestamptz(us - 1))) <> us - 1 + $ahead)
          FROM (SELECT unnest(range($since, $until + 3_600_000_000, 3_600_000_000)) AS us)"""
        asked = {
            "zone": zone,
            "ahead": steady.ahead,
            "since": int(steady.since.timestamp()) * 1_000_000,
            "until": int(steady.until.timestamp()) * 1_000_000,
        }
        hours, found = engine.execute(moved, asked).fetchall()[0]
    assert hours > 24 * 365 * (steady.until.year - steady.since.year)
    assert found == 0


@pytest.mark.parametrize("unit", TimeUnit)
@pytest.mark.parametrize("zone", STEADY)
def test_a_start_that_is_reckoned_is_the_one_that_is_looked_up(unit: TimeUnit, zone: str) -> None:
    at = exp.column("at", quoted=True)
    reckoned = bucket_start(at, Kind.TIMESTAMP, unit, zone)
    assert isinstance(reckoned, exp.Case)
    text = f"""SELECT count(*), count(*) FILTER (a IS DISTINCT FROM b) FROM (
          SELECT {duckdb_text(reckoned)} AS a, {duckdb_text(reckoned.args["default"])} AS b
          FROM (SELECT make_timestamptz(us + beside) AS at
            FROM (SELECT unnest(range($first, $last, {TWELVE_HOURS})) AS us),
              (VALUES (-1), (0), (1)) AS v(beside)
            UNION ALL SELECT unnest(['infinity', '-infinity', NULL, '0044-03-15 (BC) 12:00:00+00',
              '9999-12-31 23:59:59+00'])::TIMESTAMPTZ))"""
    midnight = 4 * 3_600_000_000
    days = {"first": midnight - 92_592 * TWELVE_HOURS, "last": 231_481 * TWELVE_HOURS}
    with duckdb.connect() as engine:
        rows, found = engine.execute(text, days).fetchall()[0]
    assert rows > 900_000
    assert found == 0


ODD_INSTANTS = """['0044-03-15 (BC) 12:00:00+00', '0001-01-01 00:00:00+00', '1900-12-31 15:54:16+00',
    '1900-12-31 15:54:17+00', '1940-05-31 15:59:59+00', '9999-12-31 23:59:59+00']::TIMESTAMPTZ[]
    || [make_timestamptz(-9200000000000000000), make_timestamptz(9223371000000000000)]"""


@pytest.mark.parametrize("unit", sorted(OF_MONTHS))
@pytest.mark.parametrize("zone", STEADY)
def test_the_mark_of_a_month_tells_where_its_bucket_begins(unit: TimeUnit, zone: str) -> None:
    at, mark = exp.column("instant", quoted=True), exp.column("mark", quoted=True)
    marks = MonthMark(unit, zone, exp.Literal.string(zone))
    start = bucket_start(at, Kind.TIMESTAMP, unit, zone)
    text = f"""WITH instants AS (SELECT make_timestamptz(us + beside) AS instant
            FROM (SELECT unnest(range($first, $last, {TWELVE_HOURS})) AS us),
              (VALUES (-1), (0), (1)) AS v(beside)
            UNION ALL SELECT unnest({ODD_INSTANTS})),
          marked AS (SELECT instant, {duckdb_text(marks.of(at))} AS mark FROM instants),
          told AS (SELECT mark, {duckdb_text(start)} AS a, {duckdb_text(marks.start(mark))} AS b FROM marked)
        SELECT count(*), count(*) FILTER (a IS DISTINCT FROM b),
          (SELECT max(n) FROM (SELECT count(DISTINCT mark) AS n FROM marked
             GROUP BY date_trunc('month', timezone('{zone}', instant)))) FROM told"""
    midnight = 4 * 3_600_000_000
    days = {"first": midnight - 92_592 * TWELVE_HOURS, "last": 231_481 * TWELVE_HOURS}
    with duckdb.connect() as engine:
        rows, wrong, most = engine.execute(text, days).fetchall()[0]
    assert rows > 900_000
    assert wrong == 0
    assert most == 2


def test_what_is_no_instant_has_no_mark() -> None:
    marks = MonthMark(TimeUnit.MONTH, "Asia/Shanghai", exp.Literal.string("Asia/Shanghai"))
    text = duckdb_text(marks.of(VALUE))
    with duckdb.connect() as engine:
        found = engine.execute(f"""SELECT {text} FROM (SELECT
            unnest([NULL, 'infinity', '-infinity'])::TIMESTAMPTZ AS value)""").fetchall()
    assert found == [(None,)] * 3
