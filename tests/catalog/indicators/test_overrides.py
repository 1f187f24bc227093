"""An override that can never hold is refused with the remedy."""

from datetime import time

import pytest

from catalog.errors import DeclarationError
from catalog.ids import PlaceCode
from catalog.indicators.checks import check_indicators
from catalog.indicators.overrides import override_problems
from catalog.indicators.threshold import Hours, MonthDay, Override, Season
from tests.indicator_data import PLACES, around, read, text

CITY, DISTRICT, TOWN = (PlaceCode(code) for code in ("500000", "500106", "500106001"))
SUMMER = Season(MonthDay(6, 1), MonthDay(9, 30))
JULY = Season(MonthDay(7, 1), MonthDay(7, 31))
WINTER = Season(MonthDay(11, 1), MonthDay(2, 29))
NEW_YEAR = Season(MonthDay(12, 31), MonthDay(1, 1))
NIGHT = Hours(time(22), time(6))
MIDNIGHT = Hours(time(23), time(1))
NOON = Hours(time(11), time(13))


def problems(*overrides: Override) -> list[tuple[str | int, ...]]:
    return [path for path, _ in override_problems(overrides, PLACES)]


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        (Override((), places=(DISTRICT,)), Override((), places=(TOWN,))),
        (Override((), places=(CITY,)), Override((), places=(DISTRICT, TOWN), hours=NOON)),
        (Override((), season=SUMMER), Override((), season=JULY)),
        (Override((), season=WINTER), Override((), places=(TOWN,), season=NEW_YEAR)),
        (Override((), hours=NIGHT), Override((), hours=MIDNIGHT)),
        (Override((), season=JULY), Override((), season=JULY)),
    ],
)
def test_the_more_exact_override_stands_first(wide: Override, narrow: Override) -> None:
    assert problems(wide, narrow) == [(1,)]
    assert wide == narrow or problems(narrow, wide) == []


@pytest.mark.parametrize(
    "two",
    [
        (Override((), places=(TOWN,)), Override((), season=JULY)),
        (Override((), season=JULY), Override((), season=WINTER)),
        (Override((), hours=NOON), Override((), hours=NIGHT)),
        (Override((), places=(DISTRICT,), hours=NOON), Override((), places=(TOWN,))),
        (Override((), places=(TOWN,)), Override((), places=(TOWN, CITY))),
    ],
)
def test_overrides_that_hold_apart_or_in_part_stand_together(two: tuple[Override, ...]) -> None:
    assert problems(*two) == []


def test_hours_that_end_when_they_begin_are_none() -> None:
    assert problems(Override((), hours=Hours(time(8), time(8)))) == [(0, "hours")]


def test_a_definition_is_refused_with_the_line_of_the_override() -> None:
    declared = read(
        text(
            more="""thresholds:
  levels:
    red: {enter: {above: 90}}
  overrides:
    - {places: ["500106"], levels: {red: {enter: {above: 80}}}}
    - {places: ["500106001"], levels: {red: {enter: {above: 70}}}}
"""
        )
    )
    with pytest.raises(DeclarationError, match="more exact one first") as refused:
        check_indicators([declared], around())
    line = refused.value.details["line"]
    assert '"500106001"' in declared.document.text.split("\n")[int(str(line)) - 1]
