"""Chinese working days: what the deadlines of the law are counted in.

The day of receipt is not counted; a deadline ends with the last counted day, at midnight in the
city. In a year whose holidays are not announced yet only weekends rest, so that a deadline can come
out earlier than the law's, never later.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

from catalog.clock import CITY_ZONE
from catalog.declaration import Declared, checked, read_document

SATURDAY = 5
DAY = timedelta(days=1)


class Holiday(Declared):
    name: str
    first: date
    last: date


class CalendarYear(Declared):
    """`notice` names the announcement the facts were taken from."""

    year: int
    notice: str
    holidays: tuple[Holiday, ...]
    workdays: tuple[date, ...]


class CalendarFile(Declared):
    years: tuple[CalendarYear, ...]


@dataclass(frozen=True, slots=True)
class WorkingDays:
    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()
    announced: frozenset[int] = frozenset()

    def is_working(self, day: date) -> bool:
        if day in self.workdays:
            return True
        return day.weekday() < SATURDAY and day not in self.holidays

    def deadline(self, received: datetime, days: int) -> datetime:
        """The instant from which an answer to something received then is late."""
        day = received.astimezone(CITY_ZONE).date()
        for _ in range(days):
            day += DAY
            while not self.is_working(day):
                day += DAY
        return datetime.combine(day + DAY, time(), CITY_ZONE)

    def between(self, start: datetime, end: datetime) -> int:
        """The whole working days that a deadline `end` still leaves to someone who is told at `start`."""
        day, left = start.astimezone(CITY_ZONE).date() + DAY, 0
        last = end.astimezone(CITY_ZONE).date()
        while day < last:
            left += self.is_working(day)
            day += DAY
        return left


WEEKDAYS = WorkingDays()
"""Monday to Friday: where no calendar is given."""


def read_working_days(file: Path) -> WorkingDays:
    """A city's calendar file; DeclarationError names file and line."""
    document = read_document(file)
    years = checked(document, CalendarFile).years
    holidays: set[date] = set()
    workdays: set[date] = set()
    for number, year in enumerate(years):
        for index, holiday in enumerate(year.holidays):
            days = _days(holiday)
            if not days or {day.year for day in days} != {year.year}:
                raise document.error(
                    ("years", number, "holidays", index),
                    f"{holiday.name} is not a span of days in {year.year}.",
                )
            holidays |= days
        wrong = [d for d in year.workdays if d.year != year.year or d.weekday() < SATURDAY]
        if wrong or holidays & set(year.workdays):
            raise document.error(
                ("years", number, "workdays"), "a workday is a Saturday or Sunday of its year."
            )
        workdays |= set(year.workdays)
    return WorkingDays(
        frozenset(holidays), frozenset(workdays), frozenset(year.year for year in years)
    )


def _days(holiday: Holiday) -> set[date]:
    return {holiday.first + DAY * n for n in range((holiday.last - holiday.first).days + 1)}
