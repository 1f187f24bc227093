"""Rows of a data set with what is selected of them, related rows included.

To-one relations are left joins, to-many ones a lateral list with its own filter, order and limit.
"""

from collections.abc import Iterator

from sqlglot import exp

from catalog.catalogue import Relation
from query.aggregate import NestedGroups
from query.block import Block, Draft
from query.condition import condition
from query.groups import nested_groups
from query.listing import Page, listed, page, refuse_clashes
from query.order import first_of, ordered
from query.tree import MAX_ROWS, Constant, Leaf, Nested, Read, Selection
from query.value import json_ready, struct


def rows(draft: Draft, read: Read) -> exp.Select:
    """The statement of a list."""
    block = draft.block(read.data_set)
    columns = [exp.alias_(node, name, quoted=True) for name, node in outputs(block, read.selection)]
    where, order = condition(block, read.where), ordered(block, read.order)
    one_each = first_of(block, read.first_of, order)
    select = qualified(block.select(columns, where), one_each)
    return page(select, order, read.limit, read.offset)


def outputs(block: Block, selection: Selection) -> Iterator[tuple[str, exp.Expr]]:
    """Name and node of each thing selected; what they need is joined to the block."""
    refuse_clashes(item.alias for item in selection)
    for item in selection:
        match item:
            case Leaf(alias=alias, column=name):
                yield alias, json_ready(block.column(name), block.column_type(name))
            case Constant(alias=alias, value=value):
                yield alias, exp.Literal.string(value)
            case Nested(alias=alias):
                yield alias, nested(block, item)
            case NestedGroups(alias=alias):
                yield alias, nested_groups(block, item)


def nested(block: Block, item: Nested) -> exp.Expr:
    relation = block.related(item.relation)
    return to_many(block, item, relation) if relation.many else to_one(block, item, relation)


def to_one(block: Block, item: Nested, relation: Relation) -> exp.Expr:
    inner = block.join_one(relation)
    found = dict(outputs(inner, item.selection))
    missing = exp.Is(this=inner.column(relation.pairs[0][1]), expression=exp.null())
    return exp.Case(ifs=[exp.If(this=missing, true=exp.null())], default=struct(found))


def to_many(block: Block, item: Nested, relation: Relation) -> exp.Expr:
    inner = block.draft.block(relation.target)
    row = struct(dict(outputs(inner, item.selection)))
    where, order = condition(inner, item.where), ordered(inner, item.order)
    one_each = first_of(inner, item.first_of, order)
    together = block.pairs(inner, relation)

    def select(columns: list[exp.Expr]) -> exp.Select:
        return qualified(inner.select(columns, where, together), one_each)

    limit = MAX_ROWS if item.limit is None else item.limit
    return listed(block, inner, Page(row, order, select, limit, item.offset))


def qualified(select: exp.Select, condition: exp.Expr | None) -> exp.Select:
    return select if condition is None else select.qualify(condition, copy=False)
