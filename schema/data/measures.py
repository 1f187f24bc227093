"""The shared types of what is told of a group's columns: one for each kind of column, not for each column.

Rules: a type holds the measures that have a meaning for the kind and that the way it is granted allows;
sums and means of exact numbers are exact decimals as text, extremes keep the column's type.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import product
from typing import TypeVar

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLFloat,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
)

from catalog.contracts import ColumnType, Kind, camel
from catalog.places import PlaceLevel
from catalog.sharing.grant import Visibility
from query.aggregate import Function, Measure
from query.measure import COUNTS, functions_of, result_type
from query.rollup import TimeUnit
from schema.data.filters import KIND_SCALARS, column_filter
from schema.data.inputs import ORDER

Made = TypeVar("Made")
P = "p"
IS = "is"
DIRECTION = "direction"
FUNCTION_NAMES: Mapping[str, Function] = {camel(function.value): function for function in Function}
NOTES: Mapping[Function, str] = {
    Function.COUNT: "有值的行数。Rows that have a value.",
    Function.COUNT_DISTINCT: "不同取值的个数。How many different values.",
    Function.SUM: "合计。The sum.",
    Function.AVG: "平均值。The mean.",
    Function.MIN: "最小值。The least.",
    Function.MAX: "最大值。The greatest.",
    Function.MEDIAN: "中位数。The median.",
    Function.PERCENTILE: "分位数，p 在 0 到 1 之间，线性内插。The value below which a share p of 0 to 1 "
    "lies, interpolated.",
}
SHARE = "0 到 1。From 0 to 1."
TIME_UNIT = GraphQLEnumType(
    "TimeUnit",
    {unit.name: GraphQLEnumValue(unit) for unit in TimeUnit},
    description="时间段。A span of the clock or the calendar; weeks begin on Monday.",
)
ROLL_UP_LEVEL = GraphQLEnumType(
    "PlaceLevel",
    {level.name: GraphQLEnumValue(level) for level in PlaceLevel},
    description="地点层级。A level of the tree of places.",
)
PERCENTILE_ORDER = GraphQLInputObjectType(
    "PercentileOrder",
    {
        P: GraphQLInputField(GraphQLNonNull(GraphQLFloat), description=SHARE),
        DIRECTION: GraphQLInputField(GraphQLNonNull(ORDER)),
    },
)


def measured_field(kind: Kind, how: Visibility) -> GraphQLField:
    """The field of a column's measures."""
    return _field(*_class(kind, how))


def having_field(kind: Kind, how: Visibility) -> GraphQLInputField:
    return _having(*_class(kind, how))


def order_field(kind: Kind, how: Visibility) -> GraphQLInputField:
    return _order(*_class(kind, how))


def measure_types() -> Iterator[GraphQLNamedType]:
    """All of them, and what buckets and roll-ups are told by."""
    yield from (TIME_UNIT, ROLL_UP_LEVEL)
    for kind, how in product(Kind, Visibility):
        if functions_of(how, kind):
            fields = measured_field(kind, how), having_field(kind, how), order_field(kind, how)
            yield from (get_named_type(field.type) for field in fields)


def _class(kind: Kind, how: Visibility) -> tuple[Kind, Visibility]:
    return (Kind.STRING, how) if how is Visibility.MASKED else (kind, how)


@cache
def _field(kind: Kind, how: Visibility) -> GraphQLField:
    fields = _each(
        kind,
        how,
        lambda function, result: GraphQLField(
            GraphQLNonNull(GraphQLInt) if function in COUNTS else KIND_SCALARS[result],
            _percentile_arguments() if function is Function.PERCENTILE else None,
            description=NOTES[function],
        ),
    )
    made = GraphQLObjectType(
        f"{_name(kind, how)}Measures",
        fields,
        description="一列在一组中的统计值。What a column comes to in a group.",
    )
    return GraphQLField(GraphQLNonNull(made))


def _percentile_arguments() -> dict[str, GraphQLArgument]:
    return {P: GraphQLArgument(GraphQLNonNull(GraphQLFloat), description=SHARE)}


@cache
def _having(kind: Kind, how: Visibility) -> GraphQLInputField:
    def field(function: Function, result: Kind) -> GraphQLInputField:
        compared = column_filter(Kind.INTEGER if function in COUNTS else result)
        if function is not Function.PERCENTILE:
            return GraphQLInputField(compared)
        inputs = {
            P: GraphQLInputField(GraphQLNonNull(GraphQLFloat), description=SHARE),
            IS: GraphQLInputField(GraphQLNonNull(compared)),
        }
        return GraphQLInputField(
            GraphQLInputObjectType(f"{_name(kind, how)}PercentileFilter", inputs)
        )

    name = f"{_name(kind, how)}MeasuresFilter"
    return GraphQLInputField(GraphQLInputObjectType(name, _each(kind, how, field)))


@cache
def _order(kind: Kind, how: Visibility) -> GraphQLInputField:
    def field(function: Function, _result: Kind) -> GraphQLInputField:
        return GraphQLInputField(PERCENTILE_ORDER if function is Function.PERCENTILE else ORDER)

    name = f"{_name(kind, how)}MeasuresOrder"
    fields = _each(kind, how, field)
    return GraphQLInputField(GraphQLInputObjectType(name, fields, is_one_of=True))


def _each(kind: Kind, how: Visibility, make: Callable[[Function, Kind], Made]) -> dict[str, Made]:
    allowed = functions_of(how, kind)
    return {
        name: make(function, result_type(Measure(function, ""), ColumnType(kind)).kind)
        for name, function in FUNCTION_NAMES.items()
        if function in allowed
    }


def _name(kind: Kind, how: Visibility) -> str:
    """Of a kind's types; a masked column's tell that it is a mask, a hidden one's that it is hidden."""
    if how is Visibility.MASKED:
        return "Masked"
    return ("Hidden" if how is Visibility.AGGREGATE else "") + KIND_SCALARS[kind].name
