from datetime import UTC, datetime, timedelta

import pytest

from access.attempts import (
    FOR_ONE_NAME,
    FOR_ONE_NAME_FROM_ONE_MACHINE,
    FROM_ONE_MACHINE,
    REMEMBERED,
    WINDOW,
    Attempts,
)
from catalog.clock import ReplayClock


@pytest.fixture
def clock() -> ReplayClock:
    return ReplayClock(datetime(2026, 8, 19, 14, 0, tzinfo=UTC))


def test_one_machine_guesses_one_name_a_few_times_and_again_later(clock: ReplayClock) -> None:
    attempts = Attempts(clock)
    assert all(attempts.begin("li", "a") for _ in range(FOR_ONE_NAME_FROM_ONE_MACHINE))
    assert not attempts.begin("li", "a")
    assert attempts.begin("wang", "a")
    assert attempts.begin("li", "b")
    clock.advance(WINDOW)
    assert attempts.begin("li", "a")


def test_many_machines_together_guess_one_name_some_times(clock: ReplayClock) -> None:
    attempts = Attempts(clock)
    assert all(attempts.begin("li", f"m{number}") for number in range(FOR_ONE_NAME))
    assert not attempts.begin("li", "another")


def test_one_machine_guesses_many_names_some_times(clock: ReplayClock) -> None:
    attempts = Attempts(clock)
    assert all(attempts.begin(f"n{number}", "a") for number in range(FROM_ONE_MACHINE))
    assert not attempts.begin("another", "a")


def test_a_success_does_not_count_and_does_not_excuse_earlier_failures(clock: ReplayClock) -> None:
    attempts = Attempts(clock)
    for _ in range(FOR_ONE_NAME_FROM_ONE_MACHINE - 1):
        attempts.begin("li", "a")
    for _ in range(3):
        assert attempts.begin("li", "a")
        attempts.succeeded("li", "a")
    assert attempts.begin("li", "a")
    assert not attempts.begin("li", "a")


def test_a_refused_attempt_does_not_make_the_wait_longer(clock: ReplayClock) -> None:
    attempts = Attempts(clock)
    for _ in range(FOR_ONE_NAME_FROM_ONE_MACHINE):
        attempts.begin("li", "a")
    clock.advance(WINDOW - timedelta(seconds=1))
    assert not attempts.begin("li", "a")
    clock.advance(timedelta(seconds=1))
    assert attempts.begin("li", "a")


def test_what_is_remembered_stays_bounded(clock: ReplayClock) -> None:
    attempts = Attempts(clock)
    for number in range(REMEMBERED):
        attempts.begin(f"n{number}" * 100, f"m{number}")
    assert len(attempts._failed) <= REMEMBERED  # noqa: SLF001 - the bound is inside
