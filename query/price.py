"""What a tree may read, in rows, before it reads any.

Rules: a pure function of the tree and of the sizes of whole data sets, which are public; what a grant
hides, and what the data hold, changes no price. A data set counts whole each time the tree names it,
because a filter or an order may have to look at every row; a row found by its key counts as one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from catalog.ids import DatasetCode
from query.aggregate import Aggregate, Groups, NestedGroups, conditions_in
from query.errors import UnknownField
from query.relation import Scope
from query.tree import (
    AllOf,
    AnyOf,
    Condition,
    Connection,
    Edges,
    Negated,
    Nested,
    Node,
    Nodes,
    OrderByTotal,
    OrderTerm,
    OrderThrough,
    PageInfo,
    Read,
    ReadOne,
    Related,
    Selection,
    TotalCount,
    Tree,
)

Sizes = Mapping[DatasetCode, int]
"""Rows of each published data set, all of them."""


@dataclass(frozen=True, slots=True)
class Price:
    """`looked`: rows that may have to be looked at; `brought`: rows that the limits let through."""

    looked: int = 0
    brought: int = 0

    @property
    def total(self) -> int:
        return self.looked + self.brought

    def __add__(self, other: "Price") -> "Price":
        return Price(self.looked + other.looked, self.brought + other.brought)


def price_of(tree: Tree, scope: Scope, sizes: Sizes) -> Price:
    """UnknownField when the tree names what is not granted."""
    pricing = _Pricing(scope, sizes)
    if isinstance(tree, Aggregate):
        return Price(
            sizes.get(tree.data_set, 0) + pricing.groups(tree.data_set, tree.groups),
            most_groups(tree.groups),
        )
    if isinstance(tree, Connection):
        return pricing.connection(tree)
    looked, below = pricing.below(tree.data_set, tree.selection)
    if isinstance(tree, ReadOne):
        return Price(1 + looked, 1 + below)
    looked += pricing.page(tree.data_set, tree)
    return Price(sizes.get(tree.data_set, 0) + looked, tree.limit * (1 + below))


def most_groups(groups: Groups) -> int:
    """How many there may be by the limit."""
    return groups.limit if groups.group_by else min(groups.limit, 1)


class _Pricing:
    def __init__(self, scope: Scope, sizes: Sizes) -> None:
        self._scope = scope
        self._sizes = sizes

    def connection(self, tree: Connection) -> Price:
        """Rows, the total, and what lies on the far side of a cursor: each may look at all of it."""
        scans = looked = brought = 0
        for item in tree.selection:
            pages: list[Selection] = []
            match item:
                case Edges(selection=parts):
                    pages = [part.selection for part in parts if isinstance(part, Node)]
                case Nodes(selection=selection):
                    pages = [selection]
                case PageInfo() | TotalCount():
                    scans += 1
            if isinstance(item, Edges | PageInfo):
                brought = max(brought, tree.size)
            for page in pages:
                deeper, below = self.below(tree.data_set, page)
                looked, brought = looked + deeper, brought + tree.size * (1 + below)
        scan = self._sizes.get(tree.data_set, 0) + self.page(tree.data_set, tree)
        return Price((scans + bool(brought)) * scan + looked, brought)

    def below(self, data_set: DatasetCode, selection: Selection) -> tuple[int, int]:
        """What the relations of a selection look at, and the most rows that one row brings with it."""
        looked = rows = 0
        for item in selection:
            if isinstance(item, Nested):
                target = self._target(data_set, item.relation)
                deeper, below = self.below(target, item.selection)
                looked += self._sizes.get(target, 0) + deeper + self.page(target, item)
                rows += below if item.limit is None else item.limit * (1 + below)
            elif isinstance(item, NestedGroups):
                target = self._target(data_set, item.relation)
                looked += self._sizes.get(target, 0) + self.groups(target, item.groups)
                rows += most_groups(item.groups)
        return looked, rows

    def groups(self, data_set: DatasetCode, groups: Groups) -> int:
        """What conditions and keys look at beside the rows themselves."""
        looked = 0 if groups.where is None else self._condition(data_set, groups.where)
        looked += sum(self._condition(data_set, only) for only in conditions_in(groups.selection))
        for path in {grouping.key.relations for grouping in groups.group_by}:
            target = data_set
            for name in path:
                target = self._target(target, name)
                looked += self._sizes.get(target, 0)
        return looked

    def page(self, data_set: DatasetCode, page: Read | Nested | Connection) -> int:
        """What filter and order look at beside the rows themselves."""
        where = 0 if page.where is None else self._condition(data_set, page.where)
        return where + sum(self._order(data_set, term) for term in page.order)

    def _condition(self, data_set: DatasetCode, where: Condition) -> int:
        match where:
            case AllOf(terms=terms) | AnyOf(terms=terms):
                return sum(self._condition(data_set, term) for term in terms)
            case Negated(term=term):
                return self._condition(data_set, term)
            case Related(relation=relation, where=inner):
                target = self._target(data_set, relation)
                below = 0 if inner is None else self._condition(target, inner)
                return self._sizes.get(target, 0) + below
            case _:
                return 0

    def _order(self, data_set: DatasetCode, term: OrderTerm) -> int:
        match term:
            case OrderThrough(relation=relation, term=inner):
                target = self._target(data_set, relation)
                return self._sizes.get(target, 0) + self._order(target, inner)
            case OrderByTotal(relation=relation):
                return self._sizes.get(self._target(data_set, relation), 0)
            case _:
                return 0

    def _target(self, data_set: DatasetCode, name: str) -> DatasetCode:
        relation = self._scope.relations(data_set).get(name)
        if relation is None:
            raise UnknownField(data_set=data_set, field=name)
        return relation.target
