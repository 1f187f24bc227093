"""What a tree may read, in rows, before it reads any.

Rules: a pure function of the tree and of the sizes of whole data sets, which are public; what a grant
hides, and what the data hold, changes no price. A data set counts whole each time the tree names it,
because a filter or an order may have to look at every row; a row found by its key counts as one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from catalog.ids import DatasetCode
from query.errors import UnknownField
from query.relation import Scope
from query.tree import Nested, Read, ReadOne, Selection

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


def price_of(tree: Read | ReadOne, scope: Scope, sizes: Sizes) -> Price:
    """UnknownField when the tree names what is not granted."""
    looked, below = _below(tree.data_set, tree.selection, scope, sizes)
    if isinstance(tree, ReadOne):
        return Price(1 + looked, 1 + below)
    return Price(sizes.get(tree.data_set, 0) + looked, tree.limit * (1 + below))


def _below(
    data_set: DatasetCode, selection: Selection, scope: Scope, sizes: Sizes
) -> tuple[int, int]:
    """What the relations of a selection look at, and the most rows that one row brings with it."""
    looked = rows = 0
    for item in selection:
        if isinstance(item, Nested):
            relation = scope.relations(data_set).get(item.relation)
            if relation is None:
                raise UnknownField(data_set=data_set, field=item.relation)
            target = relation.target
            deeper, below = _below(target, item.selection, scope, sizes)
            looked += sizes.get(target, 0) + deeper
            rows += below if item.limit is None else item.limit * (1 + below)
    return looked, rows
