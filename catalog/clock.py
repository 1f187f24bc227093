"""City time: what deadlines, freshness, grants and replays read.

Tokens, leases and the usage log use system time instead. No endpoint sets either.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

CITY_ZONE = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    def now(self) -> datetime:
        """The current instant, zoned."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(slots=True)
class ReplayClock:
    """A clock that stands where it is put: a test or an in-process replay moves it."""

    at: datetime
    _start: datetime = field(init=False)

    def __post_init__(self) -> None:
        self._start = self.at

    def now(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> None:
        self.at += by
