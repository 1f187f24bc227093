"""The one filter language: what a query asks, what a grant's row filter allows.

A predicate names columns of one data set and holds plain values; it never holds SQL.
Comparisons with null are unknown and so keep no row, except `is_null`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from catalog.ids import PlaceCode
from catalog.slot import Slot

Scalar = str | int | float | Decimal | bool | datetime | date
Values = tuple[Scalar | tuple[Scalar, ...], ...]
"""What is put into slots, by their indexes; a tuple where a slot stands for a whole list."""


class Op(StrEnum):
    EQ = "eq"
    NE = "ne"
    IN = "in"
    NOT_IN = "not_in"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    BETWEEN = "between"
    IS_NULL = "is_null"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"


@dataclass(frozen=True, slots=True)
class Compare:
    """`operand` is one value; a tuple for IN, NOT_IN and BETWEEN (low, high, both included). A slot may
    stand for any value, and with IN and NOT_IN for a whole list, which has values.
    """

    column: str
    op: Op
    operand: Scalar | Slot | tuple[Scalar | Slot, ...]


@dataclass(frozen=True, slots=True)
class Within:
    """The row's place is one of these or lies below it in the governing tree."""

    column: str
    places: tuple[PlaceCode, ...]


@dataclass(frozen=True, slots=True)
class And:
    terms: tuple["Predicate", ...]


@dataclass(frozen=True, slots=True)
class Or:
    terms: tuple["Predicate", ...]


@dataclass(frozen=True, slots=True)
class Not:
    term: "Predicate"


Predicate = Compare | Within | And | Or | Not


def columns_of(predicate: Predicate) -> Iterator[str]:
    """The columns a predicate reads, with repetitions."""
    match predicate:
        case Compare(column=column) | Within(column=column):
            yield column
        case And(terms=terms) | Or(terms=terms):
            for term in terms:
                yield from columns_of(term)
        case Not(term=term):
            yield from columns_of(term)
