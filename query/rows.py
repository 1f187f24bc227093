"""Rows of a data set with what is selected of them, related rows included.

To-one relations are left joins, to-many ones a lateral list with its own filter, order and limit.
"""

from collections.abc import Iterator

from sqlglot import exp

from catalog.catalogue import Relation
from query.block import Block, Draft
from query.condition import condition
from query.errors import AliasClash
from query.order import first_of, ordered
from query.tree import MAX_ROWS, Constant, Leaf, Nested, Read, Selection
from query.value import json_ready, struct

ROW, ROWS = "row_", "rows_"


def rows(draft: Draft, read: Read) -> exp.Select:
    """The statement of a list."""
    block = draft.block(read.data_set)
    columns = [exp.alias_(node, name, quoted=True) for name, node in outputs(block, read.selection)]
    where, order = condition(block, read.where), ordered(block, read.order)
    one_each = first_of(block, read.first_of, order)
    select = qualified(block.select(columns, where), one_each)
    return _page(select, order, read.limit, read.offset)


def outputs(block: Block, selection: Selection) -> Iterator[tuple[str, exp.Expr]]:
    """Name and node of each thing selected; what they need is joined to the block."""
    _refuse_clashes(selection)
    for item in selection:
        match item:
            case Leaf(alias=alias, column=name):
                yield alias, json_ready(block.column(name), block.column_type(name))
            case Constant(alias=alias, value=value):
                yield alias, exp.Literal.string(value)
            case Nested(alias=alias):
                yield alias, nested(block, item)


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
    columns = [exp.alias_(row, ROW, quoted=True)] + [
        exp.alias_(term.this.copy(), f"o{i}", quoted=True) for i, term in enumerate(order)
    ]
    page = qualified(inner.select(columns, where, block.pairs(inner, relation)), one_each)
    page = _page(page, order, MAX_ROWS if item.limit is None else item.limit, item.offset)
    again = [_ordered_by(f"o{i}", term) for i, term in enumerate(order)]
    listed = exp.ArrayAgg(this=exp.Order(this=exp.column(ROW, quoted=True), expressions=again))
    alias = f"l{inner.number}"
    block.join_lateral(
        exp.select(exp.alias_(listed, ROWS, quoted=True)).from_(page.subquery("page")), alias
    )
    return exp.Coalesce(this=exp.column(ROWS, table=alias, quoted=True), expressions=[exp.Array()])


def qualified(select: exp.Select, condition: exp.Expr | None) -> exp.Select:
    return select if condition is None else select.qualify(condition, copy=False)


def _page(select: exp.Select, order: list[exp.Ordered], limit: int, offset: int) -> exp.Select:
    select = select.order_by(*order, copy=False).limit(min(limit, MAX_ROWS), copy=False)
    return select.offset(offset, copy=False) if offset else select


def _ordered_by(name: str, term: exp.Ordered) -> exp.Ordered:
    """The same direction over a column that holds the term's value."""
    return exp.Ordered(
        this=exp.column(name, quoted=True),
        desc=term.args["desc"],
        nulls_first=term.args["nulls_first"],
    )


def _refuse_clashes(selection: Selection) -> None:
    """The engine folds names; two that differ only in case would be one to it."""
    seen: dict[str, str] = {}
    for item in selection:
        first = seen.setdefault(item.alias.lower(), item.alias)
        if first is not item.alias:
            raise AliasClash(first=first, second=item.alias)
