"""The types of a data set's groups: a row of them, their keys, and the inputs that ask for them.

Rules: what can be measured of a column depends on its kind alone, so those types are shared
(`schema/data/measures.py`); what is made here for each data set only names its columns. Types are made
when a field first needs them. Where groups have a least size, filters and keys name cell columns only,
and there is no `asOf`.
"""

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
)

from catalog.contracts import Kind
from catalog.ids import DatasetCode
from catalog.sharing.grant import Visibility
from query.aggregate import CITY
from query.relation import Scope
from schema.data.filters import KIND_SCALARS
from schema.data.inputs import (
    COLUMN_FILTER_FIELDS,
    DIRECTION_FIELD,
    PAGE_ARGUMENTS,
    Fields,
    Inputs,
)
from schema.data.measures import (
    ROLL_UP_LEVEL,
    TIME_UNIT,
    having_field,
    measured_field,
    order_field,
)
from schema.data.once import once
from schema.data.shape import ScopeShapes

COUNT, KEY, ONLY, WHERE = "count", "key", "only", "where"
TIMES = frozenset({Kind.DATE, Kind.TIMESTAMP})
KEY_FIELDS = {kind: GraphQLField(scalar) for kind, scalar in KIND_SCALARS.items()}
COUNT_FIELD = GraphQLField(GraphQLNonNull(GraphQLInt), description="行数。How many rows.")
COUNT_FILTER = COLUMN_FILTER_FIELDS[Kind.INTEGER]
GROUPINGS = frozenset({"column", "bucket", "place"})


def group_name(relation: str) -> str:
    """The name of a relation beside the ways to group."""
    return relation + "_" if relation in GROUPINGS else relation


CELL_NOTE = (
    "有最小分组时，时间以所在月的月初计，地点以所在镇街计。"
    "With a least group, a time stands for the beginning of its month, a place for its township."
)


class Aggregates:
    def __init__(self, scope: Scope, shapes: ScopeShapes, inputs: Inputs) -> None:
        self._scope = scope
        self._shapes = shapes
        self._inputs = inputs
        self.row = once(self._row)
        self.order = once(self._order)
        self.filter = once(self._filter)
        self.column = once(self._column)
        self.keys = once(self._keys)
        self.key_order = once(self._key_order)
        self.group = once(self._group)
        self.bucket = once(self._bucket)
        self.roll_up = once(self._roll_up)
        self.having = once(self._having)

    def field(self, data_set: DatasetCode, title: str) -> GraphQLField:
        """A list of groups, without what resolves it."""
        return GraphQLField(
            GraphQLNonNull(GraphQLList(GraphQLNonNull(self.row(data_set)))),
            self.arguments(data_set),
            description=f"{title}：分组统计。Groups and what they come to.",
        )

    def arguments(self, data_set: DatasetCode) -> dict[str, GraphQLArgument]:
        grouped = {
            WHERE: GraphQLArgument(self.filter(data_set)),
            "groupBy": GraphQLArgument(
                GraphQLList(GraphQLNonNull(self.group(data_set))),
                description="分组键；缺省时全部为一组。The keys; without any, all is one group.",
            ),
        }
        return (
            (grouped if self._shapes.of(data_set).grouped else {})
            | {
                "having": GraphQLArgument(
                    self.having(data_set), description="只留符合的组。Only groups that fit."
                ),
                "orderBy": GraphQLArgument(GraphQLList(GraphQLNonNull(self.order(data_set)))),
            }
            | PAGE_ARGUMENTS
        )

    def _row(self, data_set: DatasetCode) -> GraphQLObjectType:
        shape = self._shapes.of(data_set)

        def fields() -> dict[str, GraphQLField]:
            found = {COUNT: COUNT_FIELD}
            if shape.grouped:
                where = GraphQLArgument(GraphQLNonNull(self.filter(data_set)))
                found[KEY] = GraphQLField(
                    GraphQLNonNull(self.keys(data_set)),
                    description="groupBy 中的键。The keys of groupBy.",
                )
                found[ONLY] = GraphQLField(
                    GraphQLNonNull(self.row(data_set)),
                    {WHERE: where},
                    description="只计符合条件的行。Of the rows that fit alone.",
                )
            return found | {
                name: measured_field(*self._measured(data_set, column))
                for name, column in shape.measured.items()
            }

        return GraphQLObjectType(f"{shape.type_name}AggregateRow", fields)

    def _keys(self, data_set: DatasetCode) -> GraphQLObjectType:
        shape = self._shapes.of(data_set)

        def fields() -> dict[str, GraphQLField]:
            return {
                name: KEY_FIELDS[self._inputs.kind(data_set, column)]
                for name, column in shape.grouped.items()
            } | {name: GraphQLField(self.keys(target)) for name, target in shape.keys_of.items()}

        return GraphQLObjectType(f"{shape.type_name}Keys", fields)

    def _key_order(self, data_set: DatasetCode) -> GraphQLInputObjectType:
        shape = self._shapes.of(data_set)

        def fields() -> Fields:
            return dict.fromkeys(shape.grouped, DIRECTION_FIELD) | {
                name: GraphQLInputField(self.key_order(target))
                for name, target in shape.keys_of.items()
            }

        return GraphQLInputObjectType(f"{shape.type_name}KeyOrder", fields, is_one_of=True)

    def _group(self, data_set: DatasetCode) -> GraphQLInputObjectType:
        """`{column: STATION_CODE}`, `{bucket: {field: OBSERVED_AT, by: DAY}}`, `{place: ...}`."""
        shape = self._shapes.of(data_set)

        def fields() -> Fields:
            kinds = self.grouped_kinds(data_set)
            found = {"column": GraphQLInputField(self.column(data_set))}
            if kinds & TIMES:
                found["bucket"] = GraphQLInputField(self.bucket(data_set))
            if Kind.PLACE in kinds:
                found["place"] = GraphQLInputField(self.roll_up(data_set))
            return found | {
                group_name(name): GraphQLInputField(self.group(target))
                for name, target in shape.keys_of.items()
            }

        return GraphQLInputObjectType(f"{shape.type_name}Group", fields, is_one_of=True)

    def grouped_kinds(self, data_set: DatasetCode) -> set[Kind]:
        grouped = self._shapes.of(data_set).grouped.values()
        return {self._inputs.kind(data_set, column) for column in grouped}

    def _bucket(self, data_set: DatasetCode) -> GraphQLInputObjectType:
        return GraphQLInputObjectType(
            f"{self._shapes.of(data_set).type_name}Bucket",
            {
                "field": GraphQLInputField(GraphQLNonNull(self.column(data_set))),
                "by": GraphQLInputField(GraphQLNonNull(TIME_UNIT)),
                "zone": GraphQLInputField(
                    GraphQLString, default_value=CITY, description="时区。An IANA time zone."
                ),
            },
        )

    def _roll_up(self, data_set: DatasetCode) -> GraphQLInputObjectType:
        return GraphQLInputObjectType(
            f"{self._shapes.of(data_set).type_name}RollUp",
            {
                "field": GraphQLInputField(GraphQLNonNull(self.column(data_set))),
                "to": GraphQLInputField(
                    GraphQLNonNull(ROLL_UP_LEVEL),
                    description="按管辖关系上卷到此层级。The level, in the tree that governs.",
                ),
            },
        )

    def _having(self, data_set: DatasetCode) -> GraphQLInputObjectType:
        shape = self._shapes.of(data_set)

        def fields() -> Fields:
            own = self.having(data_set)
            return (
                _logic(own)
                | {COUNT: COUNT_FILTER}
                | {
                    name: having_field(*self._measured(data_set, column))
                    for name, column in shape.measured.items()
                }
            )

        return GraphQLInputObjectType(f"{shape.type_name}Having", fields)

    def _order(self, data_set: DatasetCode) -> GraphQLInputObjectType:
        """`{key: {observedAt: ASC}}`, `{count: DESC}`, `{levelM: {avg: DESC}}`."""
        shape = self._shapes.of(data_set)

        def fields() -> Fields:
            found = {COUNT: DIRECTION_FIELD}
            if shape.grouped:
                found[KEY] = GraphQLInputField(self.key_order(data_set))
            return found | {
                name: order_field(*self._measured(data_set, column))
                for name, column in shape.measured.items()
            }

        return GraphQLInputObjectType(f"{shape.type_name}AggregateOrder", fields, is_one_of=True)

    def _filter(self, data_set: DatasetCode) -> GraphQLInputObjectType:
        shape = self._shapes.of(data_set)
        if not shape.small:
            return self._inputs.filter(data_set)

        def fields() -> Fields:
            own = self.filter(data_set)
            return _logic(own) | {
                name: COLUMN_FILTER_FIELDS[self._inputs.kind(data_set, column)]
                for name, column in shape.grouped.items()
            }

        return GraphQLInputObjectType(f"{shape.type_name}CellFilter", fields, description=CELL_NOTE)

    def _column(self, data_set: DatasetCode) -> GraphQLEnumType:
        shape = self._shapes.of(data_set)
        if not shape.small:
            return self._inputs.column(data_set)
        values = {name.upper(): name for name in shape.grouped.values()}
        return GraphQLEnumType(f"{shape.type_name}CellColumn", values, description=CELL_NOTE)

    def _measured(self, data_set: DatasetCode, column: str) -> tuple[Kind, Visibility]:
        return self._inputs.kind(data_set, column), self._scope.measured(data_set)[column]


def _logic(own: GraphQLInputObjectType) -> Fields:
    terms = GraphQLList(GraphQLNonNull(own))
    return {
        "and": GraphQLInputField(terms),
        "or": GraphQLInputField(terms),
        "not": GraphQLInputField(own),
    }
