"""Each compiled indicator is what looking at every row comes to: nulls, gaps, orphans, ties, late as-of."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from catalog.clock import CITY_ZONE
from catalog.ids import IndicatorCode, PlaceCode
from catalog.indicators.period import Grain
from catalog.places import PlaceLevel, padded
from indicators.compiler.calendar import ahead, city_time, start_of
from tests.indicator_data import PLACES
from tests.indicators.compiler.oracle import Oracle, Row, Value
from tests.indicators.compiler.warehouse import Warehouse, defined, place, question

DAYS = [date(2026, 1, 25) + timedelta(days=n) for n in range(40)]
CODES = [None, "500106", "500106001", "500106001003", "500106002"]
EVENT = "data_set: event_fact, time: opened_on"
AT = "data_set: event_fact, time: opened_at"
KNOWN = defined(
    n=f"simple: {{{EVENT}, aggregation: count}}",
    zeros=f"simple: {{{EVENT}, aggregation: count}}\nfill: {{kind: zero}}",
    lasting=f"simple: {{{EVENT}, aggregation: sum, value: minutes}}\nfill: {{kind: carry, periods: 3}}",
    lasted="offset: {of: lasting, window: {count: 1, unit: month}, movement: difference}",
    fires=f"simple: {{{EVENT}, aggregation: count, where: {{kind: {{eq: fire}}}}}}",
    valued=f"simple: {{{EVENT}, aggregation: count, value: minutes}}",
    total=f"simple: {{{EVENT}, aggregation: sum, value: minutes}}",
    worked=f"simple: {{{EVENT}, aggregation: sum, value: 'abs(minutes - 3) / minutes'}}",
    least=f"simple: {{{EVENT}, aggregation: min, value: minutes}}",
    most=f"simple: {{{EVENT}, aggregation: max, value: minutes}}",
    mean=f"simple: {{{EVENT}, aggregation: average, value: minutes}}",
    area=f"simple: {{{EVENT}, aggregation: sum, value: grid.area, where: {{grid.area: {{gt: 1}}}}}}",
    kinds=f"distinct: {{{EVENT}, value: kind}}",
    median=f"percentile: {{{EVENT}, value: minutes, fraction: 0.5}}",
    late=f"percentile: {{{EVENT}, value: minutes, fraction: 0.95, where: {{closed_at: {{is_null: true}}}}}}",
    stock=f"semi_additive: {{{EVENT}, value: minutes, entity: [grid_id]}}",
    carried=f"semi_additive: {{{EVENT}, value: minutes, entity: [grid_id, kind], carry: P5D}}",
    opening=f"semi_additive: {{{EVENT}, value: minutes, entity: [grid_id], pick: first, across: max}}",
    usual=f"semi_additive: {{{EVENT}, value: minutes, entity: [grid_id], pick: average}}",
    told=f"reported: {{{EVENT}, value: minutes}}",
    took=f"duration: {{{AT}, start: opened_at, end: closed_at, unit: minute}}",
    longest=f"duration: {{{AT}, start: opened_at, end: closed_at, unit: minute, aggregation: max}}",
    share="ratio: {numerator: fires, denominator: n, factor: 100}",
    made="derived: {formula: 'n * 2 - greatest(fires, 1) / valued'}",
    known="derived: {formula: 'first_known(a, 7) + least(zeros, 3)', terms: {a: fires}}",
    week="rolling: {of: n, window: {count: 7, unit: day}}",
    week_share="rolling: {of: share, window: {count: 7, unit: day}}",
    week_mean="rolling: {of: mean, window: {count: 7, unit: day}}",
    week_most="rolling: {of: most, window: {count: 3, unit: day}}",
    week_kinds="rolling: {of: kinds, window: {count: 7, unit: day}}",
    week_median="rolling: {of: median, window: {count: 7, unit: day}}",
    month_back="rolling: {of: total, window: {count: 1, unit: month}}",
    so_far="to_date: {of: n, grain: month}",
    so_far_kinds="to_date: {of: kinds, grain: month}",
    ever="cumulative: {of: total}",
    ever_kinds="cumulative: {of: kinds}",
    before="offset: {of: n, window: {count: 1, unit: month}}",
    moved="offset: {of: share, window: {count: 1, unit: month}, movement: change}",
    more="offset: {of: zeros, window: {count: 1, unit: month}, movement: difference}",
    at_start="offset: {of: so_far, start_of: month}",
    twice="offset: {of: before, window: {count: 1, unit: month}}",
    week_before="offset: {of: week, window: {count: 1, unit: month}, movement: difference}",
    score="composite: {parts: [{of: n, weight: 0.25}, {of: share, weight: 0.75, zero: 10, full: 60}]}",
    expected="band: {of: n, bound: expected, seasons: 3, every: 2}",
    lower="band: {of: zeros, bound: lower, seasons: 3, width: 1.5}",
)
DAILY = {code for code, each in KNOWN.items() if "band" in str(type(each.calculation)).lower()}

instants = st.datetimes(datetime(2026, 1, 25), datetime(2026, 3, 5), timezones=st.just(CITY_ZONE))
rows = st.lists(
    st.fixed_dictionaries(
        {
            "grid_id": st.sampled_from([None, 1, 2, 9]),
            "kind": st.sampled_from([None, "fire", "flood"]),
            "opened_on": st.sampled_from([None, *DAYS, *DAYS[:5]]),
            "opened_at": st.none() | instants,
            "closed_at": st.none() | instants,
            "minutes": st.none() | st.integers(-5, 9),
            "place_code": st.sampled_from(CODES).map(place),
        }
    ),
    max_size=25,
)  # fmt: skip
GRIDS = [{"grid_id": 1, "area": Decimal("1.5")}, {"grid_id": 2, "area": Decimal("0.125")}]


@pytest.fixture(scope="module")
def warehouse() -> Warehouse:
    made = Warehouse()
    made.put("grid", GRIDS)
    return made


def counts(
    level: PlaceLevel, dimensions: tuple[str, ...], at: int | None, key: tuple[Any, ...]
) -> Callable[[Row], bool]:
    """Whether a row counts for a place and the values of the dimensions."""
    return lambda row: (
        up(row["place_code"], level) == at and tuple(row[d] for d in dimensions) == key
    )


def states(
    dimensions: tuple[str, ...], at: int | None, key: tuple[Any, ...]
) -> Callable[[Row], bool]:
    """Whether a row says exactly that."""
    return lambda row: row["place_code"] == at and tuple(row[d] for d in dimensions) == key


def nothing(_row: Row) -> bool:
    return False


def up(code: int | None, level: PlaceLevel) -> int | None:
    """The place of the level that a padded code counts for."""
    if level is PlaceLevel.CITY:
        return padded(PlaceCode("500000"))
    digits = 6 if level is PlaceLevel.DISTRICT else 9
    if code is None or (level is PlaceLevel.TOWNSHIP and code % 10**9 == 0):
        return None
    step: int = 10 ** (15 - digits)
    return code // step * step


def near(found: Any, wanted: Value) -> bool:
    if found is None or wanted is None:
        return found is wanted
    return bool(found == pytest.approx(wanted, rel=1e-9, abs=1e-9))


@settings(
    max_examples=60,
    phases=[
        Phase.explicit,
        Phase.reuse,
        Phase.generate,
    ],  # a question takes too long to be made small
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(st.sampled_from(list(KNOWN)), min_size=1, max_size=5, unique=True),
    rows,
    st.sampled_from([Grain.DAY, Grain.DAY, Grain.MONTH]),
    st.tuples(
        st.sampled_from([PlaceLevel.CITY, PlaceLevel.DISTRICT, PlaceLevel.TOWNSHIP]),
        st.sampled_from([(), ("kind",), ("grid.area",)]),
    ),
    st.datetimes(datetime(2026, 2, 10), datetime(2026, 3, 20), timezones=st.just(CITY_ZONE)),
)
def test_every_type_is_what_its_rows_come_to(
    warehouse: Warehouse,
    chosen: list[IndicatorCode],
    events: list[Row],
    grain: Grain,
    cut: tuple[PlaceLevel, tuple[str, ...]],
    as_of: datetime,
) -> None:
    level, dimensions = cut
    areas = {each["grid_id"]: each["area"] for each in GRIDS}
    joined = [
        {**row, "event_id": i, "grid.area": areas.get(row["grid_id"])}
        for i, row in enumerate(events)
    ]
    warehouse.put("event_fact", joined)
    fit = [code for code in chosen if grain is Grain.DAY or code not in DAILY]
    codes = list(dict.fromkeys([IndicatorCode("n"), *fit]))
    until = date(2026, 3, 8) if grain is Grain.DAY else date(2026, 4, 1)
    asked = replace(
        question(*codes, grain=grain, since=date(2026, 2, 25), until=until, levels=[level], dimensions=dimensions),
        as_of=as_of,
    )  # fmt: skip
    answers = warehouse.ask(asked, KNOWN)
    listed = {padded(p.code) for p in PLACES if p.level is level}

    for answer in answers:
        key = tuple(answer[d] for d in dimensions)
        oracle = Oracle(
            KNOWN,
            {"event_fact": joined},
            grain,
            city_time(as_of),
            kept=counts(level, dimensions, answer["place"], key),
            same=states(dimensions, answer["place"], key) if answer["place"] in listed else nothing,
        )
        for code in codes:
            wanted = oracle.told(code, answer["start"])
            assert near(answer[code], wanted), (code, answer["start"], answer["place"], key)
            assert (answer[f"{code}__status"] == "missing") is (answer[code] is None)
    _check_complete(answers, joined, asked.grain, level, dimensions, city_time(as_of))


def _check_complete(
    answers: list[dict[str, Any]],
    events: list[dict[str, Any]],
    grain: Grain,
    level: PlaceLevel,
    dimensions: tuple[str, ...],
    as_of: datetime,
) -> None:
    """Each key once in each period: all places of the level, and whatever else has rows."""
    found = [(a["place"], *(a[d] for d in dimensions), a["start"]) for a in answers]
    assert len(found) == len(set(found))
    starts = {a["start"] for a in answers}
    if not dimensions:
        listed = {padded(p.code) for p in PLACES if p.level is level}
        assert {(p, s) for p in listed for s in starts} <= set(found)
    first = datetime(2026, 2, 25) if grain is Grain.DAY else datetime(2026, 2, 1)
    for row in events:
        if row["opened_on"] is None:
            continue
        at = datetime.combine(row["opened_on"], datetime.min.time())
        if first <= at <= as_of and at < datetime(2026, 3, 8):
            key = (up(row["place_code"], level), *(row[d] for d in dimensions))
            assert (*key, start_of(at, grain)) in found


def test_periods_begin_and_end_as_the_calendar_says(warehouse: Warehouse) -> None:
    for grain in (Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR):
        answers = warehouse.ask(question("n", grain=grain, until=date(2027, 1, 1)), KNOWN)
        starts = [answer["start"] for answer in answers]
        assert starts[0] == start_of(datetime(2026, 3, 1), grain)
        assert [answer["end"] for answer in answers] == [ahead(start, grain) for start in starts]
        assert starts[1:] == [answer["end"] for answer in answers[:-1]]
