"""From a scope to the GraphQL types of its data, straight in graphql-core.

Rules: fields and types are made when something first names them, because a document names a few of a
scope's thousands. A type holds the visible columns and the relations whose both sides are granted, and nothing
tells of the rest. A masked column is text. A field is non-null only where the contract requires a
value and every part of the grant shows the column.
"""

import hashlib
from collections.abc import Callable
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
from schema.data.connection import connection_type, edge_type
from schema.data.filters import KIND_SCALARS
from schema.data.inputs import Inputs
from schema.data.once import once
from schema.data.shape import RowShape, ScopeShapes


@dataclass(frozen=True, slots=True)
class Answering:
    """What answers the root fields of a data set: the list, the row by its key,
    a page of the list, the groups.
    """

    rows: GraphQLFieldResolver
    by_key: GraphQLFieldResolver
    page: GraphQLFieldResolver
    groups: GraphQLFieldResolver


Resolvers = Callable[[RowShape], Answering]


def row_type(scope: Scope, data_set: DatasetCode) -> GraphQLObjectType:
    """The object type alone."""
    return DataTypes(scope, ScopeShapes(scope)).row(data_set)


def types_key(scope: Scope) -> str:
    """A digest of everything of the scope that the types depend on, beside the catalogue."""
    always = (f"{d}.{n}" for d in scope.data_sets for n in scope.columns(d) if _always(scope, d, n))
    return hashlib.sha256(f"{scope.key};{','.join(always)}".encode()).hexdigest()[:16]


class DataTypes:
    """The types of a scope's data sets, tied to each other by their relations."""

    def __init__(self, scope: Scope, shapes: ScopeShapes) -> None:
        self._scope = scope
        self._shapes = shapes
        self.row = once(self._row)
        self.edge = once(self._edge)
        self.connection = once(self._connection)
        self.inputs = Inputs(scope, shapes)
        self.aggregates = Aggregates(scope, shapes, self.inputs)

    def _edge(self, data_set: DatasetCode) -> GraphQLObjectType:
        return edge_type(self._shapes.of(data_set), self.row(data_set))

    def _connection(self, data_set: DatasetCode) -> GraphQLObjectType:
        shape = self._shapes.of(data_set)
        return connection_type(shape, self.row(data_set), self.edge(data_set))

    def key_arguments(self, data_set: DatasetCode) -> dict[str, GraphQLArgument]:
        return {
            camel(name): GraphQLArgument(
                GraphQLNonNull(KIND_SCALARS[self.inputs.kind(data_set, name)])
            )
            for name in self._shapes.of(data_set).key
        }

    def _row(self, data_set: DatasetCode) -> GraphQLObjectType:
        shape = self._shapes.of(data_set)
        contract = self._scope.catalogue.contracts[shape.data_set]
        return GraphQLObjectType(
            shape.type_name,
            partial(self._fields, shape),
            description=data_set_text(contract),
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
        target = self.row(relation.target)
        return GraphQLField(
            many(target) if relation.many else target,
            self.inputs.page_arguments(relation.target) if relation.many else None,
            description=f"{contract.title}。{contract.title_en}.",
        )


def _always(scope: Scope, data_set: DatasetCode, name: str) -> bool:
    """Whether every visible row has a value in the column."""
    contract = scope.catalogue.contracts[data_set]
    shown = all(part.visibility(name) is not None for part in scope.grant(data_set).parts)
    return shown and (contract.column(name).required or name in contract.key)


def many(row: GraphQLObjectType) -> GraphQLOutputType:
    return GraphQLNonNull(GraphQLList(GraphQLNonNull(row)))


def data_set_text(contract: Contract) -> str:
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
