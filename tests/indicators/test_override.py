"""Which rungs are in force where and when."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest

from catalog.clock import CITY_ZONE
from catalog.ids import PlaceCode
from catalog.indicators.threshold import (
    AlertLevel,
    Hours,
    Limit,
    MonthDay,
    Override,
    Rung,
    Season,
    Thresholds,
)
from indicators.override import rungs_at
from indicators.relation import scopes_of
from tests.indicators.drawing import CITY, DISTRICT, MOVED, PLACES, TOWN, ZONE

NOON = datetime(2026, 7, 15, 12, tzinfo=CITY_ZONE)


def at_limit(value: int) -> tuple[Rung, ...]:
    limit = Limit(above=Decimal(value))
    return (Rung(AlertLevel.RED, limit, limit),)


USUAL = at_limit(1)
OTHER = at_limit(2)


def in_force(override: Override, place: PlaceCode = TOWN, at: datetime = NOON) -> bool:
    found = rungs_at(Thresholds(USUAL, (override,)), place, at, PLACES)
    assert found in (USUAL, OTHER)
    return found == OTHER


def test_an_override_holds_for_what_its_places_govern() -> None:
    override = Override(OTHER, places=(DISTRICT,))
    assert in_force(override, DISTRICT)
    assert in_force(override, TOWN)
    assert not in_force(override, CITY)


def test_a_town_that_moved_has_the_limits_of_the_zone_that_governs_it() -> None:
    assert in_force(Override(OTHER, places=(ZONE,)), MOVED)
    assert not in_force(Override(OTHER, places=(DISTRICT,)), MOVED)


@pytest.mark.parametrize(
    ("first", "last", "held"),
    [((5, 1), (9, 30), True), ((7, 15), (7, 15), True), ((7, 16), (7, 14), False)],
)
def test_a_season_has_both_its_ends(
    first: tuple[int, int], last: tuple[int, int], *, held: bool
) -> None:
    assert in_force(Override(OTHER, season=Season(MonthDay(*first), MonthDay(*last)))) is held


def test_a_season_goes_over_the_turn_of_the_year() -> None:
    winter = Override(OTHER, season=Season(MonthDay(11, 1), MonthDay(2, 28)))
    assert in_force(winter, at=NOON.replace(month=12))
    assert in_force(winter, at=NOON.replace(month=1))
    assert not in_force(winter)


@pytest.mark.parametrize(
    ("hour", "held"), [(21, False), (22, False), (23, True), (0, True), (6, True), (7, False)]
)
def test_hours_go_over_midnight_and_end_before_their_last(hour: int, *, held: bool) -> None:
    """Of the periods of an hour that end then."""
    night = Override(OTHER, hours=Hours(time(22), time(6)))
    assert in_force(night, at=NOON.replace(hour=hour)) is held


def test_hours_are_those_of_the_citys_clocks_whatever_zone_an_instant_has() -> None:
    assert in_force(Override(OTHER, hours=Hours(time(11), time(12))), at=NOON.astimezone(UTC))


def test_the_last_day_of_a_season_is_judged_by_it_though_it_ends_at_midnight() -> None:
    flood = Override(OTHER, season=Season(MonthDay(6, 1), MonthDay(9, 30)))
    midnight = datetime(2026, 10, 1, tzinfo=CITY_ZONE)
    assert in_force(flood, at=midnight)
    assert not in_force(flood, at=midnight + timedelta(days=1))
    assert not in_force(flood, at=datetime(2026, 6, 1, tzinfo=CITY_ZONE))


def test_the_first_override_that_fits_counts() -> None:
    exact = Override(OTHER, places=(TOWN,))
    wide = replace(exact, rungs=at_limit(3), places=(DISTRICT,))
    assert rungs_at(Thresholds(USUAL, (exact, wide)), TOWN, NOON, PLACES) == OTHER


def test_places_that_are_no_more_stop_no_others() -> None:
    """What is in force for the others, and for all of them in one statement, is told as before."""
    gone = PlaceCode("500105")
    override = Override(OTHER, places=(gone, TOWN))
    assert in_force(override, TOWN)
    assert not in_force(override, gone)
    scopes = scopes_of({"IN60": Thresholds(USUAL, (override, Override(OTHER, (gone,))))}, PLACES)
    assert scopes.column("variant").to_pylist() == [1]
