"""What is asked for, as a value: which columns under which names, nested how, filtered and ordered.

A tree names data sets, columns and relations only; what they are in the engine is the business of
`query/relation.py`, which knows the grants, and of nothing else.
"""

from dataclasses import dataclass
from enum import StrEnum

from catalog.ids import DatasetCode
from catalog.predicate import Predicate, Scalar
from catalog.slot import Slot
from query.aggregate import Aggregate, NestedGroups
from query.area import Area

MAX_ROWS = 1_000_000
"""No tree may ask for more; the API's own page limit is far lower."""
MAX_EXPORT_ROWS = 100_000_000
"""But for one that is read batch by batch."""


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


class Quantifier(StrEnum):
    """How many of the related rows must fit. Of none at all, EVERY one does."""

    SOME = "some"
    EVERY = "every"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Related:
    """A condition on related rows, one or many; without `where` it is their being there."""

    relation: str
    quantifier: Quantifier
    where: "Condition | None" = None


@dataclass(frozen=True, slots=True)
class Located:
    """The row lies in an area; unknown, and so not kept, where it has no coordinates."""

    area: Area


@dataclass(frozen=True, slots=True)
class AllOf:
    terms: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    terms: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Negated:
    term: "Condition"


Condition = Predicate | Related | Located | AllOf | AnyOf | Negated
"""What a query may ask of rows. A grant's row filter is a `Predicate`, which knows no relations."""


@dataclass(frozen=True, slots=True)
class Nested:
    """A relation: one object or null (to one), or a list with its own filter, order and limit."""

    alias: str
    relation: str
    selection: "Selection"
    where: Condition | None = None
    order: tuple["OrderTerm", ...] = ()
    limit: int | None = None
    offset: int = 0
    first_of: "FirstOf | None" = None


Selection = tuple[Leaf | Constant | Nested | NestedGroups, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """By a column. Nulls come last in both directions unless said otherwise."""

    column: str
    descending: bool = False
    nulls_first: bool = False


@dataclass(frozen=True, slots=True)
class OrderThrough:
    """By what the one related row has; where there is none, by null."""

    relation: str
    term: "OrderTerm"


class Total(StrEnum):
    """What many related rows come to."""

    COUNT = "count"
    MIN = "min"
    MAX = "max"
    SUM = "sum"
    AVG = "avg"


@dataclass(frozen=True, slots=True)
class OrderByTotal:
    """By what the related rows come to; `column` is None for their count."""

    relation: str
    total: Total
    column: str | None = None
    descending: bool = False
    nulls_first: bool = False


OrderTerm = Order | OrderThrough | OrderByTotal


@dataclass(frozen=True, slots=True)
class FirstOf:
    """Of the rows that are equal in these columns one: the newest by a column, or else the first in
    the order of the list.
    """

    columns: tuple[str, ...]
    newest: str | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """Rows of one data set. What makes the order total is always appended: the key, mostly. Not
    `ordered`: they come as the engine keeps them, which a scope may allow (`Scope.order_tells`).
    """

    data_set: DatasetCode
    selection: Selection
    where: Condition | None = None
    order: tuple[OrderTerm, ...] = ()
    limit: int = 100
    offset: int = 0
    first_of: FirstOf | None = None
    ordered: bool = True


@dataclass(frozen=True, slots=True)
class ReadOne:
    """The row with this key, or none. `key` holds each key column once."""

    data_set: DatasetCode
    selection: Selection
    key: tuple[tuple[str, Scalar | Slot], ...]


@dataclass(frozen=True, slots=True)
class Cursor:
    """In an edge: where its row stands in the order."""

    alias: str


@dataclass(frozen=True, slots=True)
class Node:
    """In an edge: its row."""

    alias: str
    selection: Selection


@dataclass(frozen=True, slots=True)
class Edges:
    alias: str
    selection: tuple[Cursor | Node | Constant, ...]


@dataclass(frozen=True, slots=True)
class Nodes:
    """The rows without edges around them."""

    alias: str
    selection: Selection


class PageFact(StrEnum):
    HAS_NEXT = "has_next"
    HAS_PREVIOUS = "has_previous"
    START_CURSOR = "start_cursor"
    END_CURSOR = "end_cursor"


@dataclass(frozen=True, slots=True)
class PageLeaf:
    alias: str
    fact: PageFact


@dataclass(frozen=True, slots=True)
class PageInfo:
    alias: str
    selection: tuple[PageLeaf | Constant, ...]


@dataclass(frozen=True, slots=True)
class TotalCount:
    """How many rows there are, on all pages."""

    alias: str


@dataclass(frozen=True, slots=True)
class Connection:
    """A page of rows that begins behind or ends before a cursor, as one object."""

    data_set: DatasetCode
    selection: tuple[Edges | Nodes | PageInfo | TotalCount | Constant, ...]
    where: Condition | None = None
    order: tuple[OrderTerm, ...] = ()
    size: int = 100
    backward: bool = False
    """The last `size` rows instead of the first."""
    after: str | None = None
    before: str | None = None
    first_of: FirstOf | None = None


Tree = Read | ReadOne | Connection | Aggregate
