"""What a grant shows, told without `query/`: which rows by which part, and which of their columns.

Predicates are three-valued here as everywhere: True, False, or None for unknown.
"""

from collections.abc import Callable, Mapping
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from catalog.contracts import Classification, Contract
from catalog.ids import PlaceCode
from catalog.predicate import And, Compare, Not, Op, Or, Predicate, Scalar, Within
from catalog.sharing.grant import Grant, Part, Visibility
from tests.noninterference.city import Row
from tests.shared_data import PLACES

ORDERED: Mapping[Op, Callable[[Any, Any], bool]] = {
    Op.EQ: eq,
    Op.NE: ne,
    Op.LT: lt,
    Op.LTE: le,
    Op.GT: gt,
    Op.GTE: ge,
    Op.IN: lambda value, among: value in among,
    Op.NOT_IN: lambda value, among: value not in among,
}


def holds(predicate: Predicate, row: Row) -> bool | None:
    match predicate:
        case And(terms):
            found = {holds(term, row) for term in terms}
            return False if False in found else None if None in found else True
        case Or(terms):
            found = {holds(term, row) for term in terms}
            return True if True in found else None if None in found else False
        case Not(term):
            inner = holds(term, row)
            return None if inner is None else not inner
        case Within(column, places):
            value = row[column]
            return None if value is None else any(_governs(place, value) for place in places)
        case Compare(column, op, operand):
            value = row[column]
            if op is Op.IS_NULL:
                return (value is None) == operand
            return None if value is None else ORDERED[op](value, operand)


def part_of(grant: Grant, contract: Contract, row: Row) -> Part | None:
    """The part that shows the row, if any does."""
    for part in grant.parts:
        if contract.place_column is None:
            there = part.places is None
        else:
            place = row[contract.place_column]
            there = place is not None and any(_governs(p, place) for p in part.places or ())
        if there and (part.row_filter is None or holds(part.row_filter, row)):
            return part
    return None


def shown_columns(part: Part, contract: Contract) -> frozenset[str]:
    return frozenset(
        column.name
        for column in contract.columns
        if column.classification is not Classification.CORE
        and part.visibility(column.name) is not None
    )


def masked_columns(grant: Grant, contract: Contract) -> frozenset[str]:
    """A column that any part masks is masked in all."""
    return frozenset(
        name
        for part in grant.parts
        for name in shown_columns(part, contract)
        if part.visibility(name) is Visibility.MASKED
    )


def _governs(place: PlaceCode, value: Scalar) -> bool:
    return PLACES.governs(place, int(str(value)))
