"""From graphql-core's field nodes to the query tree; no input or output, no engine.

graphql-core itself collects the fields, so fragments, @skip, @include, aliases and merging mean
exactly what they mean everywhere else.
"""

from dataclasses import dataclass

from graphql import (
    FieldNode,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
)
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_subfields
from graphql.execution.values import VariableValues, get_argument_values

from catalog.contracts import camel
from query.tree import Constant, Leaf, Nested, Read, ReadOne, Selection
from schema.data.filters import scalar_of
from schema.data.page import Arguments, page_of
from schema.data.shape import RowShape, Shapes, target_of
from schema.errors import SelectionEmpty


@dataclass(frozen=True, slots=True)
class Asked:
    """The document around a field: what graphql-core needs to collect what lies below it."""

    schema: GraphQLSchema
    fragments: dict[str, FragmentDetails]
    operation: OperationDefinitionNode
    variables: VariableValues
    shapes: Shapes


def read_of(asked: Asked, nodes: list[FieldNode], shape: RowShape, arguments: Arguments) -> Read:
    """The tree of a list field; `arguments` are coerced."""
    page = page_of(arguments, shape, asked.shapes)
    selection = _selection(asked, [FieldDetails(node, None) for node in nodes], shape)
    return Read(
        shape.data_set, selection, page.where, page.order, page.limit, page.offset, page.first_of
    )


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
    inner = target_of(relation, asked.shapes)
    selection = _selection(asked, group, inner)
    if not relation.many:
        return Nested(alias, relation.name, selection)
    arguments = get_argument_values(definition, node, asked.variables, hide_suggestions=True)
    page = page_of(arguments, inner, asked.shapes)
    return Nested(
        alias,
        relation.name,
        selection,
        page.where,
        page.order,
        page.limit,
        page.offset,
        page.first_of,
    )
