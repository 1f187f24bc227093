"""The breaker's transitions, and what holds of any sequence of them."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from connectors.calling.breaker import CLOSED, Breaker, Phase, admitted, failed, released, succeeded

OPEN = Breaker(Phase.OPEN, 3, 130.0)
HALF = Breaker(Phase.HALF_OPEN, 3, 160.0)


def test_failures_in_a_row_open_it_and_a_success_between_begins_the_count_again() -> None:
    one = failed(CLOSED, 100, limit=3, open_seconds=30)
    two = failed(one, 100, limit=3, open_seconds=30)
    assert two == Breaker(Phase.CLOSED, 2)
    assert failed(two, 100, limit=3, open_seconds=30) == OPEN
    assert succeeded(two) == CLOSED


def test_open_lets_nobody_pass_before_its_time_and_then_one_on_trial() -> None:
    assert admitted(OPEN, 129.9, 30) is None
    trial = admitted(OPEN, 130, 30)
    assert trial == HALF
    assert admitted(HALF, 131, 30) is None


def test_the_trial_closes_it_or_opens_it_again() -> None:
    assert succeeded(HALF) == CLOSED
    assert failed(HALF, 131, limit=3, open_seconds=30) == Breaker(Phase.OPEN, 4, 161)


def test_a_trial_that_tells_nothing_gives_its_turn_to_the_next() -> None:
    given_back = released(HALF, 131)
    assert admitted(given_back, 131, 30) is not None
    assert admitted(HALF, 160, 30) is not None


def test_calls_from_before_it_opened_change_nothing() -> None:
    assert succeeded(OPEN) == OPEN
    assert failed(OPEN, 131, limit=3, open_seconds=30) == OPEN


@given(st.lists(st.tuples(st.sampled_from("asfr"), st.floats(0, 40)), max_size=60))
def test_while_open_no_call_passes_more_often_than_once_in_its_time(
    steps: list[tuple[str, float]],
) -> None:
    breaker, now, trials = CLOSED, 0.0, []
    for step, seconds in steps:
        now += seconds
        if step == "a":
            passing = admitted(breaker, now, 30)
            if passing is not None and breaker.phase is not Phase.CLOSED:
                trials.append(now)
            breaker = passing or breaker
        elif step == "s":
            breaker, trials = succeeded(breaker), []
        elif step == "f":
            breaker = failed(breaker, now, limit=3, open_seconds=30)
        assert all(b - a >= 30 for a, b in pairwise(trials))
