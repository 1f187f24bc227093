"""Which rungs are in force where and when."""

from dataclasses import replace
from datetime import UTC, datetime, time
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
    ("hour", "held"), [(21, False), (22, True), (23, True), (0, True), (5, True), (6, False)]
)
def test_hours_go_over_midnight_and_end_before_their_last(hour: int, *, held: bool) -> None:
    night = Override(OTHER, hours=Hours(time(22), time(6)))
    assert in_force(night, at=NOON.replace(hour=hour)) is held


def test_hours_are_those_of_the_citys_clocks_whatever_zone_an_instant_has() -> None:
    assert in_force(Override(OTHER, hours=Hours(time(12), time(13))), at=NOON.astimezone(UTC))


def test_the_first_override_that_fits_counts() -> None:
    exact = Override(OTHER, places=(TOWN,))
    wide = replace(exact, rungs=at_limit(3), places=(DISTRICT,))
    assert rungs_at(Thresholds(USUAL, (exact, wide)), TOWN, NOON, PLACES) == OTHER
