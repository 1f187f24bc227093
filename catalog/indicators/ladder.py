"""Thresholds as a file writes them -> `Thresholds`; levels that overlap are refused with their line."""

from collections.abc import Mapping

from catalog.declaration import Document, KeyPath
from catalog.indicators.declaration import (
    LimitBody,
    OverrideBody,
    RungBody,
    Severe,
    ThresholdsBody,
)
from catalog.indicators.threshold import (
    SEVERE_FIRST,
    Hours,
    Limit,
    MonthDay,
    NoDataPolicy,
    Override,
    Rung,
    Season,
    Thresholds,
    overlap,
)


def read_thresholds(body: ThresholdsBody | None, document: Document) -> Thresholds | None:
    if body is None:
        return None
    overrides = tuple(
        _override(each, document, ("thresholds", "overrides", i))
        for i, each in enumerate(body.overrides)
    )
    no_data = body.no_data
    if no_data.level is not None and no_data.level not in body.levels:
        problem = f"{no_data.level} is none of the levels; raise one that has an enter."
        raise document.error(("thresholds", "no_data", "level"), problem)
    return Thresholds(
        rungs=_rungs(body.levels, document, ("thresholds", "levels")),
        overrides=overrides,
        no_data=NoDataPolicy(no_data.action, no_data.after_periods, no_data.level),
        scale=body.scale,
        labels=tuple(body.labels.items()),
    )


def _override(body: OverrideBody, document: Document, path: KeyPath) -> Override:
    season, hours = body.season, body.hours
    if not body.places and season is None and hours is None:
        raise document.error(path, "an override says where or when: places, season or hours.")
    return Override(
        rungs=_rungs(body.levels, document, (*path, "levels")),
        places=body.places,
        season=None if season is None else Season(_day(season.first), _day(season.last)),
        hours=None if hours is None else Hours(hours.first, hours.last),
    )


def _rungs(
    levels: Mapping[Severe, RungBody], document: Document, path: KeyPath
) -> tuple[Rung, ...]:
    rungs = tuple(
        Rung(
            level,
            _limit(body.enter),
            _limit(body.enter if body.exit is None else body.exit),
            body.for_periods,
            body.keep_periods,
        )
        for level, body in sorted(levels.items(), key=lambda item: SEVERE_FIRST.index(item[0]))
    )
    problem = overlap(rungs)
    if problem is not None:
        level = problem.split(":", 1)[0].split(" ", 1)[0]
        raise document.error((*path, level), f"thresholds: {problem}")
    return rungs


def _limit(body: LimitBody) -> Limit:
    return Limit(body.below, body.above)


def _day(text: str) -> MonthDay:
    month, day = text.split("-")
    return MonthDay(int(month), int(day))
