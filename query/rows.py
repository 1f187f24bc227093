"""Rows of a data set with what is selected of them, related rows included.

To-one relations are left joins, to-many ones a lateral list with its own filter, order and limit.
"""

from collections.abc import Iterator

from sqlglot import exp

from catalog.catalogue import Relation
from query.aggregate import NestedGroups
from query.block import Block, Draft
from query.groups import nested_groups
from query.listing import Page, listed, refuse_clashes
from query.tree import Constant, Leaf, Nested, Read, Selection
from query.value import struct
from query.wanted import wanted


def rows(draft: Draft, read: Read) -> exp.Select:
    """The statement of a list."""
    block = draft.block(read.data_set)
    found = wanted(block, read.where, read.order, read.first_of, read.limit, read.offset)
    found.limit, found.most = min(read.limit, draft.most), draft.most
    if not read.ordered:
        found.order = []
    return found.select(
        [exp.alias_(node, name, quoted=True) for name, node in outputs(block, read.selection)]
    )


def outputs(block: Block, selection: Selection) -> Iterator[tuple[str, exp.Expr]]:
    """Name and node of each thing selected; what they need is joined to the block."""
    refuse_clashes(item.alias for item in selection)
    for item in selection:
        match item:
            case Leaf(alias=alias, column=name):
                yield alias, block.draft.shown(block.column(name), block.column_type(name))
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
    found = wanted(inner, item.where, item.order, item.first_of, item.limit, item.offset)
    found.where.append(block.pairs(inner, relation))
    row = struct(dict(outputs(inner, item.selection)))
    if inner.joins:
        page = Page(row, found.found_order(), found.found, found.limit, 0)
    else:
        page = Page(row, found.order, found.kept, found.limit, found.offset)
    return listed(block, inner, page)
