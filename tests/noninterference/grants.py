"""What a client may hold: one or two parts, masks, row filters; now and then a grant that shows nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from random import Random

from catalog.contracts import Column, Contract
from catalog.ids import DatasetCode, PlaceCode
from catalog.predicate import And, Compare, Not, Op, Or, Predicate, Within
from catalog.sharing.grant import Grant, GrantedColumn, Part, Visibility
from tests.noninterference.city import UNSTRIPPED
from tests.shared_data import READINGS, STATIONS, grant

CLEAR, MASKED = Visibility.CLEAR, Visibility.MASKED
SHAPINGBA, HIGHTECH = PlaceCode("500106"), PlaceCode("500172")
CIQIKOU, HUXI = PlaceCode("500106004"), PlaceCode("500106016")
DISJOINT: Sequence[tuple[tuple[PlaceCode, ...] | None, ...]] = (
    *(((SHAPINGBA,), (HIGHTECH,)),) * 4,
    *(((CIQIKOU,), (HUXI,)),) * 2,
    *(((SHAPINGBA,),),) * 3,
    ((CIQIKOU, HIGHTECH),),
    ((), (HUXI,)),
    ((),),
    (None,),
)
"""The places of the parts of one grant; no place, or none said, shows nothing."""
SEEN = (CLEAR,) * 3 + (MASKED,) * 2 + (None,) * 2
KEY_SEEN = (CLEAR,) * 12 + (MASKED,) * 2 + (None,)
FILTERS: Mapping[DatasetCode, Sequence[Predicate | None]] = {
    STATIONS: (
        *(None,) * 4,
        Compare("code", Op.NE, "1B"),
        Compare("rank", Op.GTE, 12),
        Or((Compare("name", Op.EQ, "1甲"), Compare("phone", Op.EQ, "139"))),
        Not(Compare("code", Op.IN, ("1A", "1D"))),
    ),
    READINGS: (
        *(None,) * 4,
        Compare("level_m", Op.LT, Decimal(15)),
        Or((Compare("level_m", Op.IS_NULL, operand=True), Compare("remark", Op.EQ, "1x"))),
        Compare("station_code", Op.IN, ("1A", "1B")),
        And((Within("place_code", (CIQIKOU, HUXI)), Compare("remark", Op.NE, "1y"))),
    ),
}


def any_grants(rng: Random, contracts: Mapping[DatasetCode, Contract]) -> tuple[Grant, ...]:
    """At most one a data set, mostly both."""
    held = [code for code in (STATIONS, READINGS) if rng.random() < 0.88]
    return tuple(_grant(rng, contracts[code]) for code in held)


def _grant(rng: Random, contract: Contract) -> Grant:
    everywhere = contract.place_column is None
    parts = tuple(
        _part(rng, contract, where) for where in ((None,) if everywhere else rng.choice(DISJOINT))
    )
    major = contract.major if rng.random() < 0.95 else contract.major + 1
    return replace(grant(contract.data_set, ()), parts=parts, contract_major=major)


def _part(rng: Random, contract: Contract, places: tuple[PlaceCode, ...] | None) -> Part:
    seen = {column.name: _seen(rng, column, contract) for column in contract.columns}
    granted = tuple(GrantedColumn(name, how) for name, how in seen.items() if how is not None)
    return Part(granted, places, rng.choice(FILTERS[contract.data_set]))


def _seen(rng: Random, column: Column, contract: Contract) -> Visibility | None:
    """Seldom a mask that `stripped` cannot look behind."""
    how = rng.choice(KEY_SEEN if column.name in contract.key else SEEN)
    if how is MASKED and column.name in UNSTRIPPED and rng.random() < 0.8:
        return CLEAR
    return how
