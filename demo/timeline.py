"""When the replayed flood happens: slots of two hours, 55 to a cycle, tied to a start instant.

Rules: the last slot of the first cycle is the start instant, the other 54 are back-filled; after it
one slot comes due per two real hours. Slots never stop: each further cycle has its own scenario id,
so that no key repeats. What is due depends on `now` alone, and nothing due lies after it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

SLOT = timedelta(hours=2)
SLOTS = 55
CYCLE_HOURS = 110.0
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Timeline:
    """`start` is zoned; seconds are dropped, as gauges report whole minutes."""

    name: str
    start: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None:
            raise ValueError("the start instant needs a zone")
        object.__setattr__(self, "start", self.start.replace(second=0, microsecond=0))

    @property
    def begin(self) -> datetime:
        """The first slot of the first cycle."""
        return self.start - (SLOTS - 1) * SLOT

    def due(self, now: datetime) -> int:
        """How many slots are due: the numbers 0 to due - 1."""
        return max(0, (now - self.begin) // SLOT + 1)

    def instant(self, number: int) -> datetime:
        return self.begin + number * SLOT

    def hours(self, at: datetime) -> float:
        """Hours since the begin of the first cycle."""
        return (at - self.begin) / HOUR

    def scenario_id(self, number: int) -> str:
        """The id of the cycle that a slot belongs to: `ciqikou-1`."""
        return f"{self.name}-{number // SLOTS + 1}"

    def scenario_id_at(self, at: datetime) -> str:
        return self.scenario_id(max(0, (at - self.begin) // SLOT))
