"""The measures of a group as SQL nodes, and the types of what comes out.

Rules: sums are exact (of doubles as exact as these are, and always the same), and wide enough not to
overflow; a decimal with more than 28 digits is summed as a double. Averages, medians and percentiles of exact numbers are
decimals with six more digits; what has no such number (NaN, infinity, too large) is null.
"""

from collections.abc import Callable, Mapping

from sqlglot import exp

from catalog.contracts import ColumnType, Kind
from catalog.predicate import Scalar
from catalog.sharing.grant import Visibility
from query.aggregate import Function, Measure
from query.errors import MeasureUnfit
from query.visible import NUMBERS

WIDEST = 38
SAFE_DIGITS = 28
"""Ten thousand million values of so many digits have a sum that is a decimal still."""
MORE_DIGITS = 6
WHOLE = ColumnType(Kind.BIGINT)
COUNTS = frozenset({Function.COUNT, Function.COUNT_DISTINCT})
EXTREMES = frozenset({Function.MIN, Function.MAX})
MEANS = frozenset({Function.AVG, Function.MEDIAN, Function.PERCENTILE})
EXACT = NUMBERS - {Kind.DOUBLE}
ORDERED = NUMBERS | {Kind.STRING, Kind.DATE, Kind.TIMESTAMP}
FITS: Mapping[Function, frozenset[Kind]] = {
    **dict.fromkeys(COUNTS, frozenset(Kind)),
    **dict.fromkeys(EXTREMES, ORDERED),
    **dict.fromkeys(MEANS, NUMBERS),
    Function.SUM: NUMBERS,
}
HIDING = frozenset({Function.SUM, Function.AVG})
"""What may be told of a column that is granted for aggregates only: the others tell of one row, or that
all rows have one value.
"""
SIMPLE: Mapping[Function, type[exp.Func]] = {
    Function.SUM: exp.Sum,
    Function.AVG: exp.Avg,
    Function.MIN: exp.Min,
    Function.MAX: exp.Max,
}
DOUBLE = exp.DataType.build("DOUBLE", dialect="duckdb")


Bind = Callable[[Scalar], exp.Parameter]


def functions_of(how: Visibility, kind: Kind) -> frozenset[Function]:
    """What aggregates may tell of such a column."""
    fitting = frozenset(function for function, kinds in FITS.items() if kind in kinds)
    if how is Visibility.AGGREGATE:
        return fitting & HIDING
    return fitting & COUNTS if how is Visibility.MASKED else fitting


def check_measure(measure: Measure, how: Visibility, column: ColumnType) -> None:
    """MeasureUnfit."""
    if measure.function not in functions_of(how, column.kind):
        raise MeasureUnfit(field=measure.column, measure=measure.function)


def result_type(measure: Measure, column: ColumnType | None) -> ColumnType:
    """What comes out of it, for a column of that type."""
    if column is None or measure.function in COUNTS:
        return WHOLE
    if measure.function in EXTREMES or column.kind is Kind.DOUBLE:
        return column
    if measure.function is Function.SUM:
        return ColumnType(Kind.DECIMAL, WIDEST, column.scale)
    return ColumnType(Kind.DECIMAL, WIDEST, min(column.scale + MORE_DIGITS, WIDEST // 2))


def measured(
    measure: Measure,
    node: exp.Expr | None,
    column: ColumnType | None,
    only: exp.Expr | None,
    bind: Bind,
) -> exp.Expr:
    """`only`: of the rows where this is true."""
    made = _function(measure, node, column, bind)
    if only is not None:
        made = exp.Filter(this=made, expression=exp.Where(this=only.copy()))
    if column is None or column.kind not in EXACT:
        return made
    if measure.function in MEANS or is_wide(measure.function, column):
        return exp.TryCast(this=made, to=_decimal(result_type(measure, column)), safe=True)
    return made


def _function(
    measure: Measure, node: exp.Expr | None, column: ColumnType | None, bind: Bind
) -> exp.Expr:
    if node is None or column is None:
        return exp.Count(this=exp.Star(), big_int=True)
    function = measure.function
    if function is Function.COUNT:
        return exp.Count(this=node, big_int=True)
    if function is Function.COUNT_DISTINCT:
        return exp.Count(this=exp.Distinct(expressions=[node]), big_int=True)
    middle = function in {Function.MEDIAN, Function.PERCENTILE}
    if column.kind in EXACT and (middle or is_wide(function, column)):
        node = exp.Cast(this=node, to=DOUBLE.copy())
    if middle:
        p = 0.5 if measure.p is None else measure.p
        return exp.PercentileCont(this=node, expression=bind(p))
    summed = SIMPLE[function]
    if function in HIDING and (column.kind is Kind.DOUBLE or is_wide(function, column)):
        return steady(summed, node)
    return summed(this=node)


def steady(function: type[exp.Func], doubles: exp.Expr) -> exp.Expr:
    """A sum or mean of doubles, added up in the order of their size: in any other order its last digits
    tell where the rows lie, and what hidden ones lie between them.
    """
    by = exp.Ordered(this=doubles.copy(), desc=False, nulls_first=False)
    return function(this=exp.Order(this=doubles, expressions=[by]))


def is_wide(function: Function, column: ColumnType) -> bool:
    """Whether it is worked out over doubles."""
    return column.precision > SAFE_DIGITS and function in HIDING


def _decimal(kind: ColumnType) -> exp.DataType:
    return exp.DataType.build(f"DECIMAL({kind.precision}, {kind.scale})", dialect="duckdb")
