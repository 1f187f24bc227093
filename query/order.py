"""The order of a block's rows: what was asked, then what makes it total."""

from sqlglot import exp

from query.block import Block
from query.tree import Order


def ordered(block: Block, order: tuple[Order, ...]) -> list[exp.Ordered]:
    asked = {term.column for term in order}
    rest = (Order(n) for n in block.draft.scope.order(block.data_set) if n not in asked)
    return [
        exp.Ordered(
            this=block.column(term.column), desc=term.descending, nulls_first=term.nulls_first
        )
        for term in (*order, *rest)
    ]
