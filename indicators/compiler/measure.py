"""A measure as one aggregate over its rows."""

from collections.abc import Mapping

from sqlglot import exp

from catalog.indicators.calculation import (
    Aggregation,
    Distinct,
    Duration,
    Measure,
    Percentile,
    Simple,
    TimeUnit,
)
from indicators.compiler.nodes import double, number
from indicators.compiler.source import Source

SECONDS: Mapping[TimeUnit, int] = {
    TimeUnit.SECOND: 1,
    TimeUnit.MINUTE: 60,
    TimeUnit.HOUR: 3_600,
    TimeUnit.DAY: 86_400,
}
AGGREGATES: Mapping[Aggregation, type[exp.AggFunc]] = {
    Aggregation.COUNT: exp.Count,
    Aggregation.SUM: exp.Sum,
    Aggregation.MIN: exp.Min,
    Aggregation.MAX: exp.Max,
    Aggregation.AVERAGE: exp.Avg,
}
FROM_PARTS: Mapping[Aggregation, type[exp.AggFunc]] = {
    Aggregation.COUNT: exp.Sum,
    Aggregation.SUM: exp.Sum,
    Aggregation.MIN: exp.Min,
    Aggregation.MAX: exp.Max,
}
"""How values of shorter periods are put together to that of a longer one."""


def from_parts(measure: Measure) -> type[exp.AggFunc] | None:
    """None: only from the rows themselves."""
    match measure:
        case Simple(aggregation=how) | Duration(aggregation=how, fraction=None):
            return FROM_PARTS[how]
    return None


def measured_value(measure: Measure, source: Source) -> exp.Expr | None:
    """What is measured of each row; None: that it is there."""
    match measure:
        case Simple(value=value):
            return None if value is None else source.value(value)
        case Distinct(value=value) | Percentile(value=value):
            return source.value(value)
        case Duration(start=start, end=end, unit=unit):
            passed = exp.Sub(this=_epoch(source, end), expression=_epoch(source, start))
            return exp.Div(this=exp.paren(passed), expression=number(SECONDS[unit]))
    raise TypeError(f"{type(measure).__name__} is no aggregate over rows")


def aggregate(measure: Measure, value: exp.Expr | None, where: exp.Expr | None = None) -> exp.Expr:
    """Of these rows, or of those among them that fulfil `where`. A count of none is no value: what it
    counts as is the fill policy's.
    """
    made = _aggregate(measure, value)
    if where is not None:
        made = exp.Filter(this=made, expression=exp.Where(this=where))
    if isinstance(measure, Distinct) or (
        isinstance(measure, Simple | Duration) and measure.aggregation is Aggregation.COUNT
    ):
        made = exp.Nullif(this=made, expression=number(0))
    return double(made)


def _aggregate(measure: Measure, value: exp.Expr | None) -> exp.Expr:
    if value is None:
        return exp.Count(this=exp.Star())
    match measure:
        case Distinct(sketch=True):
            return exp.ApproxDistinct(this=value)
        case Distinct():
            return exp.Count(this=exp.Distinct(expressions=[value]))
        case Percentile(fraction=fraction):
            return exp.PercentileCont(this=double(value), expression=number(fraction))
        case Duration(fraction=fraction) if fraction is not None:
            return exp.PercentileCont(this=double(value), expression=number(fraction))
        case Simple(aggregation=how) | Duration(aggregation=how):
            return AGGREGATES[how](this=value)
    raise TypeError(f"{type(measure).__name__} is no aggregate over rows")


def _epoch(source: Source, written: str) -> exp.Expr:
    return double(exp.Extract(this=exp.var("EPOCH"), expression=source.column(written)[0]))
