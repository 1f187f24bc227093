"""体征指标: one version of an indicator's definition.

What is served of it, to whom, how often and in which colours. It is a value; `reading.py` reads it from
a file, `versions.py` keeps every version that ever was, and none is changed.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from catalog.ids import DomainCode, IndicatorCode, OrganisationCode, PlaceCode
from catalog.indicators.calculation import Calculation
from catalog.indicators.period import Grain
from catalog.indicators.threshold import Thresholds
from catalog.places import PlaceLevel


class Direction(StrEnum):
    """Which way is good."""

    HIGHER = "higher"
    LOWER = "lower"
    RANGE = "range"


class IndicatorClass(StrEnum):
    """底线, 导向, 监测, 考核."""

    FLOOR = "floor"
    GUIDE = "guide"
    MONITOR = "monitor"
    ASSESSED = "assessed"


class AccessClass(StrEnum):
    """OPEN is told to every caller, whatever rows they may read; the others follow the rows."""

    OPEN = "open"
    INTERNAL = "internal"
    RESTRICTED = "restricted"


class FillKind(StrEnum):
    """What stands in a period without rows: nothing, zero, or the last value before it."""

    NONE = "none"
    ZERO = "zero"
    CARRY = "carry"


@dataclass(frozen=True, slots=True)
class Fill:
    """`periods`: how many a value is carried on at most."""

    kind: FillKind = FillKind.NONE
    periods: int = 0


class Additivity(StrEnum):
    """Whether values may be put together along a dimension. NONE: it is told as declared or not at all."""

    ADDITIVE = "additive"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Along:
    """`dimension` is `time`, `place`, or a column as a calculation names it."""

    dimension: str
    additivity: Additivity


class Hierarchy(StrEnum):
    """By which tree places are rolled up: who governs them, or where the statistics count them."""

    GOVERNING = "governing"
    STATISTICAL = "statistical"


@dataclass(frozen=True, slots=True)
class PlaceScope:
    """指标范围. `areas` empty: the whole city; else nothing outside of them is assessed."""

    lowest: PlaceLevel
    hierarchy: Hierarchy = Hierarchy.GOVERNING
    areas: tuple[PlaceCode, ...] = ()


@dataclass(frozen=True, slots=True)
class Indicator:
    """A value is provisional until `lag` after its period's end. `freshness`: how old the newest data may
    be. `theme`: sector 板块, then track 跑道. `parent`: above it in the theme's tree. `sources`: 资料来源部门.
    In force from `effective_from` until `effective_to`, or until the next version is.
    """

    code: IndicatorCode
    version: int
    name: str
    name_en: str
    domain: DomainCode
    theme: tuple[str, ...]
    definition: str
    unit: str
    decimals: int
    direction: Direction
    kind: IndicatorClass
    lead: OrganisationCode
    sources: tuple[OrganisationCode, ...]
    steward: str
    calculation: Calculation
    period: Grain
    places: PlaceScope
    effective_from: date
    digest: str
    """SHA-256 of the file's text."""
    additivity: tuple[Along, ...] = ()
    lag: timedelta = timedelta(0)
    freshness: timedelta | None = None
    fill: Fill = Fill()
    parent: IndicatorCode | None = None
    target: Decimal | None = None
    advanced: Decimal | None = None
    thresholds: Thresholds | None = None
    access: AccessClass = AccessClass.INTERNAL
    effective_to: date | None = None
    supersedes: IndicatorCode | None = None

    def along(self, dimension: str) -> Additivity:
        found = {along.dimension: along.additivity for along in self.additivity}
        return found.get(dimension, Additivity.ADDITIVE)
