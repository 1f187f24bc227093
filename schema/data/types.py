"""From a scope to the GraphQL types of its data, straight in graphql-core.

Rules: a type holds the visible columns and the relations whose both sides are granted, and nothing
tells of the rest. A masked column is text. A field is non-null only where the contract requires a
value and every part of the grant shows the column.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLFieldResolver,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
)

from catalog.catalogue import Relation
from catalog.contracts import Column, Contract, camel
from catalog.ids import DatasetCode
from catalog.sharing.grant import Visibility
from query.relation import Scope
from schema.data.aggregates import Aggregates
from schema.data.connection import CONNECTION, connection_type, paging_arguments
from schema.data.filters import KIND_SCALARS
from schema.data.inputs import Inputs
from schema.data.shape import AGGREGATE, RowShape, Shapes, shape_of
from schema.scalars import DATE_TIME

BY_KEY = "ByKey"


@dataclass(frozen=True, slots=True)
class DataTypes:
    """The root fields of a scope's data, and the shapes their types stand for, by type name."""

    fields: Mapping[str, GraphQLField]
    shapes: Shapes


@dataclass(frozen=True, slots=True)
class Answering:
    """What answers the root fields of a data set: the list, the row by its key,
    a page of the list, the groups.
    """

    rows: GraphQLFieldResolver
    by_key: GraphQLFieldResolver
    page: GraphQLFieldResolver
    groups: GraphQLFieldResolver


Resolvers = Mapping[DatasetCode, Answering]


def row_type(scope: Scope, data_set: DatasetCode) -> GraphQLObjectType:
    """The object type alone."""
    shapes = {code: shape_of(scope, code) for code in scope.data_sets}
    return _RowTypes(scope, shapes).objects[data_set]


def types_key(scope: Scope) -> str:
    """A digest of everything of the scope that the types depend on, beside the catalogue."""
    always = (f"{d}.{n}" for d in scope.data_sets for n in scope.columns(d) if _always(scope, d, n))
    return hashlib.sha256(f"{scope.key};{','.join(always)}".encode()).hexdigest()[:16]


def data_types(scope: Scope, resolvers: Resolvers) -> DataTypes:
    """Every granted data set as `riverStation`, `riverStationByKey`, `riverStationConnection` and
    `riverStationAggregate`.
    """
    shapes = {data_set: shape_of(scope, data_set) for data_set in scope.data_sets}
    rows = _RowTypes(scope, shapes)
    fields: dict[str, GraphQLField] = {}
    for data_set, shape in shapes.items():
        answering = resolvers[data_set]
        contract = scope.catalogue.contracts[data_set]
        name = camel(data_set)
        if shape.columns:  # or else all that is granted of it is for aggregates only
            fields[name] = GraphQLField(
                _many(rows.objects[data_set]),
                rows.inputs.page_arguments(data_set) | _as_of(),
                resolve=answering.rows,
                description=_data_set_text(contract),
            )
            fields[name + CONNECTION] = GraphQLField(
                GraphQLNonNull(connection_type(shape, rows.objects[data_set])),
                rows.inputs.row_arguments(data_set) | paging_arguments() | _as_of(),
                resolve=answering.page,
                description=_data_set_text(contract),
            )
        if shape.key:
            fields[name + BY_KEY] = GraphQLField(
                rows.objects[data_set],
                rows.key_arguments(data_set) | _as_of(),
                resolve=answering.by_key,
                description=_data_set_text(contract),
            )
        groups = rows.aggregates.field(data_set, contract.title)
        groups.args |= {} if shape.small else _as_of()
        groups.resolve = answering.groups
        fields[name + AGGREGATE] = groups
    return DataTypes(fields, {shape.type_name: shape for shape in shapes.values()})


class _RowTypes:
    """The object type of each data set, tied to the others by its relations."""

    def __init__(self, scope: Scope, shapes: Mapping[DatasetCode, RowShape]) -> None:
        self._scope = scope
        self._shapes = shapes
        self.objects = {data_set: self._object(shape) for data_set, shape in shapes.items()}
        self.inputs = Inputs(scope, shapes)
        self.aggregates = Aggregates(scope, shapes, self.inputs)

    def key_arguments(self, data_set: DatasetCode) -> dict[str, GraphQLArgument]:
        return {
            camel(name): GraphQLArgument(
                GraphQLNonNull(KIND_SCALARS[self.inputs.kind(data_set, name)])
            )
            for name in self._shapes[data_set].key
        }

    def _object(self, shape: RowShape) -> GraphQLObjectType:
        contract = self._scope.catalogue.contracts[shape.data_set]
        return GraphQLObjectType(
            shape.type_name,
            partial(self._fields, shape),
            description=_data_set_text(contract),
        )

    def _fields(self, shape: RowShape) -> dict[str, GraphQLField]:
        columns = {
            name: self._column_field(shape.data_set, column)
            for name, column in shape.columns.items()
        }
        relations = {
            name: self._relation_field(relation) for name, relation in shape.relations.items()
        }
        groups = {
            name: self.aggregates.field(
                relation.target, self._scope.catalogue.contracts[relation.target].title
            )
            for name, relation in shape.counted.items()
        }
        return columns | relations | groups

    def _column_field(self, data_set: DatasetCode, name: str) -> GraphQLField:
        column = self._scope.catalogue.contracts[data_set].column(name)
        masked = self._scope.columns(data_set)[name] is Visibility.MASKED
        scalar = KIND_SCALARS[self.inputs.kind(data_set, name)]
        always = _always(self._scope, data_set, name)
        return GraphQLField(
            GraphQLNonNull(scalar) if always else scalar,
            description=_column_text(column, masked=masked),
        )

    def _relation_field(self, relation: Relation) -> GraphQLField:
        contract = self._scope.catalogue.contracts[relation.target]
        target = self.objects[relation.target]
        return GraphQLField(
            _many(target) if relation.many else target,
            self.inputs.page_arguments(relation.target) if relation.many else None,
            description=f"{contract.title}。{contract.title_en}.",
        )


def _always(scope: Scope, data_set: DatasetCode, name: str) -> bool:
    """Whether every visible row has a value in the column."""
    contract = scope.catalogue.contracts[data_set]
    shown = all(part.visibility(name) is not None for part in scope.grant(data_set).parts)
    return shown and (contract.column(name).required or name in contract.key)


def _many(row: GraphQLObjectType) -> GraphQLOutputType:
    return GraphQLNonNull(GraphQLList(GraphQLNonNull(row)))


def _as_of() -> dict[str, GraphQLArgument]:
    return {
        "asOf": GraphQLArgument(
            DATE_TIME,
            description="按此时刻已发布的版本作答。Answer from what was published at this instant.",
        )
    }


def _data_set_text(contract: Contract) -> str:
    return f"{contract.title}。{contract.title_en}. {contract.description}".strip()


def _column_text(column: Column, *, masked: bool) -> str:
    """The Chinese label and the source's header, unit, datum, then the English description."""
    named = f"{column.label}（{column.header}）" if column.header else column.label
    parts = [named]
    if column.unit:
        parts.append(f"单位 {column.unit}")
    if column.datum:
        parts.append(f"基准 {column.datum.value}")
    if column.datum_column:
        parts.append(f"基准见 {camel(column.datum_column)}")
    if masked:
        parts.append("已脱敏 (masked)")
    return "，".join(parts) + "。" + column.description
