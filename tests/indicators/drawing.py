"""Thresholds that can be meant, and what is observed under them, drawn by hypothesis."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from catalog.ids import PlaceCode
from catalog.indicators.threshold import (
    SEVERE_FIRST,
    AlertLevel,
    Hours,
    Limit,
    MonthDay,
    NoData,
    NoDataPolicy,
    Override,
    Rung,
    Season,
    Thresholds,
    overlap,
)
from catalog.places import Place, PlaceLevel, Places

START = datetime(2026, 6, 30, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CITY, DISTRICT, ZONE, TOWN, MOVED = (
    PlaceCode(code) for code in ("500000", "500106", "500172", "500106004", "500106901")
)
PLACES = Places(
    [
        Place(CITY, "市", PlaceLevel.CITY, None, None),
        Place(DISTRICT, "区", PlaceLevel.DISTRICT, CITY, None),
        Place(ZONE, "高新区", PlaceLevel.DISTRICT, CITY, None),
        Place(TOWN, "街道", PlaceLevel.TOWNSHIP, DISTRICT, None),
        Place(MOVED, "镇", PlaceLevel.TOWNSHIP, ZONE, DISTRICT),
    ]
)
VALUES = st.one_of(
    st.none(),
    st.integers(-4, 44).map(float),
    st.sampled_from([float("nan"), float("inf"), float("-inf"), -0.0, 19.5]),
)
"""Round values, so that bounds are met exactly now and then."""


@st.composite
def ladders(draw: st.DrawFn, levels: tuple[AlertLevel, ...], sides: str) -> tuple[Rung, ...]:
    """Rungs of these levels, gravest first, that a reader accepts: none overlaps another."""
    count = len(levels)
    distances = st.lists(st.integers(1, 20), min_size=count, max_size=count, unique=True)
    enter = sorted(draw(distances), reverse=True)
    leave = sorted((draw(st.integers(0, far)) for far in enter), reverse=True)
    rungs = tuple(
        Rung(
            level,
            limit(sides, enter[index]),
            limit(sides, min(leave[index], enter[index])),
            draw(st.integers(1, 3)),
            draw(st.integers(0, 3)),
        )
        for index, level in enumerate(levels)
    )
    assert overlap(rungs) is None
    return rungs


def limit(sides: str, distance: int) -> Limit:
    """A limit that lies so far from 20."""
    return Limit(
        below=Decimal(20 - distance) if sides != "above" else None,
        above=Decimal(20 + distance) if sides != "below" else None,
    )


@st.composite
def thresholds(draw: st.DrawFn, overrides: int = 0) -> Thresholds:
    sides = draw(st.sampled_from(["below", "above", "both"]))
    chosen = draw(st.sets(st.sampled_from(SEVERE_FIRST[:-1]), min_size=1))
    levels = tuple(level for level in SEVERE_FIRST if level in chosen)
    action = draw(st.sampled_from(NoData))
    raised = draw(st.sampled_from(levels)) if action is NoData.RAISE else None
    others = draw(st.integers(0, overrides))
    return Thresholds(
        draw(ladders(levels, sides)),
        tuple(draw(overriding(levels, sides)) for _ in range(others)),
        NoDataPolicy(action, draw(st.integers(1, 2)), raised),
    )


@st.composite
def overriding(draw: st.DrawFn, levels: tuple[AlertLevel, ...], sides: str) -> Override:
    days = st.sampled_from([MonthDay(1, 1), MonthDay(6, 30), MonthDay(7, 1), MonthDay(12, 31)])
    clocks = st.sampled_from([time(0), time(6), time(20, 2), time(20, 5), time(23, 59)])
    places = st.lists(st.sampled_from([CITY, DISTRICT, ZONE, TOWN, MOVED]), max_size=2)
    kept = tuple(level for level in levels if draw(st.booleans()))
    return Override(
        draw(ladders(kept, sides)),
        tuple(draw(places)),
        draw(st.none() | st.builds(Season, days, days)),
        draw(st.none() | st.builds(Hours, clocks, clocks)),
    )
