"""How grave a level is, on its own scale.

Ranks count from calm (0, green) to the gravest (4, red). Red is 重大 on the city's scale and 特别重大 on the
weather service's, so ranks of two scales are never compared: neither by a person's list nor by what
mutes what.
"""

from dataclasses import dataclass
from functools import total_ordering

from catalog.indicators.threshold import SEVERE_FIRST, AlertLevel
from indicators.errors import ScalesDiffer

BY_RANK = tuple(reversed(SEVERE_FIRST))
RANKS = len(BY_RANK) - 1
"""How many levels there are above calm."""


def rank_of(level: AlertLevel) -> int:
    return BY_RANK.index(level)


@total_ordering
@dataclass(frozen=True, slots=True)
class Severity:
    """ScalesDiffer when one of another scale is asked which is graver."""

    scale: str
    rank: int

    @property
    def level(self) -> AlertLevel:
        return BY_RANK[self.rank]

    def __lt__(self, other: "Severity") -> bool:
        if self.scale != other.scale:
            raise ScalesDiffer(one=self.scale, other=other.scale)
        return self.rank < other.rank
