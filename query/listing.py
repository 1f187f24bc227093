"""Pages, and the list that a page below a row becomes; names beside each other."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlglot import exp

from query.block import Block
from query.errors import AliasClash
from query.tree import MAX_ROWS

ROW, ROWS = "row_", "rows_"
Select = Callable[[list[exp.Expr]], exp.Select]
"""What makes the rows of a page, given its columns."""


def page(
    select: exp.Select,
    order: list[exp.Ordered],
    limit: int,
    offset: int,
    most: int = MAX_ROWS,
) -> exp.Select:
    if order:
        select = select.order_by(*order, copy=False)
    select = select.limit(min(limit, most), copy=False)
    return select.offset(offset, copy=False) if offset else select


@dataclass(frozen=True, slots=True)
class Page:
    """What one row of it shows, in which order, of which rows, how many."""

    row: exp.Expr
    order: list[exp.Ordered]
    select: Select
    limit: int
    offset: int


def listed(block: Block, inner: Block, asked: Page) -> exp.Expr:
    """For each row of the block, the page of the inner block's as a list; empty where there is none."""
    order = asked.order
    columns = [exp.alias_(asked.row, ROW, quoted=True), *order_columns(order)]
    rows = page(asked.select(columns), order, asked.limit, asked.offset)
    again = same_order(order)
    by = exp.Order(this=exp.column(ROW, quoted=True), expressions=again)
    whole = exp.ArrayAgg(this=by if again else exp.column(ROW, quoted=True))
    alias = f"l{inner.number}"
    block.join_lateral(
        exp.select(exp.alias_(whole, ROWS, quoted=True)).from_(rows.subquery("page")), alias
    )
    return exp.Coalesce(this=exp.column(ROWS, table=alias, quoted=True), expressions=[exp.Array()])


def refuse_clashes(aliases: Iterable[str]) -> None:
    """The engine folds names; two that differ only in case would be one to it."""
    seen: dict[str, str] = {}
    for alias in aliases:
        first = seen.setdefault(alias.lower(), alias)
        if first is not alias:
            raise AliasClash(first=first, second=alias)


def order_columns(order: list[exp.Ordered]) -> list[exp.Expr]:
    """The values by which rows are ordered, as columns `o0`, `o1`..."""
    return [exp.alias_(term.this.copy(), f"o{i}", quoted=True) for i, term in enumerate(order)]


def same_order(order: list[exp.Ordered]) -> list[exp.Ordered]:
    """The same directions over these columns."""
    return [
        exp.Ordered(
            this=exp.column(f"o{i}", quoted=True),
            desc=term.args["desc"],
            nulls_first=term.args["nulls_first"],
        )
        for i, term in enumerate(order)
    ]
