"""What is asked of groups of rows, as a value: by what they are grouped, what is measured, what is kept.

A tree names data sets, columns and relations only, as in `query/tree.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from catalog.ids import DatasetCode
from catalog.places import PlaceLevel
from catalog.predicate import Predicate
from query.rollup import TimeUnit

if TYPE_CHECKING:  # trees hold groups, and groups the conditions of trees
    from query.tree import Condition

CITY = "Asia/Shanghai"


class Function(StrEnum):
    COUNT = "count"
    COUNT_DISTINCT = "count_distinct"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    MEDIAN = "median"
    PERCENTILE = "percentile"


@dataclass(frozen=True, slots=True)
class Key:
    """A column of the data set, or of the one that to-one relations lead to."""

    column: str
    relations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grouping:
    """A key as it is, by time buckets (`unit` in `zone`), or by the places of a level."""

    key: Key
    unit: TimeUnit | None = None
    zone: str = CITY
    level: PlaceLevel | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """`column` None: of the rows themselves, which can only be counted. `p` of a percentile."""

    function: Function
    column: str | None = None
    p: float | None = None


ROWS = Measure(Function.COUNT)


@dataclass(frozen=True, slots=True)
class Said:
    """A fixed text: `__typename`."""

    alias: str
    value: str


@dataclass(frozen=True, slots=True)
class Told:
    """A key of the group, or a measure of its rows, under the name it has in the reply."""

    alias: str
    what: Key | Measure


@dataclass(frozen=True, slots=True)
class Together:
    """An object in the reply. `only`: its measures are of the rows that meet this condition."""

    alias: str
    selection: "GroupSelection"
    only: "Condition | None" = None


GroupSelection = tuple[Said | Told | Together, ...]


@dataclass(frozen=True, slots=True)
class Having:
    """The predicate's columns are names of `measures`."""

    predicate: Predicate
    measures: tuple[tuple[str, Measure], ...]


@dataclass(frozen=True, slots=True)
class GroupOrder:
    """Nulls come last in both directions unless said otherwise."""

    by: Key | Measure
    descending: bool = False
    nulls_first: bool = False


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of some rows; no grouping: all rows are one group, also where there are none.

    The keys are always appended to the order, so it is total.
    """

    selection: GroupSelection
    where: "Condition | None" = None
    group_by: tuple[Grouping, ...] = ()
    having: Having | None = None
    order: tuple[GroupOrder, ...] = ()
    limit: int = 100
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Groups of the rows of one data set."""

    data_set: DatasetCode
    groups: Groups


@dataclass(frozen=True, slots=True)
class NestedGroups:
    """Under a row: groups of the rows that a to-many relation leads to."""

    alias: str
    relation: str
    groups: Groups


def conditions_in(selection: GroupSelection) -> "Iterator[Condition]":
    """The conditions that measures have of their own."""
    for item in selection:
        if isinstance(item, Together):
            if item.only is not None:
                yield item.only
            yield from conditions_in(item.selection)


def measures_of(groups: Groups) -> Iterator[Measure]:
    """All that are asked for: to be told, to keep groups by, to order them by."""
    yield from _told(groups.selection)
    if groups.having is not None:
        yield from (measure for _, measure in groups.having.measures)
    yield from (term.by for term in groups.order if isinstance(term.by, Measure))


def _told(selection: GroupSelection) -> Iterator[Measure]:
    for item in selection:
        match item:
            case Told(what=Measure() as measure):
                yield measure
            case Together(selection=inner):
                yield from _told(inner)
            case _:
                pass
