"""One interface's own resources: slots, threads, breaker, allowance, cache, calls under way.

Whatever an interface uses up is its own: no other interface and no data query waits for any of it.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

import anyio

from catalog.clock import CITY_ZONE
from catalog.contracts import Contract
from catalog.interfaces.interface import CallTerms, Interface
from connectors.calling.answer import Answer
from connectors.calling.breaker import CLOSED, Breaker, Phase
from connectors.calling.cache import AnswerCache
from connectors.calling.daybook import DayBook
from connectors.calling.quota import Allowance, fresh
from connectors.calling.standing import Figures, InterfaceStanding

WAITING = 4
"""As many calls as this times the slots may wait for one."""


@dataclass(slots=True)
class Line:
    contract: Contract
    interface: Interface
    slots: anyio.CapacityLimiter
    threads: anyio.CapacityLimiter
    """For looking up names and checking answers, which a thread does."""
    allowance: Allowance
    cache: AnswerCache
    figures: Figures
    breaker: Breaker = CLOSED
    flights: dict[bytes, "asyncio.Task[Answer]"] = field(default_factory=dict)

    @classmethod
    def of(
        cls, contract: Contract, interface: Interface, at: datetime, now: float, book: DayBook
    ) -> "Line":
        terms, today = interface.terms, at.astimezone(CITY_ZONE).date()
        return cls(
            contract=contract,
            interface=interface,
            slots=anyio.CapacityLimiter(terms.concurrency),
            threads=anyio.CapacityLimiter(terms.concurrency),
            allowance=fresh(terms.per_second, now, today, book.spent(contract.data_set, today)),
            cache=AnswerCache(terms.cache_seconds),
            figures=Figures(at),
        )

    @property
    def terms(self) -> CallTerms:
        return self.interface.terms

    @property
    def crowded(self) -> bool:
        return len(self.flights) >= self.terms.concurrency * (1 + WAITING)

    def standing(self, at: datetime, tried_again_at: datetime | None) -> InterfaceStanding:
        figures = self.figures
        return InterfaceStanding(
            interface=self.contract.data_set,
            since=figures.since,
            at=at,
            phase=self.breaker.phase,
            tried_again_at=None if self.breaker.phase is Phase.CLOSED else tried_again_at,
            calls=figures.calls,
            failures=figures.failures,
            cached=figures.cached,
            refused=figures.refused,
            outcomes=dict(figures.outcomes),
            mean_seconds=figures.seconds / figures.calls if figures.calls else None,
            longest_seconds=figures.longest if figures.calls else None,
            last_failure_at=figures.last_failure_at,
            last_problem=figures.last_problem,
        )
