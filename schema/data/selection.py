"""From graphql-core's field nodes to the query tree; no input or output, no engine."""

from graphql import FieldNode, GraphQLObjectType
from graphql.execution.collect_fields import FieldDetails

from catalog.contracts import camel
from query.aggregate import Aggregate, NestedGroups
from query.tree import Constant, Leaf, Nested, Read, ReadOne, Selection
from schema.data.asked import Arguments, Asked
from schema.data.filters import operand_of
from schema.data.grouping import groups_of
from schema.data.page import page_of
from schema.data.shape import RowShape, target_of


def read_of(asked: Asked, nodes: list[FieldNode], shape: RowShape, arguments: Arguments) -> Read:
    """The tree of a list field; `arguments` are coerced."""
    page = page_of(asked, arguments, shape)
    selection = selection_of(asked, [FieldDetails(node, None) for node in nodes], shape)
    return Read(
        shape.data_set, selection, page.where, page.order, page.limit, page.offset, page.first_of
    )


def read_one_of(
    asked: Asked, nodes: list[FieldNode], shape: RowShape, arguments: Arguments
) -> ReadOne:
    """The tree of a field by key; `arguments` are coerced and hold each key column."""
    selection = selection_of(asked, [FieldDetails(node, None) for node in nodes], shape)
    return ReadOne(
        shape.data_set,
        selection,
        tuple((name, operand_of(arguments[camel(name)])) for name in shape.key),
    )


def aggregate_of(
    asked: Asked, nodes: list[FieldNode], shape: RowShape, arguments: Arguments
) -> Aggregate:
    """The tree of a list of groups; `arguments` are coerced."""
    fields = [FieldDetails(node, None) for node in nodes]
    return Aggregate(shape.data_set, groups_of(asked, fields, shape, arguments))


def selection_of(asked: Asked, fields: list[FieldDetails], shape: RowShape) -> Selection:
    return tuple(
        _item(asked, alias, group, row, shape)
        for alias, group, row in asked.below(shape.type_name, fields)
    )


def _item(
    asked: Asked, alias: str, group: list[FieldDetails], row: GraphQLObjectType, shape: RowShape
) -> Leaf | Constant | Nested | NestedGroups:
    node = group[0].node
    name = node.name.value
    if name == "__typename":
        return Constant(alias, row.name)
    if name in shape.columns:
        return Leaf(alias, shape.columns[name])
    if name in shape.counted:
        counted = shape.counted[name]
        groups = groups_of(
            asked, group, target_of(counted, asked.shapes), asked.arguments(row, node)
        )
        return NestedGroups(alias, counted.name, groups)
    relation = shape.relations[name]
    inner = target_of(relation, asked.shapes)
    selection = selection_of(asked, group, inner)
    if not relation.many:
        return Nested(alias, relation.name, selection)
    page = page_of(asked, asked.arguments(row, node), inner)
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
