"""A day of observations becomes the same alerts, however it is handed in."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import indicators.models  # noqa: F401 - its tables are created with the world's
from catalog.ids import PlaceCode
from catalog.indicators.threshold import (
    AlertLevel,
    Limit,
    NoData,
    NoDataPolicy,
    Rung,
    Thresholds,
)
from catalog.places import padded
from indicators.alert import Change, Phase
from indicators.relation import observed_of
from indicators.service import AlertService
from registry.base import Base
from tests.catalog.conftest import OPERATOR, open_world
from tests.indicators.drawing import CITY, DISTRICT, START, TOWN, ZONE
from tests.indicators.engine import Engine

PERIOD = timedelta(hours=1)
DAY = 24
Row = dict[str, object]
Batches = Iterator[list[Row]]


def above(level: AlertLevel, enter: str, leave: str, hold: int = 1, keep: int = 0) -> Rung:
    return Rung(level, Limit(above=Decimal(enter)), Limit(above=Decimal(leave)), hold, keep)


CONGESTION = Thresholds(
    (
        above(AlertLevel.RED, "2.2", "2.0", keep=2),
        above(AlertLevel.ORANGE, "1.8", "1.7", hold=2),
        above(AlertLevel.YELLOW, "1.5", "1.4", hold=2),
    )
)
"""Congestion index: 1.5, 1.8, 2.2."""
SATISFACTION = Thresholds(
    (
        Rung(AlertLevel.RED, Limit(below=Decimal(90)), Limit(below=Decimal(91))),
        Rung(AlertLevel.YELLOW, Limit(below=Decimal(95)), Limit(below=Decimal(96))),
    ),
    no_data=NoDataPolicy(NoData.CLEAR, 2),
)
DECLARED = {"IN40": CONGESTION, "IN04": SATISFACTION}


def day() -> list[list[Row]]:
    """A walk for each series, some of it silent; by period."""
    chance = Random(40)  # noqa: S311 - the same day each time
    here = {("IN40", place): 1.4 for place in (CITY, DISTRICT, TOWN, ZONE)}
    here |= {("IN04", place): 96.0 for place in (DISTRICT, ZONE)}
    steps = {"IN40": 0.6, "IN04": 4.0}
    middle = {"IN40": 1.6, "IN04": 94.0}
    periods = []
    for number in range(1, DAY + 1):
        rows: list[Row] = []
        for (code, place), value in here.items():
            pull = (middle[code] - value) * 0.1
            here[code, place] = value + pull + chance.uniform(-1, 1) * steps[code]
            silent = chance.random() < 0.05
            rows.append(
                {
                    "indicator": code,
                    "place": padded(place),
                    "observed_at": START + number * PERIOD,
                    "value": None if silent else round(here[code, place], 3),
                }
            )
        periods.append(rows)
    return periods


def by_period(periods: Sequence[list[Row]]) -> Batches:
    yield from periods


def series_by_series(periods: Sequence[list[Row]]) -> Batches:
    for number in range(len(periods[0])):
        yield from ([rows[number]] for rows in periods)


def backwards_and_twice(periods: Sequence[list[Row]]) -> Batches:
    """Each period's series in the other order, and each period once more when the next is there."""
    before: list[Row] = []
    for rows in periods:
        yield list(reversed(rows))
        if before:
            yield before
        before = rows


def replayed(folder: Path, batches: Batches) -> list[tuple[Any, ...]]:
    """All alerts of the day with all that happened to them, in a registry of their own."""
    folder.mkdir()
    world = open_world(folder)
    Base.metadata.create_all(world.registry.engine)
    service = AlertService(world.registry, world.clock, world.store.newest, dict)
    with closing(world.registry), closing(Engine(DECLARED)) as engine:
        for batch in batches:
            told = (observed_of(row, "five") for row in engine.observe(batch))
            if changed := [one for one in told if one is not None]:
                service.record(changed, OPERATOR)
        found = []
        for alert in service.alerts():
            history = [(e.what, e.at, e.rank, e.value) for e in service.history(alert.id)]
            found.append((alert.indicator, alert.place, alert.phase, alert.severity.rank, history))
    return sorted(found, key=str)


def test_a_replayed_day_has_the_same_alerts_however_it_is_handed_in(tmp_path: Path) -> None:
    periods = day()
    expected = replayed(tmp_path / "by_period", by_period(periods))
    for batches in (series_by_series, backwards_and_twice):
        assert replayed(tmp_path / batches.__name__, batches(periods)) == expected
    changes = {what for *_, history in expected for what, *_ in history}
    assert changes >= {Change.FIRED, Change.RAISED, Change.LOWERED, Change.RESOLVED}
    assert Phase.RESOLVED in {phase for _, _, phase, *_ in expected}


def test_an_alert_that_the_engine_tells_is_about_its_place_and_scale() -> None:
    row: Row = {"indicator": "IN40", "place": padded(PlaceCode("500106004"))}
    with closing(Engine({"IN40": CONGESTION})) as engine:
        (judged,) = engine.observe([row | {"observed_at": START, "value": 2.5}])
        told = observed_of(judged, "five")
        assert told is not None
        assert (told.place, told.scale, told.change) == (TOWN, "five", Change.FIRED)
        assert (told.at, told.rank, told.phase, told.value) == (START, 4, Phase.FIRING, 2.5)
        (same,) = engine.observe([row | {"observed_at": START + PERIOD, "value": 2.5}])
        assert observed_of(same, "five") is None
