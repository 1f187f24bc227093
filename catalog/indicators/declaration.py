"""What an indicator's file may hold (`indicators/<name>.yaml`), key by key; `reading.py` gives it meaning.

A calculation is the code of another indicator, or one key that names its type.
"""

from datetime import date, time, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from catalog.declaration import Declared
from catalog.ids import DatasetCode, IndicatorCode, OrganisationCode, PlaceCode
from catalog.indicators.calculation import Aggregation, Bound, Movement, Pick, TimeUnit
from catalog.indicators.indicator import (
    AccessClass,
    Additivity,
    Direction,
    FillKind,
    Hierarchy,
    IndicatorClass,
)
from catalog.indicators.period import Grain
from catalog.indicators.threshold import AlertLevel, NoData
from catalog.places import PlaceLevel

CODE = r"^[A-Za-z][A-Za-z0-9_]{0,63}$"
TAKEN = r"(?i)level|place|start|end|ts|begin|newest|d\d+|m\d+_carried|.*__.*"
"""Codes that would stand for a column of the statement, or of its answer, that is there anyway."""
Code = Annotated[str, Field(pattern=CODE)]
Text = Annotated[str, Field(min_length=1)]
Formula = Annotated[str, BeforeValidator(lambda v: str(v) if isinstance(v, int | float) else v)]
"""Arithmetic as `expression.py` reads it; a bare number is one, too."""
Exact = Annotated[Decimal, BeforeValidator(lambda v: str(v) if isinstance(v, float) else v)]
"""As it is written: 97.3 is not 97.2999."""
Severe = Literal[AlertLevel.RED, AlertLevel.ORANGE, AlertLevel.YELLOW, AlertLevel.BLUE]


class WindowBody(Declared):
    count: int = Field(ge=1, le=10_000)
    unit: Grain


class RowsBody(Declared):
    data_set: DatasetCode
    time: str
    where: dict[str, object] | None = None
    place: str | None = None
    via: tuple[str, ...] = ()


class SimpleBody(RowsBody):
    aggregation: Aggregation
    value: Formula | None = None


class DistinctBody(RowsBody):
    value: Formula
    sketch: bool = False


class PercentileBody(RowsBody):
    value: Formula
    fraction: Exact = Field(ge=0, le=1)


class SemiAdditiveBody(RowsBody):
    value: Formula
    entity: tuple[str, ...] = Field(min_length=1)
    pick: Pick = Pick.LAST
    carry: timedelta | None = None
    across: Aggregation = Aggregation.SUM


class DurationBody(RowsBody):
    start: str
    end: str
    unit: TimeUnit
    aggregation: Aggregation = Aggregation.AVERAGE
    fraction: Exact | None = Field(default=None, ge=0, le=1)

    @model_validator(mode="after")
    def one_of_both(self) -> "DurationBody":
        if {"aggregation", "fraction"} <= self.model_fields_set:
            raise ValueError("a duration has an aggregation or a fraction, not both")
        return self


class ReportedBody(RowsBody):
    value: str


class RatioBody(Declared):
    numerator: "CalculationBody"
    denominator: "CalculationBody"
    factor: Exact = Decimal(1)


class DerivedBody(Declared):
    formula: Formula
    terms: dict[str, "CalculationBody"] = Field(default_factory=dict)


class ToDateBody(Declared):
    of: "CalculationBody"
    grain: Grain


class RollingBody(Declared):
    of: "CalculationBody"
    window: WindowBody


class CumulativeBody(Declared):
    of: "CalculationBody"


class OffsetBody(Declared):
    of: "CalculationBody"
    window: WindowBody | None = None
    start_of: Grain | None = None
    movement: Movement = Movement.VALUE

    @model_validator(mode="after")
    def one_of_both(self) -> "OffsetBody":
        if (self.window is None) is (self.start_of is None):
            raise ValueError("an offset has a window or a start_of, not both")
        return self


class PartBody(Declared):
    of: "CalculationBody"
    weight: Exact = Field(gt=0)
    zero: Exact | None = None
    full: Exact | None = None

    @model_validator(mode="after")
    def both_or_none(self) -> "PartBody":
        if (self.zero is None) is not (self.full is None) or (
            self.zero is not None and self.zero == self.full
        ):
            raise ValueError("zero and full are two different values, or neither is given")
        return self


class CompositeBody(Declared):
    parts: tuple[PartBody, ...] = Field(min_length=1, max_length=64)


class BandBody(Declared):
    of: "CalculationBody"
    bound: Bound
    seasons: int = Field(ge=2, le=1_000)
    every: int = Field(default=1, ge=1, le=10_000)
    width: Exact = Field(default=Decimal(2), gt=0)


class CalculationBody(Declared):
    """Exactly one of these; a bare code is short for `indicator`."""

    indicator: Code | None = None
    simple: SimpleBody | None = None
    distinct: DistinctBody | None = None
    percentile: PercentileBody | None = None
    semi_additive: SemiAdditiveBody | None = None
    duration: DurationBody | None = None
    reported: ReportedBody | None = None
    ratio: RatioBody | None = None
    derived: DerivedBody | None = None
    to_date: ToDateBody | None = None
    rolling: RollingBody | None = None
    cumulative: CumulativeBody | None = None
    offset: OffsetBody | None = None
    composite: CompositeBody | None = None
    band: BandBody | None = None

    @model_validator(mode="before")
    @classmethod
    def short(cls, value: object) -> object:
        return {"indicator": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def one_type(self) -> "CalculationBody":
        given = [name for name in self.model_fields_set if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"a calculation has one type of {', '.join(type(self).model_fields)}")
        return self

    @property
    def kind(self) -> str:
        return next(name for name in self.model_fields_set if getattr(self, name) is not None)


class LimitBody(Declared):
    below: Exact | None = None
    above: Exact | None = None


class RungBody(Declared):
    enter: LimitBody
    exit: LimitBody | None = None
    for_periods: int = Field(default=1, ge=1)
    keep_periods: int = Field(default=0, ge=0)


DAY = r"^\d{2}-\d{2}$"


class SeasonBody(Declared):
    first: str = Field(pattern=DAY)
    last: str = Field(pattern=DAY)

    @model_validator(mode="after")
    def days_of_a_year(self) -> "SeasonBody":
        for text in (self.first, self.last):
            date.fromisoformat(f"2024-{text}")  # a leap year has every day
        return self


def _clock(value: object) -> object:
    if not isinstance(value, str):  # YAML reads 22:00 as 1320
        raise ValueError('write the time in quotes: "22:00"')  # noqa: TRY004 - what pydantic tells on
    return value


Clock = Annotated[time, BeforeValidator(_clock)]


class HoursBody(Declared):
    first: Clock
    last: Clock


class OverrideBody(Declared):
    levels: dict[Severe, RungBody] = Field(default_factory=dict)
    places: tuple[PlaceCode, ...] = ()
    season: SeasonBody | None = None
    hours: HoursBody | None = None


class NoDataBody(Declared):
    action: NoData = NoData.KEEP
    after_periods: int = Field(default=1, ge=1)
    level: Severe | None = None

    @model_validator(mode="after")
    def a_level_to_raise(self) -> "NoDataBody":
        if (self.action is NoData.RAISE) is (self.level is None):
            raise ValueError("raise names a level; keep and clear have none")
        return self


class ThresholdsBody(Declared):
    levels: dict[Severe, RungBody] = Field(min_length=1)
    overrides: tuple[OverrideBody, ...] = ()
    no_data: NoDataBody = NoDataBody()
    scale: Text = "five"
    labels: dict[AlertLevel, str] = Field(default_factory=dict)


class FillBody(Declared):
    kind: FillKind
    periods: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def periods_to_carry(self) -> "FillBody":
        if (self.kind is FillKind.CARRY) is (self.periods == 0):
            raise ValueError("carry says for how many periods; the others do not")
        return self


class ScopeBody(Declared):
    lowest: PlaceLevel
    hierarchy: Hierarchy = Hierarchy.GOVERNING
    areas: tuple[PlaceCode, ...] = ()


class IndicatorFile(Declared):
    indicator: Code
    version: int = Field(ge=1)
    name: Text
    name_en: Text
    theme: tuple[str, ...] = Field(min_length=1)
    definition: Text
    unit: str
    decimals: int = Field(ge=0, le=12)
    direction: Direction
    kind: IndicatorClass = Field(alias="class")
    lead: OrganisationCode
    sources: tuple[OrganisationCode, ...] = ()
    steward: Text
    calculation: CalculationBody
    period: Grain
    places: ScopeBody
    effective_from: date
    effective_to: date | None = None
    supersedes: IndicatorCode | None = None
    additivity: dict[str, Additivity] = Field(default_factory=dict)
    lag: timedelta = Field(default=timedelta(0), ge=timedelta(0))
    freshness: timedelta | None = Field(default=None, gt=timedelta(0))
    fill: FillBody = FillBody(kind=FillKind.NONE)
    parent: IndicatorCode | None = None
    target: Exact | None = None
    advanced: Exact | None = None
    thresholds: ThresholdsBody | None = None
    access: AccessClass = AccessClass.INTERNAL
