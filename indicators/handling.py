"""An alert as people meet it: what it is about, how grave it is, who has seen it and who deals with it.

It begins when its series fires and ends when that is resolved; what comes after is another one. Who
acknowledges it has seen it as grave as it was then: once it is graver, nobody has.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from catalog.ids import IndicatorCode, OrganisationCode, PlaceCode
from indicators.alert import LIVE, Change, Phase
from indicators.severity import Severity

AlertId = NewType("AlertId", int)
SilenceId = NewType("SilenceId", int)


class Act(StrEnum):
    """What a person does with an alert."""

    ACKNOWLEDGE = "acknowledge"
    ASSIGN = "assign"


ACTS: Mapping[Act, frozenset[Phase]] = {Act.ACKNOWLEDGE: LIVE, Act.ASSIGN: LIVE}
"""In which phases each may be done."""
ACT_LABELS: Mapping[Act, str] = {Act.ACKNOWLEDGE: "确认", Act.ASSIGN: "指派"}
PHASE_LABELS: Mapping[Phase, str] = {
    Phase.INACTIVE: "未触发",
    Phase.PENDING: "待触发",
    Phase.FIRING: "预警中",
    Phase.KEPT: "保持中",
    Phase.RESOLVED: "已解除",
}


@dataclass(frozen=True, slots=True)
class Observed:
    """What became of a series with one observation."""

    indicator: IndicatorCode
    place: PlaceCode
    scale: str
    change: Change
    at: datetime
    rank: int
    phase: Phase
    value: float | None


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    by: str
    at: datetime
    rank: int


@dataclass(frozen=True, slots=True)
class Alert:
    """`changed_at`: the newest observation that changed it. A resolved one has the rank of its end."""

    id: AlertId
    indicator: IndicatorCode
    place: PlaceCode
    severity: Severity
    phase: Phase
    value: float | None
    began_at: datetime
    changed_at: datetime
    resolved_at: datetime | None = None
    acknowledgement: Acknowledgement | None = None
    assigned: OrganisationCode | None = None

    @property
    def acknowledged(self) -> bool:
        seen = self.acknowledgement
        return seen is not None and seen.rank >= self.severity.rank


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """One thing that happened to an alert: a change its series told, or what a person did. `rank`: how
    grave it was after that. `at` is the observation's time for a change.
    """

    alert: AlertId
    what: Change | Act
    at: datetime
    rank: int
    value: float | None
    by: str
    organisation: OrganisationCode
    why: str
    recorded_at: datetime
