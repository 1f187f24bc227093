"""What may be asked of related rows, groups' first rows and pages: inside a grant but for at most one
reference, as in `questions.py`.

A reference here is a column that a condition on related rows names, that a list is ordered by (its own, of
the one related row, or what many come to), or that picks one row of each group; a relation; a data set.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from random import Random

from catalog.contracts import Contract, Kind
from catalog.ids import DatasetCode
from query.relation import Scope
from query.tree import (
    AllOf,
    AnyOf,
    Condition,
    Connection,
    Cursor,
    Edges,
    FirstOf,
    Negated,
    Node,
    Nodes,
    Order,
    OrderByTotal,
    OrderTerm,
    OrderThrough,
    PageFact,
    PageInfo,
    PageLeaf,
    Quantifier,
    Read,
    Related,
    Total,
    TotalCount,
    Tree,
)
from tests.noninterference.questions import AS_OF, RELATIONS, Asking

OUTSIDE = (
    "data set",
    "relation",
    "selection",
    "where",
    "where",
    "order",
    "order",
    "group",
    "group",
)
FACTS = PageInfo("i", tuple(PageLeaf(fact.value, fact) for fact in PageFact))
SUMMED = (Total.SUM, Total.AVG)
DEEPEST = 2


def any_relating(
    rng: Random, scope: Scope, whole: Mapping[DatasetCode, Contract]
) -> tuple[Tree, datetime | None]:
    outside = rng.choice(OUTSIDE) if rng.random() < 0.4 else None
    return _Relating(rng, scope, whole, outside).related_tree(), rng.choice(AS_OF)


class _Relating(Asking):
    def related_tree(self) -> Tree:
        granted = self._scope.data_sets
        beyond = [c for c in self._contracts if c not in granted] * 3 + [DatasetCode("no_such")]
        data_set = self._of(granted if granted and not self._leaves("data set") else beyond)
        if data_set not in self._contracts:
            return Connection(data_set, (TotalCount("t"),))
        where = self._condition(data_set, 0) if self._wants("where", 2) else None
        order = tuple(self._term(data_set, 0) for _ in range(self._of((1, 1, 2))))
        first = self._first_of(data_set) if self._wants("group", 3) else None
        if self._one_in(2):
            selection = self._selection(data_set, depth=1)
            return Read(data_set, selection, where, order, self._of((100, 1, 2)), first_of=first)
        return self._page_of(data_set, where, order, first)

    def _page_of(
        self,
        data_set: DatasetCode,
        where: Condition | None,
        order: tuple[OrderTerm, ...],
        first: FirstOf | None,
    ) -> Connection:
        node = self._selection(data_set, depth=1)
        edges = Edges("e", (Cursor("c"), Node("n", node)))
        parts = self._of(
            (
                (edges, FACTS, TotalCount("t")),
                (Nodes("n", node), FACTS),
                (TotalCount("t"),),
                (edges,),
            )
        )
        size, backward = self._of((100, 1, 2)), self._one_in(2)
        return Connection(
            data_set, parts, where, order, size=size, backward=backward, first_of=first
        )

    def _condition(self, data_set: DatasetCode, depth: int) -> Condition:
        shape = self._of(("own", "related", "related", "related", "and", "or", "not"))
        if depth >= DEEPEST or shape == "own":
            return self._compare(data_set, self._column(data_set, "where"))
        match shape:
            case "and":
                return AllOf(
                    (self._condition(data_set, depth + 1), self._condition(data_set, depth + 1))
                )
            case "or":
                return AnyOf(
                    (self._condition(data_set, depth + 1), self._condition(data_set, depth + 1))
                )
            case "not":
                return Negated(self._condition(data_set, depth + 1))
        name, target = self._relation(data_set)
        if name is None:
            return self._compare(data_set, self._column(data_set, "where"))
        inner = None if self._one_in(4) else self._condition(target, depth + 1)
        return Related(name, self._of(tuple(Quantifier)), inner)

    def _term(self, data_set: DatasetCode, depth: int) -> OrderTerm:
        name, target = self._relation(data_set)
        descending, nulls_first = self._one_in(2), self._one_in(2)
        if name is None or depth >= DEEPEST or self._one_in(4):
            return Order(self._column(data_set, "order"), descending, nulls_first)
        if RELATIONS[data_set][0] == "station":
            return OrderThrough(name, self._term(target, depth + 1))
        column = self._column(target, "order") if self._wants("order", 2) else None
        totals = [t for t in Total if column is None or t is not Total.COUNT]
        if column is None:
            return OrderByTotal(name, Total.COUNT, None, descending, nulls_first)
        if self._kind(target, column) not in {Kind.INTEGER, Kind.DECIMAL}:
            totals = [t for t in totals if t not in SUMMED]
        return OrderByTotal(name, self._of(totals), column, descending, nulls_first)

    def _first_of(self, data_set: DatasetCode) -> FirstOf:
        newest = self._column(data_set, "group") if self._one_in(2) else None
        return FirstOf((self._column(data_set, "group"),), newest)

    def _relation(self, data_set: DatasetCode) -> tuple[str | None, DatasetCode]:
        """One that the scope has; now and then one that it does not."""
        name, target = RELATIONS[data_set]
        granted = self._scope.relations(data_set) if data_set in self._scope.data_sets else {}
        if self._leaves("relation"):
            return self._of((name, name, "no_such")), target
        return (name if name in granted else None), target

    def _wants(self, where: str, many: int) -> bool:
        return self._outside == where or self._one_in(many)


def kinds_of(tree: Tree) -> Iterator[str]:
    """What kinds of question a tree asks, by name."""
    yield type(tree).__name__
    if isinstance(tree, Read | Connection):
        yield from _kinds_in(tree.where)
        yield from (type(term).__name__ for term in tree.order)
        if tree.first_of is not None:
            yield "first row" if tree.first_of.newest is None else "newest row"
    if isinstance(tree, Connection):
        yield from (
            name
            for name, held in (("page behind", tree.after), ("page before", tree.before))
            if held
        )


def _kinds_in(where: Condition | None) -> Iterator[str]:
    match where:
        case AllOf(terms=terms) | AnyOf(terms=terms):
            for term in terms:
                yield from _kinds_in(term)
        case Negated(term=term):
            yield from _kinds_in(term)
        case Related(quantifier=quantifier, where=inner):
            yield f"Related {quantifier.value}"
            yield from _kinds_in(inner)
