"""Nodes of the subset of SQL that indicators are compiled to; the printer quotes every name."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from sqlglot import exp

from catalog.indicators.period import Grain, Window

DOUBLE = exp.DataType.build("DOUBLE")
TIMESTAMP = exp.DataType.build("TIMESTAMP", dialect="duckdb")
TS, PLACE = "ts", "place"
INTERVALS = {
    Grain.FIVE_MINUTES: (5, "MINUTE"),
    Grain.HOUR: (1, "HOUR"),
    Grain.DAY: (1, "DAY"),
    Grain.WEEK: (7, "DAY"),
    Grain.MONTH: (1, "MONTH"),
    Grain.QUARTER: (3, "MONTH"),
    Grain.YEAR: (12, "MONTH"),
}


def column(name: str, table: str | None = None) -> exp.Column:
    owner = None if table is None else exp.to_identifier(table, quoted=True)
    return exp.column(exp.to_identifier(name, quoted=True), table=owner)


def named(node: exp.Expr, name: str) -> exp.Expr:
    return exp.alias_(node, name, quoted=True)


def table(name: str, alias: str | None = None) -> exp.Table:
    made = exp.Table(this=exp.to_identifier(name, quoted=True))
    if alias is not None:
        made.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))
    return made


def number(value: object) -> exp.Expr:
    return exp.Literal.number(str(value))


def double(node: exp.Expr) -> exp.Expr:
    return exp.Cast(this=node, to=DOUBLE.copy())


def timestamp(node: exp.Expr) -> exp.Expr:
    return exp.Cast(this=node, to=TIMESTAMP.copy())


def no_value() -> exp.Expr:
    return double(exp.null())


def interval(window: Window) -> exp.Interval:
    count, unit = INTERVALS[window.unit]
    return exp.Interval(this=exp.Literal.string(str(count * window.count)), unit=exp.var(unit))


def truncated(node: exp.Expr, grain: Grain) -> exp.Expr:
    """The start of the period of a city-clock timestamp."""
    if grain is not Grain.FIVE_MINUTES:
        return exp.TimestampTrunc(this=node, unit=exp.var(grain.value.upper()))
    hour = exp.TimestampTrunc(this=node, unit=exp.var("HOUR"))
    minute = exp.Extract(this=exp.var("MINUTE"), expression=node.copy())
    fives = exp.Floor(this=exp.Div(this=minute, expression=number(5)))
    step = exp.Interval(this=exp.Literal.string("5"), unit=exp.var("MINUTE"))
    whole = exp.Cast(this=fives, to=exp.DataType.build("INT"))
    return exp.Add(this=hour, expression=exp.Mul(this=step, expression=whole))


def ago(node: exp.Expr, window: Window) -> exp.Expr:
    return exp.Sub(this=node, expression=interval(window))


def ago_seconds(node: exp.Expr, span: timedelta) -> exp.Expr:
    seconds = exp.Literal.string(str(int(span.total_seconds())))
    return exp.Sub(this=node, expression=exp.Interval(this=seconds, unit=exp.var("SECOND")))


def upto(ts: exp.Expr, grain: Grain, as_of: exp.Expr) -> exp.Expr:
    """The end of the period, or what has passed of it."""
    end = exp.Add(this=ts, expression=interval(Window(1, grain)))
    return exp.Least(this=end, expressions=[as_of], ignore_nulls=True)


def one_of(node: exp.Expr, codes: Iterable[int]) -> exp.Expr:
    """None of none."""
    listed = [number(code) for code in codes]
    return exp.In(this=node, expressions=listed) if listed else exp.false()


def over(
    function: exp.Expr,
    partition: Sequence[exp.Expr],
    order: Sequence[exp.Expr],
    rows: tuple[exp.Expr | str, exp.Expr | str] | None = None,
) -> exp.Window:
    """`rows`: how many before it the frame begins and ends at; a text is one of SQL's own bounds."""
    window = exp.Window(this=function, partition_by=list(partition))
    if order:
        window.set("order", exp.Order(expressions=list(order)))
    if rows is not None:
        spec = exp.WindowSpec(kind="ROWS")
        for name, bound in zip(("start", "end"), rows, strict=True):
            spec.set(name, bound)
            if bound != "CURRENT ROW":
                spec.set(f"{name}_side", "PRECEDING")
        window.set("spec", spec)
    return window


def descending(node: exp.Expr) -> exp.Expr:
    return exp.Ordered(this=node, desc=True, nulls_first=False)


def all_of(*terms: exp.Expr | None) -> exp.Expr | None:
    kept = [term for term in terms if term is not None]
    return exp.and_(*kept) if kept else None
