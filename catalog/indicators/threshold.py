"""Thresholds as data: five levels, each with where it begins, where it ends, and how long.

A level is entered when the value is below `enter.below` or above `enter.above`, for `for_periods`
periods in a row, and left when it is no longer beyond `exit`, `keep_periods` periods later. Whoever
evaluates them takes the most severe level that holds; what is beyond none is GREEN.
"""

from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from enum import StrEnum
from itertools import combinations

from catalog.ids import PlaceCode


class AlertLevel(StrEnum):
    """重大, 较大, 一般, 较低, 低: from the most severe on."""

    RED = "red"
    ORANGE = "orange"
    YELLOW = "yellow"
    BLUE = "blue"
    GREEN = "green"


SEVERE_FIRST = tuple(AlertLevel)


@dataclass(frozen=True, slots=True)
class Limit:
    """Beyond it is what lies strictly below `below` or strictly above `above`; None: no such side."""

    below: Decimal | None = None
    above: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Rung:
    """One level. `exit` is `enter` or lies nearer to what is good: hysteresis."""

    level: AlertLevel
    enter: Limit
    exit: Limit
    for_periods: int = 1
    keep_periods: int = 0


@dataclass(frozen=True, slots=True)
class MonthDay:
    month: int
    day: int


@dataclass(frozen=True, slots=True)
class Season:
    """Both days included; the first may lie after the last, over the turn of the year."""

    first: MonthDay
    last: MonthDay


@dataclass(frozen=True, slots=True)
class Hours:
    """From `first` until before `last` by the city's clocks; over midnight where `first` is later."""

    first: time
    last: time


@dataclass(frozen=True, slots=True)
class Override:
    """Other rungs where all of these hold: at or below one of the places, in the season, in the hours.
    The first override that holds counts. No rungs: never an alert there and then.
    """

    rungs: tuple[Rung, ...]
    places: tuple[PlaceCode, ...] = ()
    season: Season | None = None
    hours: Hours | None = None


class NoData(StrEnum):
    """What becomes of the level while there is no value."""

    KEEP = "keep"
    CLEAR = "clear"
    RAISE = "raise"


@dataclass(frozen=True, slots=True)
class NoDataPolicy:
    """After `after_periods` periods without a value; `level` is what RAISE raises."""

    action: NoData = NoData.KEEP
    after_periods: int = 1
    level: AlertLevel | None = None


@dataclass(frozen=True, slots=True)
class Thresholds:
    """`scale` names whose levels these are: colours of two scales are never compared. `labels` are that
    scale's own names of them (一级).
    """

    rungs: tuple[Rung, ...]
    overrides: tuple[Override, ...] = ()
    no_data: NoDataPolicy = NoDataPolicy()
    scale: str = "five"
    labels: tuple[tuple[AlertLevel, str], ...] = ()


def overlap(rungs: tuple[Rung, ...]) -> str | None:
    """What is wrong between or within the rungs of one ladder; None: they are in order."""
    ladder = sorted(rungs, key=lambda rung: SEVERE_FIRST.index(rung.level))
    for rung in ladder:
        problem = _problem(rung)
        if problem is not None:
            return f"{rung.level}: {problem}"
    if len({rung.level for rung in ladder}) < len(ladder):
        return "a level stands there twice."
    for severe, mild in combinations(ladder, 2):
        if not (_beyond(severe.enter, mild.enter, strictly=True)):
            return (
                f"{severe.level} and {mild.level} overlap: {severe.level} must begin farther out."
            )
        if not _beyond(severe.exit, mild.exit, strictly=False):
            return (
                f"{severe.level} would end after {mild.level}: bring its exit nearer to its enter."
            )
    return None


def _problem(rung: Rung) -> str | None:
    enter, leave = rung.enter, rung.exit
    if enter == Limit():
        return "enter needs below or above."
    if enter.below is not None and enter.above is not None and enter.below > enter.above:
        return "below lies above above: every value would be beyond both."
    if (enter.below is None, enter.above is None) != (leave.below is None, leave.above is None):
        return "enter and exit have the same sides."
    if not _beyond(enter, leave, strictly=False):
        return "exit lies farther out than enter; the level would end before it begins."
    if leave.below is not None and leave.above is not None and leave.below > leave.above:
        return "its exits overlap: it would never end."
    return None


def _beyond(outer: Limit, inner: Limit, *, strictly: bool) -> bool:
    """Whether `outer` lies farther out than `inner` on each side that both have."""
    for low, high in ((outer.below, inner.below), (inner.above, outer.above)):
        if low is not None and high is not None and (low > high or (strictly and low == high)):
            return False
    return True
