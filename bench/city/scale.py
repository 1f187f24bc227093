"""How much there is. The full form is a city's; the small one is a hundredth of it; the tiny one is for tests."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from catalog.clock import CITY_ZONE

SINCE = datetime(2025, 5, 1, tzinfo=CITY_ZONE)
UNTIL = datetime(2026, 11, 1, tzinfo=CITY_ZONE)
"""Events are reported in these eighteen months."""
READINGS_SINCE = datetime(2026, 10, 1, tzinfo=CITY_ZONE)
"""Devices report in the last of these months."""


@dataclass(frozen=True, slots=True)
class Scale:
    name: str
    events: int
    devices: int
    rounds: int
    """Readings of each device."""
    grids: int
    gated: bool
    """Whether its rows come through the gate, as text."""

    @property
    def readings(self) -> int:
        return self.devices * self.rounds

    @property
    def event_seconds(self) -> int:
        """From the first event to the last."""
        return int((UNTIL - SINCE) / timedelta(seconds=1))

    @property
    def round_seconds(self) -> int:
        return int((UNTIL - READINGS_SINCE) / timedelta(seconds=1)) // self.rounds


SCALES: Mapping[str, Scale] = {
    scale.name: scale
    for scale in (
        Scale("full", events=10_000_000, devices=200_000, rounds=250, grids=65_000, gated=False),
        Scale("tiny", events=10_000, devices=1_200, rounds=20, grids=650, gated=True),
        Scale("small", events=100_000, devices=2_000, rounds=250, grids=6_500, gated=True),
    )
}
