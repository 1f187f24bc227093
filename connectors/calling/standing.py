"""How an interface does: counts since the hub started, what went wrong last, the breaker's phase."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from catalog.ids import DatasetCode
from connectors.calling.breaker import Phase

OK = "OK"


@dataclass(frozen=True, slots=True)
class InterfaceStanding:
    """`calls` were answered or failed at the provider; `cached` were answered without one; `refused`
    never left the hub. `last_problem` is for operators and holds no value of an answer.
    """

    interface: DatasetCode
    since: datetime
    at: datetime
    phase: Phase
    tried_again_at: datetime | None
    calls: int
    failures: int
    cached: int
    refused: int
    outcomes: Mapping[str, int]
    mean_seconds: float | None
    longest_seconds: float | None
    last_failure_at: datetime | None
    last_problem: str | None

    @property
    def availability(self) -> float | None:
        """Answered calls of all calls; None when there were none."""
        return None if self.calls == 0 else (self.calls - self.failures) / self.calls


@dataclass(slots=True)
class Figures:
    """What is counted while calls are made."""

    since: datetime
    calls: int = 0
    failures: int = 0
    cached: int = 0
    refused: int = 0
    seconds: float = 0.0
    longest: float = 0.0
    outcomes: dict[str, int] = field(default_factory=dict)
    last_failure_at: datetime | None = None
    last_problem: str | None = None

    def called(self, outcome: str, seconds: float) -> None:
        self.calls += 1
        self.seconds += seconds
        self.longest = max(self.longest, seconds)
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1

    def failed(self, problem: str, at: datetime) -> None:
        self.failures += 1
        self.last_failure_at, self.last_problem = at, problem
