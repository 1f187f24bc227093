"""A circuit breaker as data: closed, open, half open. Times are seconds of a clock that only grows.

Closed, calls pass, and `failures` of them in a row open it. Open, none passes until `until`; then one
is let through on trial (half open): it closes the breaker or opens it again. A trial that never
reports back is given up when its own time has passed.
"""

from dataclasses import dataclass, replace
from enum import StrEnum


class Phase(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class Breaker:
    phase: Phase = Phase.CLOSED
    failures: int = 0
    """Failed calls in a row."""
    until: float = 0.0
    """When the next call may pass; counts unless closed."""


CLOSED = Breaker()


def admitted(breaker: Breaker, now: float, open_seconds: float) -> Breaker | None:
    """The breaker with one more call under way; None when the call may not pass."""
    if breaker.phase is Phase.CLOSED:
        return breaker
    if now < breaker.until:
        return None
    return replace(breaker, phase=Phase.HALF_OPEN, until=now + open_seconds)


def succeeded(breaker: Breaker) -> Breaker:
    """A late success of a call from before it opened closes nothing."""
    return breaker if breaker.phase is Phase.OPEN else CLOSED


def failed(breaker: Breaker, now: float, *, limit: int, open_seconds: float) -> Breaker:
    """A late failure of a call from before it opened keeps it open no longer."""
    if breaker.phase is Phase.OPEN:
        return breaker
    failures = breaker.failures + 1
    if breaker.phase is Phase.CLOSED and failures < limit:
        return replace(breaker, failures=failures)
    return Breaker(Phase.OPEN, failures, now + open_seconds)


def released(breaker: Breaker, now: float) -> Breaker:
    """A call on trial that told nothing of the provider: the next one may be tried at once."""
    return replace(breaker, until=now) if breaker.phase is Phase.HALF_OPEN else breaker
