"""From graphql-core's field nodes to the query tree; no input or output, no engine.

graphql-core itself collects the fields, so fragments, @skip, @include, aliases and merging mean
exactly what they mean everywhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from graphql import (
    FieldNode,
    GraphQLObjectType,
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
from schema.errors import FilterInvalid, PageOutOfRange, SelectionEmpty

MAX_LIMIT = 1_000
MAX_OFFSET = 100_000
MAX_ORDER = 10

Arguments = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Asked:
    """The document around a field: what graphql-core needs to collect what lies below it."""

    schema: GraphQLSchema
    fragments: dict[str, FragmentDetails]
    operation: OperationDefinitionNode
    variables: VariableValues
    shapes: Mapping[str, RowShape]


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
