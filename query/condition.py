"""What a tree's `where` keeps of a block's rows, as an SQL node."""

from sqlglot import exp

from catalog.contracts import ColumnType
from catalog.predicate import Predicate
from query.block import Block
from query.filter import FilterCompiler


def condition(block: Block, where: Predicate | None) -> exp.Expr | None:
    """None where nothing is asked."""
    return None if where is None else filter_of(block).compile(where)


def filter_of(block: Block) -> FilterCompiler:
    def resolve(name: str) -> tuple[exp.Expr, ColumnType]:
        return block.column(name), block.column_type(name)

    draft = block.draft
    return FilterCompiler(resolve, draft.parameters, draft.scope.catalogue.places.ranges)
