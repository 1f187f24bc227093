"""The rows of a block that are wanted, in an order: found before anything that is shown of them.

Rules: what filter and order need is joined to the rows looked through; what is shown is joined to the few
that were found, or else the engine works out the nested lists of all and throws most of them away.
"""

from dataclasses import dataclass, field

from sqlglot import exp

from query.block import Block
from query.condition import condition
from query.listing import page
from query.order import first_of, ordered
from query.tree import MAX_ROWS, Condition, FirstOf, OrderTerm

Columns = list[exp.Expr]


@dataclass(slots=True)
class Wanted:
    """`places` are conditions on where in the order a row stands."""

    block: Block
    where: list[exp.Expr]
    order: list[exp.Ordered]
    one_each: exp.Expr | None
    joins: list[exp.Join]
    limit: int
    offset: int
    places: list[exp.Expr] = field(default_factory=list)
    most: int = MAX_ROWS

    def select(self, columns: Columns) -> exp.Select:
        """In their order. `columns` are made after this, and may have joined what they need."""
        if self.block.joins:
            return page(self.found(columns), self.found_order(), self.limit, 0, self.most)
        return page(self.kept(columns), self.order, self.limit, self.offset, self.most)

    def kept(self, columns: Columns) -> exp.Select:
        """All of them, without order or end. Who is left of a group is seen before its place is."""
        select = self.block.select(columns, *self.where, joins=self.joins)
        if self.one_each is not None:
            return select.qualify(exp.and_(self.one_each, *self.places), copy=False)
        for place in self.places:
            select = select.where(place, copy=False)
        return select

    def found(self, columns: Columns) -> exp.Select:
        """Those of the page, in no order yet, with what the columns joined."""
        held = [
            exp.alias_(self.block.column(n, asked=False), n, quoted=True)
            for n in [*self.block.named]
        ]
        held += [
            exp.alias_(term.this.copy(), f"_o{i}", quoted=True) for i, term in enumerate(self.order)
        ]
        order = [term.copy() for term in self.order]
        rows = page(self.kept(held), order, self.limit, self.offset, self.most)
        select = exp.select(*columns, copy=False)
        select = select.from_(rows.subquery(exp.to_identifier(self.block.alias)), copy=False)
        for join in self.block.joins:
            select = select.join(join, copy=False)
        return select

    def found_order(self) -> list[exp.Ordered]:
        """The order of the rows that were found."""
        return [
            exp.Ordered(
                this=exp.column(exp.to_identifier(f"_o{i}", quoted=True), table=self.block.alias),
                desc=term.args["desc"],
                nulls_first=term.args["nulls_first"],
            )
            for i, term in enumerate(self.order)
        ]


def wanted(
    block: Block,
    where: Condition | None,
    order: tuple[OrderTerm, ...] = (),
    one_each: FirstOf | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> Wanted:
    """To be made before what is shown of the rows: what is joined by now belongs to it."""
    kept = condition(block, where)
    terms = ordered(block, order)
    one = first_of(block, one_each, terms)
    rows = MAX_ROWS if limit is None else min(limit, MAX_ROWS)
    conditions = [] if kept is None else [kept]
    return Wanted(block, conditions, terms, one, block.take_joins(), rows, offset)
