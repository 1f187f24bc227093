"""What holds for every scenario, start and now."""

import csv
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.lifeline import CITY
from demo.scenario import Scenario, ScenarioName, scenario
from demo.stations import BEIBEI, CIQIKOU, CUNTAN
from demo.timeline import SLOT, SLOTS

START = datetime(2026, 7, 12, 3, 20, tzinfo=UTC)
RECORDED = CITY / "domains" / "flood" / "readings.csv"
names = st.sampled_from(ScenarioName)
starts = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
passed = st.integers(-120 * 4, 3 * 120 * 4).map(lambda quarters: timedelta(minutes=15 * quarters))
both = pytest.mark.parametrize("name", list(ScenarioName))


def of(name: ScenarioName, start: datetime = START) -> Scenario:
    return scenario(name, start, CITY)


@settings(max_examples=30, deadline=None)
@given(names, starts, passed)
def test_no_time_of_a_reading_lies_after_now(
    name: ScenarioName, start: datetime, since: timedelta
) -> None:
    city = of(name, start)
    now = city.timeline.start + since
    assert all(r.observed_at <= now for r in city.national(now, limit=10**6))
    assert all(r.observed_at <= now for r in city.municipal(now))
    assert all(f.issued_at <= now < f.issued_at + timedelta(days=30) for f in city.forecasts(now))


@settings(max_examples=20, deadline=None)
@given(names, starts, passed)
def test_no_key_repeats_across_cycles(
    name: ScenarioName, start: datetime, since: timedelta
) -> None:
    city, now = of(name, start), start + since
    national = [(r.station_code, r.observed_at) for r in city.national(now, limit=10**6)]
    municipal = [(r.station_code, r.observed_at) for r in city.municipal(now)]
    assert len(set(national)) == len(national)
    assert len(set(municipal)) == len(municipal)
    forecasts = [(f.station_code, f.issued_at) for f in city.forecasts(now)]
    assert len(set(forecasts)) == len(forecasts)


@settings(max_examples=20, deadline=None)
@given(names, passed, st.integers(0, 900))
def test_what_was_served_once_stays_as_it_was(
    name: ScenarioName, since: timedelta, after: int
) -> None:
    city, later = of(name), of(name)
    now = START + since
    then = now + timedelta(hours=31)
    national = city.national(now, limit=10**6)
    assert later.national(then, limit=10**6)[: len(national)] == national
    assert [row.seq for row in national] == list(range(1, len(national) + 1))
    assert city.national(now, after, 500) == national[after : after + 500]
    municipal, forecasts = city.municipal(now), city.forecasts(now)
    assert later.municipal(then)[: len(municipal)] == municipal
    assert later.forecasts(then)[: len(forecasts)] == forecasts
    assert city.municipal(now, after) == municipal[after:]
    assert city.forecasts(now, 9) == forecasts[9:]


@both
def test_every_reading_and_forecast_is_of_a_known_station(name: ScenarioName) -> None:
    city = of(name)
    known = {station.code for station in city.stations}
    assert len(city.stations) == len(known) == 17
    assert {r.station_code for r in city.national(START)} <= known
    assert {r.station_code for r in city.municipal(START)} <= known
    assert {f.station_code for f in city.forecasts(START)} <= known


@both
def test_twelve_of_the_recorded_stations_lie_outside_the_city(name: ScenarioName) -> None:
    real = [station for station in of(name).stations if not station.assigned]
    assert sum(station.place is None for station in real) == 12
    assert all(station.code.startswith("CQ-") for station in of(name).stations if station.assigned)


def test_august_2020_serves_all_recorded_values_as_they_are() -> None:
    city = of(ScenarioName.AUGUST_2020)
    rows = [r for r in city.national(START, limit=10**6) if r.station_code != BEIBEI]
    with RECORDED.open(encoding="utf-8", newline="") as stream:
        source = list(csv.DictReader(stream))
    shift = START - datetime.fromisoformat("2020-08-21T20:00:00+08:00")
    assert sorted(
        (r.station_code, r.observed_at, r.level, r.flow, r.outflow, r.trend) for r in rows
    ) == sorted(
        (
            s["station_code"],
            datetime.fromisoformat(s["observed_at"]) + shift,
            s["level_m"],
            s["flow_m3s"],
            s["outflow_m3s"],
            int(s["trend_code"]),
        )
        for s in source
    )
    assert not any(r.synthetic for r in rows)
    assert sum(r.flow == "0" for r in rows) > 150


def test_only_generated_series_are_synthetic() -> None:
    generated = {r.station_code for r in of(ScenarioName.CIQIKOU).national(START) if r.synthetic}
    assert generated == {CUNTAN, BEIBEI}
    august = of(ScenarioName.AUGUST_2020)
    assert {r.station_code for r in august.national(START) if r.synthetic} == {BEIBEI}
    assert not any(r.synthetic for r in august.municipal(START) if r.station_code == CUNTAN)
    assert all(f.synthetic for f in august.forecasts(START))


@both
def test_the_ministry_writes_beibei_in_wusong_and_the_bureau_in_huanghai(
    name: ScenarioName,
) -> None:
    city = of(name)
    national = {
        r.observed_at: r.level for r in city.national(START, limit=900) if r.station_code == BEIBEI
    }
    municipal = {r.observed_at: r for r in city.municipal(START) if r.station_code == BEIBEI}
    assert set(national) == set(municipal)
    for at, level in national.items():
        assert Decimal(level) - municipal[at].level == Decimal("1.59")
        assert municipal[at].datum == "黄海"


def test_the_latest_forecast_of_ciqikou_is_181_metres_hours_ahead() -> None:
    issued = [f for f in of(ScenarioName.CIQIKOU).forecasts(START) if f.station_code == CIQIKOU]
    latest = max(issued, key=lambda f: f.issued_at)
    assert latest.issued_at == START
    assert latest.peak_level == Decimal("181.00")
    assert latest.peak_at == START + timedelta(hours=8)
    now_coming = [f for f in issued if f.issued_at > START - timedelta(hours=30)]
    errors = [abs(f.peak_level - latest.peak_level) for f in now_coming]
    assert max(errors[: len(errors) // 2]) > Decimal("0.10")
    assert max(errors[-3:]) <= Decimal("0.10")


def test_the_forecast_of_ciqikou_stands_until_the_next_flood() -> None:
    city = of(ScenarioName.CIQIKOU)
    for hours in range(0, 80, 2):
        issued = city.forecasts(START + timedelta(hours=hours))
        latest = [f for f in issued if f.station_code == CIQIKOU][-1]
        assert latest.peak_level == Decimal("181.00")


def test_the_observed_peak_is_the_forecast_one() -> None:
    city = of(ScenarioName.CIQIKOU)
    rows = [r for r in city.municipal(START + 4 * SLOT) if r.station_code == CIQIKOU]
    assert rows[-1].level == Decimal("181.00") == max(r.level for r in rows)
    assert rows[-1].scenario_id == "ciqikou-2"


def test_the_forecasts_of_august_2020_hold_a_fixed_error() -> None:
    first, second = (of(ScenarioName.AUGUST_2020).forecasts(START) for _ in range(2))
    assert first == second
    levels = [f.peak_level for f in first if f.station_code == CIQIKOU]
    assert len(set(levels)) > 5
    assert all(abs(level - Decimal("192.65")) < 2 for level in levels)


@both
def test_a_peak_is_forecast_after_its_issue(name: ScenarioName) -> None:
    for forecast in of(name).forecasts(START + timedelta(days=10)):
        assert forecast.peak_at > forecast.issued_at


@both
def test_the_district_gauges_follow_the_level_at_ciqikou(name: ScenarioName) -> None:
    city = of(name)
    level = [r.level for r in city.municipal(START) if r.station_code == CIQIKOU][-1]
    gauges = city.gauges(START)
    assert gauges[0].level == level
    assert all(abs(g.level - level) < 1 for g in gauges)
    assert {g.scenario_id for g in gauges} == {f"{name}-1"}


def test_two_starts_give_the_same_values_at_other_times() -> None:
    first = of(ScenarioName.CIQIKOU).municipal(START)
    other = START + timedelta(days=3)
    second = of(ScenarioName.CIQIKOU, other).municipal(other)
    assert [(r.station_code, r.level) for r in first] == [(r.station_code, r.level) for r in second]
    assert len(first) == 4 * SLOTS
