"""The order of a block's rows: what was asked, then what makes it total.

What related rows come to is worked out over the relation that their grant allows; where the grant has a
minimum group, fewer rows than that come to nothing.
"""

from collections.abc import Mapping

from sqlglot import exp

from catalog.contracts import Kind
from catalog.ids import DatasetCode
from query.block import Block
from query.errors import UnknownField
from query.measure import steady
from query.relation import Scope
from query.tree import FirstOf, Order, OrderByTotal, OrderTerm, OrderThrough, Total

FUNCTIONS: Mapping[Total, type[exp.Func]] = {
    Total.COUNT: exp.Count,
    Total.MIN: exp.Min,
    Total.MAX: exp.Max,
    Total.SUM: exp.Sum,
    Total.AVG: exp.Avg,
}
NUMBERS = frozenset({Kind.INTEGER, Kind.BIGINT, Kind.DECIMAL, Kind.DOUBLE})
VALUE = "value_"


def ordered(block: Block, order: tuple[OrderTerm, ...]) -> list[exp.Ordered]:
    terms = [_ordered(block, term) for term in order]
    for name in undecided(block.draft.scope, block.data_set, order):
        column = block.column(name, asked=False)
        terms.append(exp.Ordered(this=column, desc=False, nulls_first=False))
    return terms


def undecided(scope: Scope, data_set: DatasetCode, order: tuple[OrderTerm, ...]) -> list[str]:
    """The columns that make an order total, as far as it does not hold them."""
    asked = {term.column for term in order if isinstance(term, Order)}
    return [name for name in scope.order(data_set) if name not in asked]


def first_of(block: Block, asked: FirstOf | None, order: list[exp.Ordered]) -> exp.Expr | None:
    """The QUALIFY that keeps one row of each group; `order` is that of the list.

    The engine is ten times faster where one term decides, so terms that decide nothing are left out.
    """
    if asked is None:
        return None
    if asked.newest is not None:
        order = ordered(block, (Order(asked.newest, descending=True),))
    keys = [block.column(name) for name in asked.columns]
    deciding = _deciding(block, keys, order)
    window = exp.Window(
        this=exp.RowNumber(),
        partition_by=keys,
        order=exp.Order(expressions=deciding) if deciding else None,
    )
    return exp.EQ(this=window, expression=exp.Literal.number(1))


def _deciding(block: Block, keys: list[exp.Column], order: list[exp.Ordered]) -> list[exp.Ordered]:
    """Up to where no two rows of a group are left equal."""
    left = set(block.draft.scope.order(block.data_set)) - {key.name for key in keys}
    found = []
    for term in order:
        if not left:
            break
        if term.this not in keys:
            found.append(term.copy())
            if isinstance(term.this, exp.Column) and term.this.table == block.alias:
                left.discard(term.this.name)
    return found


def _ordered(block: Block, term: OrderTerm) -> exp.Ordered:
    match term:
        case Order():
            node: exp.Expr = block.column(term.column)
        case OrderThrough():
            relation = block.related(term.relation)
            if relation.many:
                raise UnknownField(data_set=block.data_set, field=term.relation)
            return _ordered(block.join_one(relation), term.term)
        case OrderByTotal():
            node = total(block, term)
    return exp.Ordered(this=node, desc=term.descending, nulls_first=term.nulls_first)


def total(block: Block, term: OrderByTotal) -> exp.Expr:
    """The column of a lateral subquery over the related rows."""
    relation = block.related(term.relation)
    inner = block.draft.block(relation.target)
    if term.column is None:
        value: exp.Expr = exp.Count(this=exp.Star())
    else:
        node, kind = inner.column(term.column), inner.column_type(term.column).kind
        if term.total in {Total.SUM, Total.AVG} and kind not in NUMBERS:
            raise UnknownField(data_set=relation.target, field=term.column)
        summed = term.total in {Total.SUM, Total.AVG} and kind is Kind.DOUBLE
        function = FUNCTIONS[term.total]
        value = steady(function, node) if summed else function(this=node)
    fewest = block.draft.scope.least_group(relation.target)
    if fewest > 1:
        few = exp.LT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(fewest))
        value = exp.Case(ifs=[exp.If(this=few, true=exp.null())], default=value)
    select = inner.select([exp.alias_(value, VALUE, quoted=True)], block.pairs(inner, relation))
    alias = f"t{inner.number}"
    block.join_lateral(select, alias)
    return exp.column(exp.to_identifier(VALUE, quoted=True), table=alias)
