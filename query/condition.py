"""What a tree's `where` keeps of a block's rows, as an SQL node.

A condition on related rows is an EXISTS over their relation, so it is true or false and never unknown,
and no row is there twice because two related rows fit.
"""

from sqlglot import exp

from catalog.contracts import ColumnType
from query.block import Block
from query.filter import FilterCompiler
from query.location import located
from query.tree import AllOf, AnyOf, Condition, Located, Negated, Quantifier, Related


def condition(block: Block, where: Condition | None) -> exp.Expr | None:
    """None where nothing is asked."""
    return None if where is None else _node(block, where)


def filter_of(block: Block) -> FilterCompiler:
    def resolve(name: str) -> tuple[exp.Expr, ColumnType]:
        return block.column(name), block.column_type(name)

    draft = block.draft
    return FilterCompiler(resolve, draft.parameters, draft.scope.catalogue.places.ranges)


def related(block: Block, asked: Related) -> exp.Expr:
    relation = block.related(asked.relation)
    inner = block.draft.block(relation.target)
    fits = condition(inner, asked.where)
    if asked.quantifier is Quantifier.EVERY:
        fits = exp.Not(this=_certain(fits or exp.true()))
    there = inner.select([exp.Literal.number(1)], block.pairs(inner, relation), fits)
    exists = exp.Exists(this=there)
    return exists if asked.quantifier is Quantifier.SOME else exp.Not(this=exists)


def _node(block: Block, where: Condition) -> exp.Expr:
    match where:
        case AllOf(terms=terms):
            return exp.and_(*(_node(block, term) for term in terms))
        case AnyOf(terms=terms):
            return exp.paren(exp.or_(*(_node(block, term) for term in terms)))
        case Negated(term=term):
            return exp.Not(this=exp.paren(_node(block, term)))
        case Related():
            return related(block, where)
        case Located(area=area):
            return located(block, area)
        case _:
            return filter_of(block).compile(where)


def _certain(node: exp.Expr) -> exp.Expr:
    """Unknown counts as false."""
    return exp.Coalesce(this=node, expressions=[exp.false()])
