"""Periods: how often an indicator is worked out, and how far a window or an offset reaches.

A grain that lies wholly inside another can be counted up to it; a week lies in no month.
"""

from dataclasses import dataclass
from enum import StrEnum


class Grain(StrEnum):
    """From fine to coarse; weeks begin on Monday, all by the city's clocks."""

    FIVE_MINUTES = "five_minutes"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


FINE_TO_COARSE = tuple(Grain)
SECONDS = {
    Grain.FIVE_MINUTES: 300,
    Grain.HOUR: 3_600,
    Grain.DAY: 86_400,
    Grain.WEEK: 604_800,
}
"""Of the grains that are always as long, by clocks that are never put forward or back."""
MONTHS = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}


@dataclass(frozen=True, slots=True)
class Window:
    """`count` whole units: 7 days, 1 month."""

    count: int
    unit: Grain

    def __str__(self) -> str:
        return f"{self.count} {self.unit.replace('_', ' ')}"


def finer(grain: Grain, other: Grain) -> bool:
    """Whether `grain` is finer than `other`."""
    return FINE_TO_COARSE.index(grain) < FINE_TO_COARSE.index(other)


def lies_within(grain: Grain, other: Grain) -> bool:
    """Whether every period of `grain` lies in one period of `other`."""
    if grain is Grain.WEEK or other is Grain.WEEK:
        return grain is other or (other is Grain.WEEK and finer(grain, other))
    return not finer(other, grain)


def steps_in(window: Window, grain: Grain) -> int | None:
    """How many periods of `grain` a window holds; None where that differs from one to the next, or the
    window holds no whole number of them.
    """
    if window.unit in SECONDS and grain in SECONDS:
        whole, rest = divmod(window.count * SECONDS[window.unit], SECONDS[grain])
    elif window.unit in MONTHS and grain in MONTHS:
        whole, rest = divmod(window.count * MONTHS[window.unit], MONTHS[grain])
    else:
        return None
    return whole if whole and not rest else None
