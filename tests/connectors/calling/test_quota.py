"""A provider's allowance: per second and per day of the city."""

from datetime import date

from connectors.calling.quota import Allowance, Wait, fresh, taken

TODAY, TOMORROW = date(2026, 8, 1), date(2026, 8, 2)


def take(
    held: Allowance, now: float, today: date = TODAY, **terms: float | None
) -> Allowance | Wait:
    per_day = terms.get("per_day")
    return taken(
        held,
        now,
        today,
        per_second=terms.get("per_second"),
        per_day=None if per_day is None else int(per_day),
        left_today=3600,
    )


def test_the_calls_of_a_second_may_leave_at_once_and_then_one_by_one() -> None:
    held: Allowance | Wait = fresh(2, 0.0, TODAY)
    for _ in range(2):
        assert isinstance(held, Allowance)
        held = take(held, 0.0, per_second=2)
    assert isinstance(held, Allowance)
    assert take(held, 0.0, per_second=2) == Wait(0.5)
    assert isinstance(take(held, 0.5, per_second=2), Allowance)


def test_less_than_one_a_second_still_lets_the_first_pass() -> None:
    held = take(fresh(0.1, 0.0, TODAY), 0.0, per_second=0.1)
    assert isinstance(held, Allowance)
    assert take(held, 5.0, per_second=0.1) == Wait(5.0)


def test_a_spent_day_waits_for_midnight_and_the_next_day_begins_anew() -> None:
    held = take(fresh(None, 0.0, TODAY), 0.0, per_day=1)
    assert isinstance(held, Allowance)
    assert take(held, 1.0, per_day=1) == Wait(3600)
    assert isinstance(take(held, 1.0, TOMORROW, per_day=1), Allowance)


def test_without_limits_everything_passes() -> None:
    held: Allowance | Wait = fresh(None, 0.0, TODAY)
    for _ in range(1000):
        assert isinstance(held, Allowance)
        held = take(held, 0.0)
