"""Periods by the clocks of the city, as plain timestamps without a zone."""

from datetime import datetime, timedelta

from catalog.clock import CITY_ZONE
from catalog.indicators.period import MONTHS, SECONDS, Grain, Window


def city_time(at: datetime) -> datetime:
    """What the city's clocks show."""
    return at.astimezone(CITY_ZONE).replace(tzinfo=None)


def instant(shown: datetime) -> datetime:
    return shown.replace(tzinfo=CITY_ZONE)


def start_of(at: datetime, grain: Grain) -> datetime:
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    match grain:
        case Grain.FIVE_MINUTES:
            return at.replace(minute=at.minute // 5 * 5, second=0, microsecond=0)
        case Grain.HOUR:
            return at.replace(minute=0, second=0, microsecond=0)
        case Grain.DAY:
            return day
        case Grain.WEEK:
            return day - timedelta(days=day.weekday())
        case Grain.MONTH:
            return day.replace(day=1)
        case Grain.QUARTER:
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case Grain.YEAR:
            return day.replace(month=1, day=1)


def back(at: datetime, window: Window, times: int = 1) -> datetime:
    """So many windows earlier; the 31st of a month is the last day of a shorter one."""
    count = window.count * times
    if window.unit in SECONDS:
        return at - timedelta(seconds=SECONDS[window.unit] * count)
    months = at.year * 12 + at.month - 1 - MONTHS[window.unit] * count
    year, month = divmod(months, 12)
    first = at.replace(year=year, month=month + 1, day=1)
    after = datetime(year + (month == 11), (month + 1) % 12 + 1, 1)  # noqa: DTZ001, PLR2004 - December
    last = (after - timedelta(days=1)).day
    return first.replace(day=min(at.day, last))


def ahead(at: datetime, grain: Grain) -> datetime:
    """The end of the period that begins at `at`."""
    return back(at, Window(1, grain), -1)
