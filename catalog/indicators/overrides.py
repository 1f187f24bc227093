"""Overrides of thresholds that can never hold: hours that are none, and what stands behind another one.

The first override that fits counts, so the more exact one stands first.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import combinations

from catalog.indicators.threshold import Hours, MonthDay, Override, Season
from catalog.places import Places

Problem = tuple[tuple[str | int, ...], str]
LEAP = date(2024, 1, 1)
"""A leap year has every day that a season may name."""
YEAR = tuple(LEAP + timedelta(days=day) for day in range(366))
DAY = 24 * 60


def override_problems(overrides: tuple[Override, ...], places: Places) -> Iterator[Problem]:
    """Of known places."""
    for index, override in enumerate(overrides):
        if override.hours is not None and override.hours.first == override.hours.last:
            yield (
                (index, "hours"),
                "the hours end when they begin, so there are none; leave them out.",
            )
    for (first, wide), (second, narrow) in combinations(enumerate(overrides), 2):
        if _covers(wide, narrow, places):
            problem = (
                f"never holds: override {first + 1}, which stands before it, fits wherever it does."
                " Put the more exact one first."
            )
            yield (second,), problem


def _covers(wide: Override, narrow: Override, places: Places) -> bool:
    """Whether one fits wherever the other does."""
    if wide.places:
        governed = [{p, *(a.code for a in places.ancestors(p))} for p in narrow.places]
        if not governed or not all(each & set(wide.places) for each in governed):
            return False
    return _days(wide.season) >= _days(narrow.season) and _minutes(wide.hours) >= _minutes(
        narrow.hours
    )


def _days(season: Season | None) -> set[date]:
    if season is None:
        return set(YEAR)
    first, last = _day(season.first), _day(season.last)
    if first <= last:
        return {day for day in YEAR if first <= day <= last}
    return {day for day in YEAR if day >= first or day <= last}


def _day(of: MonthDay) -> date:
    return date(LEAP.year, of.month, of.day)


def _minutes(hours: Hours | None) -> set[int]:
    if hours is None:
        return set(range(DAY))
    first, last = (clock.hour * 60 + clock.minute for clock in (hours.first, hours.last))
    if first <= last:
        return set(range(first, last))
    return set(range(DAY)) - set(range(last, first))
