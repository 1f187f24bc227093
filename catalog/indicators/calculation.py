"""How an indicator is worked out: the metric types as one sum type.

Six of them measure rows of a data set; the others are made of measures, or of other indicators by
their codes. Names of columns are the data set's own (`level_m`) or another's that is reached many to
one (`river_station.warning_level_m`), never written as SQL.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from catalog.ids import DatasetCode, IndicatorCode
from catalog.indicators.expression import Expression, names_of
from catalog.indicators.period import Grain, Window
from catalog.predicate import Predicate


class Aggregation(StrEnum):
    COUNT = "count"
    SUM = "sum"
    MIN = "min"
    MAX = "max"
    AVERAGE = "average"


class Pick(StrEnum):
    """What stands for an entity within a period. LAST may be carried on from before it."""

    LAST = "last"
    FIRST = "first"
    MIN = "min"
    MAX = "max"
    AVERAGE = "average"


class Movement(StrEnum):
    """How an offset is shown: what it was then, the difference to then, the change as a share of then."""

    VALUE = "value"
    DIFFERENCE = "difference"
    CHANGE = "change"


class Bound(StrEnum):
    LOWER = "lower"
    EXPECTED = "expected"
    UPPER = "upper"


class TimeUnit(StrEnum):
    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows that are measured. A row counts in the period of `time`, at the place of `place` (None:
    the contract's place column). `via` names the relations to walk where several lead to the same data.
    """

    data_set: DatasetCode
    time: str
    where: Predicate | None = None
    place: str | None = None
    via: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Simple:
    """`value` is None only for a count of rows; a count of a value leaves out where there is none."""

    rows: Rows
    aggregation: Aggregation
    value: Expression | None = None


@dataclass(frozen=True, slots=True)
class Distinct:
    """How many different values there are; `sketch`: about, within two per cent."""

    rows: Rows
    value: Expression
    sketch: bool = False


@dataclass(frozen=True, slots=True)
class Percentile:
    """Interpolated between rows; `fraction` 0.5 is the median."""

    rows: Rows
    value: Expression
    fraction: Decimal


@dataclass(frozen=True, slots=True)
class SemiAdditive:
    """A stock: one reading for each entity and period, then `across` entities. A last reading stands for
    later periods, too, until it is `carry` old at their end; None: only for its own.
    """

    rows: Rows
    value: Expression
    entity: tuple[str, ...]
    pick: Pick = Pick.LAST
    carry: timedelta | None = None
    across: Aggregation = Aggregation.SUM


@dataclass(frozen=True, slots=True)
class Duration:
    """Elapsed time from `start` to `end` (报 -> 办结), of rows that have both; by seconds that passed, not
    by marks of the clock. With a `fraction` that percentile of them, else `aggregation`.
    """

    rows: Rows
    start: str
    end: str
    unit: TimeUnit
    aggregation: Aggregation = Aggregation.AVERAGE
    fraction: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Reported:
    """填报: the last value reported in the period for exactly that place; never summed over places."""

    rows: Rows
    value: str


Measure = Simple | Distinct | Percentile | SemiAdditive | Duration | Reported


@dataclass(frozen=True, slots=True)
class Of:
    """Another indicator, in the version that is in force."""

    indicator: IndicatorCode


@dataclass(frozen=True, slots=True)
class Ratio:
    """Sum by sum, at whatever place and period is asked; `factor` 100 gives per cent."""

    numerator: "Calculation"
    denominator: "Calculation"
    factor: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Term:
    """A name in a formula and what it stands for."""

    name: str
    of: "Calculation"


@dataclass(frozen=True, slots=True)
class Derived:
    """A formula over its terms; a name that is no term is an indicator's code."""

    formula: Expression
    terms: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class ToDate:
    """From the start of the `grain` to the end of the period."""

    of: "Calculation"
    grain: Grain


@dataclass(frozen=True, slots=True)
class Rolling:
    """The `window` that ends with the period."""

    of: "Calculation"
    window: Window


@dataclass(frozen=True, slots=True)
class Cumulative:
    """From the first row on."""

    of: "Calculation"


@dataclass(frozen=True, slots=True)
class Offset:
    """The period `by` earlier (a window), or the one in which the `by` (a grain) began."""

    of: "Calculation"
    by: Window | Grain
    movement: Movement = Movement.VALUE


@dataclass(frozen=True, slots=True)
class Part:
    """`zero` is the value worth nothing and `full` the one worth 100; both None: worth itself."""

    of: "Calculation"
    weight: Decimal
    zero: Decimal | None = None
    full: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Composite:
    """The weighted mean of its parts; without one of them there is no value."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Band:
    """What is expected from the last `seasons` values that lie `every` periods apart: their mean, and
    `width` standard deviations below and above it.
    """

    of: "Calculation"
    bound: Bound
    seasons: int
    every: int = 1
    width: Decimal = Decimal(2)


Made = Of | Ratio | Derived | ToDate | Rolling | Cumulative | Offset | Composite | Band
Calculation = Measure | Made
KINDS: Mapping[type[Calculation], str] = {
    Simple: "simple", Distinct: "distinct", Percentile: "percentile",
    SemiAdditive: "semi_additive", Duration: "duration", Reported: "reported",
    Of: "indicator", Ratio: "ratio", Derived: "derived", ToDate: "to_date", Rolling: "rolling",
    Cumulative: "cumulative", Offset: "offset", Composite: "composite", Band: "band",
}  # fmt: skip
"""What files call them."""
Where = tuple[str | int, ...]
"""Where in a file a calculation's body stands."""


def parts_of(calculation: Calculation, where: Where = ()) -> Iterator[tuple[Where, Calculation]]:
    """A calculation and all that stand in it, each with where its body is; what `Of` names is not
    followed.
    """
    body = (*where, KINDS[type(calculation)])
    yield body, calculation
    match calculation:
        case Derived(terms=terms):
            for term in terms:
                yield from parts_of(term.of, (*body, "terms", term.name))
        case Composite(parts=parts):
            for number, part in enumerate(parts):
                yield from parts_of(part.of, (*body, "parts", number, "of"))
        case Ratio(numerator, denominator):
            yield from parts_of(numerator, (*body, "numerator"))
            yield from parts_of(denominator, (*body, "denominator"))
        case ToDate(of=of) | Rolling(of=of) | Cumulative(of=of) | Offset(of=of) | Band(of=of):
            yield from parts_of(of, (*body, "of"))
        case _:
            pass


def ingredients(calculation: Calculation) -> frozenset[IndicatorCode]:
    """The indicators that it names directly."""
    found: set[IndicatorCode] = set()
    for _, part in parts_of(calculation):
        match part:
            case Of(indicator):
                found.add(indicator)
            case Derived(formula, terms):
                own = {term.name for term in terms}
                found |= {IndicatorCode(n) for n in names_of(formula) if n not in own}
            case _:
                pass
    return frozenset(found)
