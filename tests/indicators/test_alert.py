"""What an alert does with values, with silence, and with what is handed in twice."""

from datetime import timedelta
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from catalog.indicators.threshold import AlertLevel, Limit, NoData, NoDataPolicy, Rung, Thresholds
from indicators.alert import (
    LIVE,
    MET,
    TRANSITIONS,
    AlertState,
    Change,
    Happening,
    Phase,
    Signal,
    beyond,
    evaluate,
)
from indicators.severity import rank_of
from tests.indicators.drawing import START, VALUES, thresholds

PERIOD = timedelta(minutes=5)
KEEP = NoDataPolicy()
Day = list[tuple[int, float | None]]
"""Periods, by number, and their values."""


def rung(level: AlertLevel, enter: int, leave: int, *, hold: int = 1, keep: int = 0) -> Rung:
    return Rung(level, Limit(above=Decimal(enter)), Limit(above=Decimal(leave)), hold, keep)


RED = rung(AlertLevel.RED, 90, 85)
YELLOW = rung(AlertLevel.YELLOW, 70, 65)


def run(
    day: Day, rungs: tuple[Rung, ...], policy: NoDataPolicy = KEEP, state: AlertState | None = None
) -> tuple[AlertState, list[Happening]]:
    state, happened = state or AlertState(), []
    for number, value in day:
        state, happening = evaluate(state, value, START + number * PERIOD, rungs, policy)
        happened += [happening] if happening else []
    return state, happened


def ranks(values: list[float | None], *rungs: Rung, policy: NoDataPolicy = KEEP) -> list[int]:
    state, found = AlertState(), []
    for number, value in enumerate(values):
        state, _ = run([(number, value)], rungs, policy, state)
        found.append(state.rank)
    return found


def changes(values: list[float | None], *rungs: Rung) -> list[Change]:
    return [happening.change for happening in run(list(enumerate(values)), rungs)[1]]


def test_the_table_says_what_follows_every_phase_and_signal() -> None:
    assert set(TRANSITIONS) == set(product(Phase, Signal))


def test_a_level_is_left_past_its_exit_and_not_before() -> None:
    assert ranks([91, 86, 89, 85, 89, 91], RED) == [4, 4, 4, 0, 0, 4]


def test_a_level_is_entered_strictly_past_its_limit() -> None:
    assert ranks([90, 90.001], RED) == [0, 4]


def test_a_graver_level_carries_the_one_below_which_has_not_held_for_long() -> None:
    slow = rung(AlertLevel.YELLOW, 70, 65, hold=9)
    assert ranks([95, 80, 80, 60], slow, RED) == [4, 2, 2, 0]


def test_a_level_falls_step_by_step() -> None:
    assert changes([95, 80, 60], YELLOW, RED) == [Change.FIRED, Change.LOWERED, Change.RESOLVED]


def test_a_graver_level_may_be_awaited_while_a_lower_one_fires() -> None:
    slow = rung(AlertLevel.RED, 90, 85, hold=3)
    assert ranks([75, 95, 95, 95], YELLOW, slow) == [2, 2, 2, 4]


def test_a_kept_level_keeps_those_below_and_ends_with_them() -> None:
    kept = rung(AlertLevel.RED, 90, 85, keep=2)
    assert ranks([95, 10, 10, 10], YELLOW, kept) == [4, 4, 4, 0]
    assert changes([95, 10, 95, 10, 10, 10], YELLOW, kept) == [
        Change.FIRED,
        Change.EASED,
        Change.RESUMED,
        Change.EASED,
        Change.RESOLVED,
    ]


def test_what_fires_goes_on_when_its_definition_comes_to_ask_for_more_periods() -> None:
    state, _ = run([(0, 95.0)], (RED,))
    longer = rung(AlertLevel.RED, 90, 85, hold=5)
    assert run([(1, 95.0)], (longer,), state=state)[0].phase is Phase.FIRING


def test_a_level_that_its_definition_no_longer_has_ends() -> None:
    state, _ = run([(0, 95.0)], (RED, YELLOW))
    after, happened = run([(1, 95.0)], (YELLOW,), state=state)
    assert after.rank == rank_of(AlertLevel.YELLOW)
    assert [happening.change for happening in happened] == [Change.LOWERED]


def test_silence_keeps_the_last_condition_and_counts_its_periods() -> None:
    slow = rung(AlertLevel.RED, 90, 85, hold=2)
    assert ranks([95, None], slow) == [0, 4]
    assert ranks([95, 95, None, None, None, 10], slow) == [0, 4, 4, 4, 4, 0]
    assert ranks([10, None, None], slow) == [0, 0, 0]


def test_silence_that_clears_does_so_after_its_periods() -> None:
    policy = NoDataPolicy(NoData.CLEAR, after_periods=2)
    assert ranks([95, None, None], RED, policy=policy) == [4, 4, 0]


def test_silence_that_raises_reaches_its_level_and_takes_none_down() -> None:
    policy = NoDataPolicy(NoData.RAISE, 2, AlertLevel.YELLOW)
    assert ranks([10, None, None, 10], YELLOW, RED, policy=policy) == [0, 0, 2, 0]
    assert ranks([95, None, None], YELLOW, RED, policy=policy) == [4, 4, 4]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_no_data(value: float) -> None:
    assert ranks([95, value], RED, policy=NoDataPolicy(NoData.CLEAR)) == [4, 0]


def test_an_observation_that_is_not_newer_changes_nothing() -> None:
    state, _ = run([(3, 10.0)], (RED,))
    for number in (3, 2):
        again, happened = run([(number, 95.0)], (RED,), state=state)
        assert again is state
        assert happened == []


days = st.lists(VALUES, min_size=1, max_size=40).map(lambda values: list(enumerate(values)))


@given(declared=thresholds(), day=days, cuts=st.lists(st.integers(0, 40)), back=st.integers(0, 5))
def test_a_day_gives_the_same_happenings_whatever_the_batches(
    declared: Thresholds, day: Day, cuts: list[int], back: int
) -> None:
    whole = run(day, declared.rungs, declared.no_data)
    state, happened = AlertState(), list[Happening]()
    ends = sorted({min(cut, len(day)) for cut in cuts} | {len(day)})
    for start, end in zip([0, *ends], ends, strict=False):
        batch = day[max(0, start - back) : end]  # some of it once more
        state, more = run(batch, declared.rungs, declared.no_data, state)
        happened += more
    assert (state, happened) == whole


@given(declared=thresholds(), day=days, data=st.data())
def test_a_level_never_changes_within_its_hysteresis(
    declared: Thresholds, day: Day, data: st.DataObject
) -> None:
    state, _ = run(day, declared.rungs, declared.no_data)
    by_rank = {rank_of(rung.level): rung for rung in declared.rungs}
    here = by_rank.get(state.rank)
    graver = [rung for rank, rung in by_rank.items() if rank > state.rank]
    within = [
        float(value)
        for value in range(-4, 45)
        if not any(beyond(value, rung.enter) for rung in graver)
        and (here is None or beyond(value, here.exit))
        and (here is not None or not any(beyond(value, rung.enter) for rung in declared.rungs))
    ]
    if not within or state.phase is Phase.KEPT:
        return
    for number, value in enumerate(data.draw(st.lists(st.sampled_from(within))), len(day)):
        after, _ = run([(number, value)], declared.rungs, declared.no_data, state)
        assert after.rank == state.rank
        state = after


class Alert(RuleBasedStateMachine):
    """One series under one definition; what it has seen is kept apart, to hold the state to it."""

    def __init__(self) -> None:
        super().__init__()
        self.state = AlertState()
        self.number = 0
        self.reached: dict[int, int] = {}
        """By rank: values in a row beyond its enter, silences among them."""

    @initialize(declared=thresholds())
    def define(self, declared: Thresholds) -> None:
        self.declared = declared
        self.rungs = {rank_of(rung.level): rung for rung in declared.rungs}

    @rule(value=VALUES)
    def observe(self, value: float | None) -> None:
        before = self.state
        self.number += 1
        day = [(self.number, value)]
        self.state, happened = run(day, self.declared.rungs, self.declared.no_data, before)
        silent = value is None or not abs(value) < float("inf")
        for rank, rung in self.rungs.items():
            counts = silent or (value is not None and beyond(value, rung.enter))
            self.reached[rank] = self.reached.get(rank, 0) + 1 if counts else 0
        if self.state.rank > before.rank:
            rung = self.rungs[self.state.rank]
            assert self.reached[self.state.rank] >= rung.for_periods
        if silent and self.declared.no_data.action is not NoData.CLEAR and before.phase in MET:
            assert self.state.rank >= before.rank
        assert [happening.after for happening in happened] in ([], [self.state.rank])

    @precondition(lambda self: self.number)
    @rule(back=st.integers(0, 3), value=VALUES)
    def observe_again(self, back: int, value: float | None) -> None:
        day = [(max(0, self.number - back), value)]
        after, happened = run(day, self.declared.rungs, self.declared.no_data, self.state)
        assert after is self.state
        assert happened == []

    @invariant()
    def all_below_the_gravest_that_lasts_last_too(self) -> None:
        if self.number:
            live = [self.state.levels[rank - 1].phase in LIVE for rank in sorted(self.rungs)]
            assert live == sorted(live, reverse=True)

    @invariant()
    def nothing_waits_or_is_kept_for_too_long(self) -> None:
        for rank, level in enumerate(self.state.levels, 1):
            if level.phase is Phase.PENDING:
                assert 1 <= level.periods < self.rungs[rank].for_periods
            if level.phase is Phase.KEPT and rank == self.state.rank:
                assert level.periods < self.rungs[rank].keep_periods


Alert.TestCase.settings = settings(deadline=None, stateful_step_count=30)
TestAlert = Alert.TestCase
