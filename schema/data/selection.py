"""From graphql-core's field nodes to the query tree; no input or output, no engine.

graphql-core itself collects the fields, so fragments, @skip, @include, aliases and merging mean
exactly what they mean everywhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    get_named_type,
)
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_subfields
from graphql.execution.values import VariableValues, get_argument_values

from catalog.contracts import camel
from catalog.predicate import Predicate
from query.tree import Constant, Leaf, Nested, Order, Read, ReadOne, Selection
from schema.data.filters import predicate_of, scalar_of
from schema.data.types import DEFAULT_LIMIT, RowShape
from schema.errors import AnswerTooLarge, FilterInvalid, PageOutOfRange, SelectionEmpty

MAX_LIMIT = 1_000
MAX_OFFSET = 100_000
MAX_ORDER = 10
MAX_ROWS = 250_000
"""Rows of one operation, all fields and nested lists together, by their limits."""

Arguments = Mapping[str, object]
Context = TypeVar("Context")


@dataclass(frozen=True, slots=True)
class Asked:
    """The document around a field: what graphql-core needs to collect what lies below it."""

    schema: GraphQLSchema
    fragments: dict[str, FragmentDetails]
    operation: OperationDefinitionNode
    variables: VariableValues
    shapes: Mapping[str, RowShape]

    @classmethod
    def of(cls, info: GraphQLResolveInfo[Context], shapes: Mapping[str, RowShape]) -> "Asked":
        return cls(
            schema=info.schema,
            fragments=_details(info.fragments),
            operation=info.operation,
            variables=_variables(info.variable_values),
            shapes=shapes,
        )


def read_of(asked: Asked, nodes: list[FieldNode], shape: RowShape, arguments: Arguments) -> Read:
    """The tree of a list field; `arguments` are coerced."""
    where, order, limit, offset = _page(arguments, shape)
    selection = _selection(asked, [FieldDetails(node, None) for node in nodes], shape)
    return Read(shape.data_set, selection, where, order, limit, offset)


def read_one_of(
    asked: Asked, nodes: list[FieldNode], shape: RowShape, arguments: Arguments
) -> ReadOne:
    """The tree of a field by key; `arguments` are coerced and hold each key column."""
    selection = _selection(asked, [FieldDetails(node, None) for node in nodes], shape)
    return ReadOne(
        shape.data_set,
        selection,
        tuple((name, scalar_of(arguments[camel(name)])) for name in shape.key),
    )


def most_rows(tree: Read | ReadOne) -> int:
    """How many rows a tree may bring by its limits, those of lists within lists included."""
    limit = 1 if isinstance(tree, ReadOne) else tree.limit
    return limit * (1 + _rows_below(tree.selection))


def check_rows(rows: int) -> None:
    """AnswerTooLarge when they are more than one answer may hold."""
    if rows > MAX_ROWS:
        raise AnswerTooLarge(rows=rows, limit=MAX_ROWS)


def _rows_below(selection: Selection) -> int:
    """The most rows of nested lists that one row may bring with it."""
    total = 0
    for item in selection:
        if isinstance(item, Nested):
            below = _rows_below(item.selection)
            total += below if item.limit is None else item.limit * (1 + below)
    return total


def _selection(asked: Asked, fields: list[FieldDetails], shape: RowShape) -> Selection:
    row = asked.schema.get_type(shape.type_name)
    if not isinstance(row, GraphQLObjectType):
        raise TypeError(f"{shape.type_name} is no object type of this schema")
    collected = collect_subfields(
        asked.schema,
        asked.fragments,
        asked.variables,
        asked.operation,
        row,
        fields,
        hide_suggestions=True,
    )
    if not collected.grouped_field_set:
        raise SelectionEmpty(field=fields[0].node.name.value)
    return tuple(
        _item(asked, alias, group, row, shape)
        for alias, group in collected.grouped_field_set.items()
    )


def _item(
    asked: Asked, alias: str, group: list[FieldDetails], row: GraphQLObjectType, shape: RowShape
) -> Leaf | Constant | Nested:
    node = group[0].node
    name = node.name.value
    if name == "__typename":
        return Constant(alias, row.name)
    if name in shape.columns:
        return Leaf(alias, shape.columns[name])
    relation = shape.relations[name]
    definition = row.fields[name]
    inner = asked.shapes[get_named_type(definition.type).name]
    selection = _selection(asked, group, inner)
    if not relation.many:
        return Nested(alias, relation.name, selection)
    arguments = get_argument_values(definition, node, asked.variables, hide_suggestions=True)
    where, order, limit, offset = _page(arguments, inner)
    return Nested(alias, relation.name, selection, where, order, limit, offset)


def _page(
    arguments: Arguments, shape: RowShape
) -> tuple[Predicate | None, tuple[Order, ...], int, int]:
    where = arguments.get("where")
    return (
        None if where is None else predicate_of(where, shape.columns),
        _order(arguments.get("orderBy"), shape),
        _bounded(arguments.get("limit"), "limit", DEFAULT_LIMIT, MAX_LIMIT),
        _bounded(arguments.get("offset"), "offset", 0, MAX_OFFSET),
    )


def _bounded(value: object, argument: str, default: int, high: int) -> int:
    if value is None:
        return default
    if not isinstance(value, int) or not 0 <= value <= high:
        raise PageOutOfRange(argument=argument, low=0, high=high)
    return value


def _order(value: object, shape: RowShape) -> tuple[Order, ...]:
    terms = value if isinstance(value, list) else []
    if len(terms) > MAX_ORDER:
        raise FilterInvalid(
            at="orderBy",
            problem_zh=f"排序项超过 {MAX_ORDER} 个",
            problem=f"more than {MAX_ORDER} terms",
        )
    return tuple(
        Order(
            shape.columns[name],
            descending=direction.startswith("desc"),
            nulls_first=direction.endswith("nulls_first"),
        )
        for term in terms
        for name, direction in term.items()
    )


def _details(fragments: Mapping[str, FragmentDefinitionNode]) -> dict[str, FragmentDetails]:
    return {name: FragmentDetails(definition) for name, definition in fragments.items()}


def _variables(values: VariableValues | dict[str, object]) -> VariableValues:
    """Strawberry's executor hands resolvers the coerced values alone."""
    return values if isinstance(values, VariableValues) else VariableValues({}, values)
