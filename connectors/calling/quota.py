"""What a provider allows the hub as a whole: calls per second, evenly refilled, and per city day."""

from dataclasses import dataclass, replace
from datetime import date

SECONDS_OF_A_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """`tokens` at the time `at`; `spent` on `day`."""

    tokens: float
    at: float
    day: date
    spent: int = 0


@dataclass(frozen=True, slots=True)
class Wait:
    """No call now; `seconds` until one may pass."""

    seconds: float


def fresh(per_second: float | None, now: float, today: date, spent: int = 0) -> Allowance:
    return Allowance(burst(per_second), now, today, spent)


def burst(per_second: float | None) -> float:
    """Calls that may leave at once: those of a second, at least one."""
    return max(1.0, per_second or 1.0)


def taken(
    allowance: Allowance,
    now: float,
    today: date,
    *,
    per_second: float | None,
    per_day: int | None,
    left_today: float = SECONDS_OF_A_DAY,
) -> Allowance | Wait:
    """One call less, or how long to wait; `left_today`: seconds until the city's midnight."""
    spent = allowance.spent if allowance.day == today else 0
    if per_day is not None and spent >= per_day:
        return Wait(left_today)
    tokens = allowance.tokens
    if per_second is not None:
        tokens = min(burst(per_second), tokens + (now - allowance.at) * per_second)
        if tokens < 1.0:
            return Wait((1.0 - tokens) / per_second)
        tokens -= 1.0
    return replace(allowance, tokens=tokens, at=now, day=today, spent=spent + 1)
