"""A page of rows as one object: edges, nodes, cursors, what lies around the page, and the total.

Rules: one row more than the page is read, to know whether there are more; a page from the end is read in
the reversed order and turned round. What is not selected is not worked out: no total without
`totalCount`, no rows for it alone.
"""

from collections.abc import Iterator
from functools import cached_property

from sqlglot import exp

from query.block import Block, Draft
from query.cursor import cursors_of, never_null, value_of
from query.keyset import Key, behind, reversed_order
from query.listing import order_columns, refuse_clashes, same_order
from query.order import undecided
from query.rows import outputs
from query.statement import COUNTED
from query.tree import (
    Connection,
    Constant,
    Cursor,
    Edges,
    Node,
    Nodes,
    PageFact,
    PageInfo,
    TotalCount,
)
from query.value import struct
from query.wanted import Wanted, wanted

LISTED, MORE = "listed", "more_"
Values = tuple[str | None, ...]


def connection(draft: Draft, asked: Connection) -> exp.Select:
    """The statement of a page: one row, whose column COUNTED says how many rows the page has."""
    return _Page(draft, asked).statement()


class _Page:
    def __init__(self, draft: Draft, asked: Connection) -> None:
        self._draft = draft
        self._asked = asked
        self._cursors = cursors_of(draft.scope, asked.data_set, asked.order)
        self._after = self._place(asked.after, "after")
        self._before = self._place(asked.before, "before")
        self._lists: list[exp.Expr] = []
        """What there is a list of, over the page's rows; `c0`, `c1`... are their columns."""
        self._reads_rows = False

    @cached_property
    def _wanted(self) -> Wanted:
        """Asked for when something of the rows is: what is bound must stand in the statement."""
        return self._rows_wanted(self._draft.block(self._asked.data_set))

    @property
    def _block(self) -> Block:
        return self._wanted.block

    def statement(self) -> exp.Select:
        refuse_clashes(item.alias for item in self._asked.selection)
        found = dict(self._outputs())
        counted = _listed(COUNTED) if self._reads_rows else exp.Literal.number(0)
        columns = [exp.alias_(counted, COUNTED, quoted=True)]
        columns += [exp.alias_(node, name, quoted=True) for name, node in found.items()]
        statement = exp.select(*columns, copy=False)
        if self._reads_rows:
            statement = statement.from_(self._rows_listed().subquery(LISTED), copy=False)
        return statement.limit(1, copy=False)

    def _outputs(self) -> Iterator[tuple[str, exp.Expr]]:
        for item in self._asked.selection:
            match item:
                case Edges(alias=alias):
                    yield alias, self._list(self._edge(item))
                case Nodes(alias=alias, selection=selection):
                    yield alias, self._list(struct(dict(outputs(self._block, selection))))
                case PageInfo(alias=alias):
                    yield alias, self._info(item)
                case TotalCount(alias=alias):
                    yield alias, self._total()
                case Constant(alias=alias, value=value):
                    yield alias, exp.Literal.string(value)

    def _edge(self, edges: Edges) -> exp.Expr:
        refuse_clashes(item.alias for item in edges.selection)
        found: dict[str, exp.Expr] = {}
        for item in edges.selection:
            match item:
                case Cursor(alias=alias):
                    found[alias] = self._cursor()
                case Node(alias=alias, selection=selection):
                    found[alias] = struct(dict(outputs(self._block, selection)))
                case Constant(alias=alias, value=value):
                    found[alias] = exp.Literal.string(value)
        return struct(found)

    def _info(self, info: PageInfo) -> exp.Expr:
        refuse_clashes(item.alias for item in info.selection)
        return struct(
            {
                item.alias: exp.Literal.string(item.value)
                if isinstance(item, Constant)
                else self._fact(item.fact)
                for item in info.selection
            }
        )

    def _fact(self, fact: PageFact) -> exp.Expr:
        if fact in {PageFact.START_CURSOR, PageFact.END_CURSOR}:
            end = exp.Literal.number(1) if fact is PageFact.START_CURSOR else exp.Neg(this=_one())
            cursors = self._list(self._cursor())
            return exp.Anonymous(this="list_extract", expressions=[cursors, end])
        onward = fact is PageFact.HAS_NEXT
        edge = self._before if onward else self._after
        beyond = exp.false() if edge is None else self._any_past(edge, onward)
        if onward == self._asked.backward:
            return beyond
        self._reads_rows = True
        return _listed(MORE) if edge is None else exp.or_(_listed(MORE), beyond)

    def _list(self, of_row: exp.Expr) -> exp.Expr:
        self._reads_rows = True
        if of_row not in self._lists:
            self._lists.append(of_row)
        return _listed(f"c{self._lists.index(of_row)}")

    def _rows_listed(self) -> exp.Select:
        """The lists of the page's rows, in one row."""
        order = self._wanted.found_order()
        columns = [exp.alias_(node, f"c{i}", quoted=True) for i, node in enumerate(self._lists)]
        columns += order_columns(order)
        size = exp.Literal.number(self._asked.size)
        rows = exp.Count(this=exp.Star(), big_int=True)
        more = exp.GT(this=rows, expression=size)
        counted = exp.Case(ifs=[exp.If(this=more.copy(), true=size.copy())], default=rows.copy())
        lists = [exp.alias_(more, MORE, quoted=True), exp.alias_(counted, COUNTED, quoted=True)]
        for number in range(len(self._lists)):
            name = f"c{number}"
            whole = exp.Order(this=exp.column(name, quoted=True), expressions=same_order(order))
            lists.append(exp.alias_(self._cut(exp.ArrayAgg(this=whole)), name, quoted=True))
        page = self._wanted.found(columns).subquery("page")
        return exp.select(*lists, copy=False).from_(page, copy=False)

    def _cut(self, rows: exp.Expr) -> exp.Expr:
        ends = [_one(), exp.Literal.number(self._asked.size)]
        cut: exp.Expr = exp.Anonymous(this="list_slice", expressions=[rows, *ends])
        if self._asked.backward:
            cut = exp.Anonymous(this="list_reverse", expressions=[cut])
        return exp.Coalesce(this=cut, expressions=[exp.Array()])

    def _rows_wanted(self, block: Block) -> Wanted:
        asked = self._asked
        rows = wanted(block, asked.where, asked.order, asked.first_of, asked.size + 1)
        if self._after is not None:
            rows.places.append(self._behind(block, rows.order, self._after))
        if self._before is not None:
            rows.places.append(self._behind(block, reversed_order(rows.order), self._before))
        if asked.backward:
            rows.order = reversed_order(rows.order)
        return rows

    def _total(self) -> exp.Expr:
        asked = self._asked
        order = () if asked.first_of is None else asked.order
        rows = wanted(self._draft.block(asked.data_set), asked.where, order, asked.first_of)
        counted = exp.select(exp.Count(this=exp.Star(), big_int=True), copy=False)
        return counted.from_(rows.kept([_one()]).subquery("rows"), copy=False).subquery()

    def _any_past(self, place: Values, onward: bool) -> exp.Expr:
        """Whether the list has rows at the place or on its far side."""
        asked, block = self._asked, self._draft.block(self._asked.data_set)
        rows = wanted(block, asked.where, asked.order, asked.first_of)
        facing = reversed_order(rows.order) if onward else rows.order
        near = self._behind(block, facing, place)
        rows.places.append(exp.Not(this=exp.Coalesce(this=near, expressions=[exp.false()])))
        return exp.Exists(this=rows.kept([_one()]))

    def _behind(self, block: Block, order: list[exp.Ordered], place: Values) -> exp.Expr:
        keys = [
            Key(term, self._value(text, kind), _own(block, term))
            for term, text, kind in zip(order, place, self._cursors.types, strict=True)
        ]
        return exp.paren(behind(keys))

    def _value(self, text: str | None, kind: str) -> exp.Expr | None:
        if text is None:
            return None
        return value_of(self._draft.parameters.bind(text), kind)

    def _cursor(self) -> exp.Expr:
        for name in undecided(self._draft.scope, self._asked.data_set, self._asked.order):
            self._block.column(name)  # a cursor tells it
        return self._cursors.node(self._draft, [t.this for t in self._wanted.found_order()])

    def _place(self, cursor: str | None, argument: str) -> Values | None:
        return None if cursor is None else self._cursors.values(cursor, argument)


def _own(block: Block, term: exp.Ordered) -> bool:
    """Whether the term is a column of the block that is never null."""
    node = term.this
    own = isinstance(node, exp.Column) and node.table == block.alias
    return own and never_null(block, node.name)


def _listed(name: str) -> exp.Expr:
    return exp.column(exp.to_identifier(name, quoted=True), table=LISTED)


def _one() -> exp.Expr:
    return exp.Literal.number(1)
