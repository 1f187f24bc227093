"""How an alert goes from calm to pending, firing, kept and resolved.

Each level above calm goes its own way by one table, and the rules of Prometheus' `for` and
`keep_firing_for` hold for each: a level is pending until its condition has held for long enough, a
pending one whose condition ends is forgotten, a kept one that meets its condition again goes on as the
same. Beyond Prometheus, a level that fires goes on while the value is beyond its exit, and a graver one
carries those below it: they fire with it and last as long. So the alert's level falls step by step, by
the limits of the levels below.

Everything here is a function of state, observation and time; time is counted in the indicator's
periods, each of which is observed once or has no data. An observation that is not newer than the last
one changes nothing, so what is handed in twice counts once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import isfinite

from catalog.indicators.threshold import Limit, NoData, NoDataPolicy, Rung
from indicators.severity import RANKS, rank_of


class Phase(StrEnum):
    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"
    KEPT = "kept"
    RESOLVED = "resolved"


LIVE = frozenset({Phase.FIRING, Phase.KEPT})
"""What Prometheus calls firing."""
MET = frozenset({Phase.PENDING, Phase.FIRING})
"""Phases whose condition held at the last observation."""


class Signal(StrEnum):
    """What an observation says to a level."""

    REACHED = "reached"
    """The condition holds, not yet for long enough."""
    HELD = "held"
    """It has held for long enough, or a graver level fires."""
    EASED = "eased"
    """It does not hold, but the level is still kept, or a graver one lasts."""
    OVER = "over"
    """It does not hold, and nothing keeps the level."""


TRANSITIONS: Mapping[tuple[Phase, Signal], Phase] = {
    (Phase.INACTIVE, Signal.REACHED): Phase.PENDING,
    (Phase.INACTIVE, Signal.HELD): Phase.FIRING,
    (Phase.INACTIVE, Signal.EASED): Phase.INACTIVE,
    (Phase.INACTIVE, Signal.OVER): Phase.INACTIVE,
    (Phase.PENDING, Signal.REACHED): Phase.PENDING,
    (Phase.PENDING, Signal.HELD): Phase.FIRING,
    (Phase.PENDING, Signal.EASED): Phase.INACTIVE,
    (Phase.PENDING, Signal.OVER): Phase.INACTIVE,
    (Phase.FIRING, Signal.REACHED): Phase.FIRING,
    (Phase.FIRING, Signal.HELD): Phase.FIRING,
    (Phase.FIRING, Signal.EASED): Phase.KEPT,
    (Phase.FIRING, Signal.OVER): Phase.RESOLVED,
    (Phase.KEPT, Signal.REACHED): Phase.FIRING,
    (Phase.KEPT, Signal.HELD): Phase.FIRING,
    (Phase.KEPT, Signal.EASED): Phase.KEPT,
    (Phase.KEPT, Signal.OVER): Phase.RESOLVED,
    (Phase.RESOLVED, Signal.REACHED): Phase.PENDING,
    (Phase.RESOLVED, Signal.HELD): Phase.FIRING,
    (Phase.RESOLVED, Signal.EASED): Phase.INACTIVE,
    (Phase.RESOLVED, Signal.OVER): Phase.INACTIVE,
}


@dataclass(frozen=True, slots=True)
class LevelState:
    """One level of one series. `since`: when its condition began. `periods`: while pending, those in a row
    that met it; while kept, those since the first that did not.
    """

    phase: Phase = Phase.INACTIVE
    since: datetime | None = None
    periods: int = 0


CALM = LevelState()


@dataclass(frozen=True, slots=True)
class AlertState:
    """What is known of one series after its newest observation, of the period that ended `at`; levels by
    rank from 1. `silent`: periods without data in a row.
    """

    levels: tuple[LevelState, ...] = (CALM,) * RANKS
    at: datetime | None = None
    silent: int = 0

    @property
    def rank(self) -> int:
        """The gravest level that fires or is kept; 0: calm."""
        ranks = enumerate(self.levels, 1)
        return max((rank for rank, level in ranks if level.phase in LIVE), default=0)

    @property
    def phase(self) -> Phase:
        if rank := self.rank:
            return self.levels[rank - 1].phase
        phases = {level.phase for level in self.levels}
        for phase in (Phase.PENDING, Phase.RESOLVED):
            if phase in phases:
                return phase
        return Phase.INACTIVE


class Change(StrEnum):
    """The one thing that an observation changed, as people are told of it."""

    PENDED = "pended"
    DROPPED = "dropped"
    FIRED = "fired"
    RAISED = "raised"
    LOWERED = "lowered"
    EASED = "eased"
    RESUMED = "resumed"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Happening:
    """`before` and `after` are ranks; `phase` is what the alert has come to."""

    change: Change
    at: datetime
    before: int
    after: int
    phase: Phase
    value: float | None


def evaluate(
    state: AlertState,
    value: float | None,
    at: datetime,
    rungs: tuple[Rung, ...],
    no_data: NoDataPolicy,
) -> tuple[AlertState, Happening | None]:
    """The state after a period's value, or after a period that has none (None, or not a number).

    `at`: the end of the period. `rungs`: those that judge it at the series' place (`override.py`).
    """
    if state.at is not None and at <= state.at:
        return state, None
    value = value if value is not None and isfinite(value) else None
    silent = 0 if value is not None else state.silent + 1
    policy = no_data if silent >= no_data.after_periods else NoDataPolicy()
    by_rank = {rank_of(rung.level): rung for rung in rungs}
    levels = [CALM] * RANKS
    graver = Phase.INACTIVE
    for rank in sorted(by_rank, reverse=True):
        rung, level = by_rank[rank], state.levels[rank - 1]
        if value is None:
            met = _met_in_silence(level.phase, rank, policy)
        else:
            met = beyond(value, rung.exit if level.phase is Phase.FIRING else rung.enter)
        after = _met(level, rung, at, graver) if met else _unmet(level, rung, graver)
        levels[rank - 1], graver = after, after.phase
    new = AlertState(tuple(levels), at, silent)
    change = change_between(state, new)
    if change is None:
        return new, None
    return new, Happening(change, at, state.rank, new.rank, new.phase, value)


def beyond(value: float, limit: Limit) -> bool:
    """Strictly past it, on either side."""
    above = limit.above is not None and value > float(limit.above)
    return above or (limit.below is not None and value < float(limit.below))


def change_between(before: AlertState, after: AlertState) -> Change | None:
    old, new = before.rank, after.rank
    if old != new:
        if not old:
            return Change.FIRED
        if not new:
            return Change.RESOLVED
        return Change.RAISED if new > old else Change.LOWERED
    was, now = before.phase, after.phase
    if was is now:
        return None
    said = {
        Phase.PENDING: Change.PENDED,
        Phase.KEPT: Change.EASED,
        Phase.FIRING: Change.RESUMED,
    }
    return said.get(now, Change.DROPPED if was is Phase.PENDING else None)


def _met_in_silence(phase: Phase, rank: int, policy: NoDataPolicy) -> bool:
    """KEEP: the last condition stands, and periods count on."""
    if policy.action is NoData.CLEAR:
        return False
    raised = policy.level is not None and rank <= rank_of(policy.level)
    return raised or phase in MET


def _met(level: LevelState, rung: Rung, at: datetime, graver: Phase) -> LevelState:
    periods = level.periods + 1 if level.phase is Phase.PENDING else 1
    held = periods >= rung.for_periods or graver is Phase.FIRING
    phase = TRANSITIONS[level.phase, Signal.HELD if held else Signal.REACHED]
    return LevelState(phase, level.since or at, periods if phase is Phase.PENDING else 0)


def _unmet(level: LevelState, rung: Rung, graver: Phase) -> LevelState:
    periods = level.periods + 1 if level.phase is Phase.KEPT else 0
    lasts = periods < rung.keep_periods or graver in LIVE
    phase = TRANSITIONS[level.phase, Signal.EASED if lasts else Signal.OVER]
    return LevelState(phase, level.since, periods) if phase is Phase.KEPT else LevelState(phase)
