"""Which rungs judge a period at a place: those of the first override that fits, else the usual.

What fits is asked of the period's last moment: the day that ends a season is still of it.
"""

from datetime import datetime, time, timedelta

from catalog.clock import CITY_ZONE
from catalog.ids import PlaceCode
from catalog.indicators.threshold import Hours, Override, Rung, Season, Thresholds
from catalog.places import Places


def rungs_at(
    thresholds: Thresholds, place: PlaceCode, at: datetime, places: Places
) -> tuple[Rung, ...]:
    """`at`: the end of the period."""
    local = (at - timedelta.resolution).astimezone(CITY_ZONE)
    for override in thresholds.overrides:
        if _fits(override, place, local, places):
            return override.rungs
    return thresholds.rungs


def _fits(override: Override, place: PlaceCode, local: datetime, places: Places) -> bool:
    if override.season is not None and not in_season(override.season, local):
        return False
    if override.hours is not None and not in_hours(override.hours, local.time()):
        return False
    if not override.places:
        return True
    if place not in places:
        return False  # it is a place no more
    line = (place, *(above.code for above in places.ancestors(place)))
    return any(code in override.places for code in line)


def in_season(season: Season, day: datetime) -> bool:
    first = (season.first.month, season.first.day)
    last = (season.last.month, season.last.day)
    here = (day.month, day.day)
    return first <= here <= last if first <= last else here >= first or here <= last


def in_hours(hours: Hours, clock: time) -> bool:
    if hours.first <= hours.last:
        return hours.first <= clock < hours.last
    return clock >= hours.first or clock < hours.last
