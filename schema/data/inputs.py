"""The inputs of each data set: its filter, its order, its columns, and what picks one row of a group.

Rules: an input names visible columns and granted relations only. Types are made when a field first
needs them, once a data set, and are tied to each other through thunks.
"""

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
)

from catalog.contracts import LOCATION, Kind
from catalog.ids import DatasetCode
from query.aggregate import Function
from query.measure import functions_of
from query.order import NUMBERS
from query.relation import Scope
from query.tree import Quantifier, Total
from schema.data.filters import column_filter
from schema.data.location import LOCATION_FILTER, location_text
from schema.data.once import once
from schema.data.shape import AGGREGATE, RowShape, ScopeShapes

DEFAULT_LIMIT = 100
ORDER = GraphQLEnumType(
    "OrderDirection",
    {
        "ASC": GraphQLEnumValue("asc", "升序，空值在后。Ascending, nulls last."),
        "DESC": GraphQLEnumValue("desc", "降序，空值在后。Descending, nulls last."),
        "ASC_NULLS_FIRST": GraphQLEnumValue("asc_nulls_first", "升序，空值在前。"),
        "DESC_NULLS_FIRST": GraphQLEnumValue("desc_nulls_first", "降序，空值在前。"),
    },
    description="排序方向。The direction of an order.",
)


def _totals_order(name: str, *totals: Total) -> GraphQLInputObjectType:
    return GraphQLInputObjectType(
        name, {total.value: GraphQLInputField(ORDER) for total in totals}, is_one_of=True
    )


VALUE_ORDER = _totals_order("RelatedValuesOrder", Total.MIN, Total.MAX)
NUMBER_ORDER = _totals_order("RelatedNumbersOrder", Total.MIN, Total.MAX, Total.SUM, Total.AVG)
VALUE_ORDER_FIELD, NUMBER_ORDER_FIELD = map(GraphQLInputField, (VALUE_ORDER, NUMBER_ORDER))
Fields = dict[str, GraphQLInputField]
DIRECTION_FIELD = GraphQLInputField(ORDER)
COLUMN_FILTER_FIELDS = {kind: GraphQLInputField(column_filter(kind)) for kind in Kind}
PAGE_ARGUMENTS = {
    "limit": GraphQLArgument(GraphQLInt, default_value=DEFAULT_LIMIT),
    "offset": GraphQLArgument(GraphQLInt, default_value=0),
}


class Inputs:
    def __init__(self, scope: Scope, shapes: ScopeShapes) -> None:
        self._scope = scope
        self._shapes = shapes
        self.filter = once(self._filter)
        self.order = once(self._order)
        self.column = once(self._column)
        self.latest_by = once(self._latest_by)
        self.list_filter = once(self._list_filter)
        self.list_order = once(self._list_order)

    def page_arguments(self, data_set: DatasetCode) -> dict[str, GraphQLArgument]:
        """Of a list, at the root or nested."""
        return self.row_arguments(data_set) | PAGE_ARGUMENTS

    def row_arguments(self, data_set: DatasetCode) -> dict[str, GraphQLArgument]:
        """Which rows, in which order."""
        order = GraphQLList(GraphQLNonNull(self.order(data_set)))
        column = self.column(data_set)
        return {
            "where": GraphQLArgument(self.filter(data_set)),
            "orderBy": GraphQLArgument(order),
            "distinctOn": GraphQLArgument(
                GraphQLList(GraphQLNonNull(column)),
                description="各列取值相同的行只留排在最前的一行。"
                "Of rows equal in these columns only the first in the order.",
            ),
            "latestBy": GraphQLArgument(
                self.latest_by(data_set),
                description="每组只留最新的一行。Only the newest row of each group.",
            ),
        }

    def kind(self, data_set: DatasetCode, column: str) -> Kind:
        return self._scope.column_type(data_set, column).kind

    def _filter(self, data_set: DatasetCode) -> GraphQLInputObjectType:
        shape = self._shapes.of(data_set)

        def fields() -> Fields:
            own = self.filter(data_set)
            terms = GraphQLList(GraphQLNonNull(own))
            logic = {
                "and": GraphQLInputField(terms),
                "or": GraphQLInputField(terms),
                "not": GraphQLInputField(own),
            }
            columns = {
                field: COLUMN_FILTER_FIELDS[self.kind(data_set, column)]
                for field, column in shape.columns.items()
            }
            related = {
                field: GraphQLInputField(
                    self.list_filter(relation.target)
                    if relation.many
                    else self.filter(relation.target)
                )
                for field, relation in shape.relations.items()
            }
            return logic | columns | related | self._location(shape)

        return GraphQLInputObjectType(f"{shape.type_name}Filter", fields)

    def _location(self, shape: RowShape) -> Fields:
        found = shape.coordinates
        if found is None:
            return {}
        return {LOCATION: GraphQLInputField(LOCATION_FILTER, description=location_text(found))}

    def _list_filter(self, data_set: DatasetCode) -> GraphQLInputObjectType:
        notes = {
            Quantifier.SOME: "至少一行符合；为空对象时：至少有一行。"
            "At least one row fits; given {}, there is one.",
            Quantifier.EVERY: "没有不符合的行。No row does not fit.",
            Quantifier.NONE: "没有符合的行；为空对象时：一行也没有。"
            "No row fits; given {}, there is none.",
        }

        def fields() -> Fields:
            inner = self.filter(data_set)
            return {q.value: GraphQLInputField(inner, description=n) for q, n in notes.items()}

        return GraphQLInputObjectType(f"{self._shapes.of(data_set).type_name}ListFilter", fields)

    def _order(self, data_set: DatasetCode) -> GraphQLInputObjectType:
        """One column and its direction, `{observedAt: DESC}`, or what a relation has or comes to."""
        shape = self._shapes.of(data_set)

        def fields() -> Fields:
            columns = dict.fromkeys(shape.columns, DIRECTION_FIELD)
            return (
                {
                    field + AGGREGATE: GraphQLInputField(self.list_order(relation.target))
                    for field, relation in shape.relations.items()
                    if relation.many
                }
                | {
                    field: GraphQLInputField(self.order(relation.target))
                    for field, relation in shape.relations.items()
                    if not relation.many
                }
                | columns
            )

        return GraphQLInputObjectType(f"{shape.type_name}Order", fields, is_one_of=True)

    def _list_order(self, data_set: DatasetCode) -> GraphQLInputObjectType:
        """`{count: DESC}`, `{levelM: {max: DESC}}`: as groups are ordered, and by the same columns."""
        shape, measured = self._shapes.of(data_set), self._scope.measured(data_set)

        def fields() -> Fields:
            found = {Total.COUNT.value: DIRECTION_FIELD}
            for name, column in shape.totalled.items():
                kind = self.kind(data_set, column)
                if Function.MAX in functions_of(measured[column], kind):
                    found[name] = NUMBER_ORDER_FIELD if kind in NUMBERS else VALUE_ORDER_FIELD
            return found

        return GraphQLInputObjectType(f"{shape.type_name}ListOrder", fields, is_one_of=True)

    def _column(self, data_set: DatasetCode) -> GraphQLEnumType:
        shape = self._shapes.of(data_set)

        def values() -> dict[str, str]:
            return {name.upper(): name for name in shape.columns.values()}

        return GraphQLEnumType(f"{shape.type_name}Column", values)

    def _latest_by(self, data_set: DatasetCode) -> GraphQLInputObjectType:
        column = self.column(data_set)
        return GraphQLInputObjectType(
            f"{self._shapes.of(data_set).type_name}LatestBy",
            {
                "keys": GraphQLInputField(
                    GraphQLNonNull(GraphQLList(GraphQLNonNull(column))),
                    description="每组由这些列的取值决定。The columns that make a group.",
                ),
                "at": GraphQLInputField(
                    GraphQLNonNull(column),
                    description="以此列最大者为最新。The newest is the greatest in this column.",
                ),
            },
        )
