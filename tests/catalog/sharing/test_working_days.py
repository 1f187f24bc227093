"""Chinese working days: the real calendars of 2025 and 2026, and what always holds."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.clock import CITY_ZONE
from catalog.errors import DeclarationError
from catalog.sharing.working_days import WEEKDAYS, read_working_days
from tests.catalog.conftest import CITY

DAYS = read_working_days(CITY / "calendar.yaml")
instants = st.datetimes(datetime(2025, 1, 1), datetime(2027, 6, 1), timezones=st.just(CITY_ZONE))  # noqa: DTZ001 - hypothesis wants naive bounds


def test_the_calendar_counts_the_working_days_that_were_announced() -> None:
    for year, count in ((2025, 248), (2026, 248)):
        first = date(year, 1, 1)
        days = [first + timedelta(days=n) for n in range(365)]
        assert sum(map(DAYS.is_working, days)) == count
    assert DAYS.announced == {2025, 2026}


@pytest.mark.parametrize(
    ("day", "working"),
    [
        (date(2026, 2, 14), True),  # a Saturday worked for the Spring Festival
        (date(2026, 2, 16), False),
        (date(2026, 2, 24), True),
        (date(2025, 10, 8), False),
        (date(2025, 10, 11), True),
        (date(2026, 10, 7), False),
        (date(2026, 10, 8), True),
        (date(2026, 9, 20), True),
        (date(2026, 3, 7), False),
    ],
)
def test_holidays_rest_and_their_swapped_weekends_work(day: date, *, working: bool) -> None:
    assert DAYS.is_working(day) is working


def test_a_deadline_skips_the_spring_festival_and_counts_the_worked_saturdays() -> None:
    friday = datetime(2026, 2, 13, 9, tzinfo=CITY_ZONE)
    # 14, 24, 25, 26, 27, 28 February, 2, 3, 4, 5 March
    assert DAYS.deadline(friday, 10) == datetime(2026, 3, 6, tzinfo=CITY_ZONE)


def test_the_day_of_receipt_is_the_citys_day_not_that_of_greenwich() -> None:
    tuesday_there = datetime(2026, 3, 2, 17, tzinfo=UTC)  # already Tuesday in the city
    assert DAYS.deadline(tuesday_there, 1) == datetime(2026, 3, 5, tzinfo=CITY_ZONE)


@settings(max_examples=50, deadline=None)
@given(received=instants, days=st.integers(1, 30))
def test_a_deadline_has_exactly_its_working_days_and_ends_after_one(
    received: datetime, days: int
) -> None:
    deadline = DAYS.deadline(received, days)

    assert DAYS.between(received, deadline) == days
    assert DAYS.is_working(deadline.date() - timedelta(days=1))
    assert deadline > received


@settings(max_examples=50, deadline=None)
@given(
    received=instants,
    later=st.timedeltas(timedelta(0), timedelta(days=40)),
    days=st.integers(1, 20),
)
def test_whoever_asks_later_is_never_answered_earlier(
    received: datetime, later: timedelta, days: int
) -> None:
    assert DAYS.deadline(received, days) <= DAYS.deadline(received + later, days)
    assert DAYS.deadline(received, days) < DAYS.deadline(received, days + 1)


def test_an_unannounced_year_rests_at_weekends_only_so_that_no_deadline_is_too_late() -> None:
    assert DAYS.is_working(date(2027, 10, 1))
    assert WEEKDAYS.is_working(date(2026, 10, 1))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "years:\n  - year: 2026\n    notice: x\n    holidays: []\n    workdays: [2026-03-02]\n",
            5,
        ),
        (
            (
                "years:\n  - year: 2026\n    notice: x\n    holidays:\n"
                "      - {name: 反, first: 2026-05-03, last: 2026-05-01}\n    workdays: []\n"
            ),
            5,
        ),
        ("years:\n  - year: 2026\n    notice: x\n    holidays: 一\n    workdays: []\n", 4),
    ],
)
def test_a_wrong_calendar_names_its_line(tmp_path: Path, text: str, line: int) -> None:
    file = tmp_path / "calendar.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(DeclarationError, match=rf"calendar\.yaml, line {line}"):
        read_working_days(file)
