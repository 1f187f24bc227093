"""What is asked for, as a value: which columns under which names, nested how, filtered and ordered.

A tree names data sets, columns and relations only; what they are in the engine is the business of
`query/relation.py`, which knows the grants, and of nothing else.
"""

from dataclasses import dataclass

from catalog.ids import DatasetCode
from catalog.predicate import Predicate, Scalar

MAX_ROWS = 1_000_000
"""No tree may ask for more; the API's own page limit is far lower."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A column under the name it has in the reply."""

    alias: str
    column: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A fixed text in every row: `__typename`."""

    alias: str
    value: str


@dataclass(frozen=True, slots=True)
class Nested:
    """A relation: one object or null (to one), or a list with its own filter, order and limit."""

    alias: str
    relation: str
    selection: "Selection"
    where: Predicate | None = None
    order: tuple["Order", ...] = ()
    limit: int | None = None
    offset: int = 0


Selection = tuple[Leaf | Constant | Nested, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """Nulls come last in both directions unless said otherwise."""

    column: str
    descending: bool = False
    nulls_first: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """Rows of one data set. What makes the order total is always appended: the key, mostly."""

    data_set: DatasetCode
    selection: Selection
    where: Predicate | None = None
    order: tuple[Order, ...] = ()
    limit: int = 100
    offset: int = 0


@dataclass(frozen=True, slots=True)
class ReadOne:
    """The row with this key, or none. `key` holds each key column once."""

    data_set: DatasetCode
    selection: Selection
    key: tuple[tuple[str, Scalar], ...]
