"""The data sets that both worlds hold, and the values in them.

They are those of `tests/shared_data.py` with more to hide: a number and a core column of the station,
a remark of the reading. Texts and numbers begin with a 1, which `stripped` takes away: a mask is the
hash of key and value side by side, so that `k` with `139` and `k1` with `39` have the same one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import cache
from hashlib import sha256

from catalog.catalogue import Catalogue
from catalog.contracts import (
    Classification,
    Column,
    ColumnType,
    Contract,
    Coordinates,
    Kind,
    ReferenceSystem,
)
from catalog.ids import DatasetCode
from catalog.predicate import Scalar
from tests.shared_data import PLACES, READINGS, START, STATIONS, reading, station

Row = Mapping[str, Scalar | None]
HOUR = timedelta(hours=1)
KEY, LONGER_KEY = "k", "k1"
VALUES: Mapping[DatasetCode, Mapping[str, Sequence[Scalar | None]]] = {
    STATIONS: {
        "code": ("1A", "1B", "1C", "1D"),
        "name": ("1甲", "1乙", None),
        "phone": ("139", "138", None),
        "rank": (11, 12, None),
        "survey": ("1s", "1t"),
    },
    READINGS: {
        "station_code": ("1A", "1B", "1C"),
        "observed_at": (START, START + HOUR, START + 2 * HOUR),
        "level_m": (Decimal("11.000"), Decimal("12.500"), Decimal("18.250"), None),
        "place_code": (
            500106004000000,
            500106004000000,
            500106016000000,
            500106016000000,
            500106000000000,
            500000000000000,
            500199001000000,
            None,
        ),
        "remark": ("1x", "1y", None),
    },
}
UNSTRIPPED = frozenset({"observed_at", "place_code"})
"""Columns whose values do not begin with a 1."""
ADDED: Mapping[DatasetCode, Sequence[tuple[str, Kind, Classification]]] = {
    STATIONS: (
        ("rank", Kind.INTEGER, Classification.GENERAL),
        ("survey", Kind.STRING, Classification.CORE),
    ),
    READINGS: (("remark", Kind.STRING, Classification.GENERAL),),
}


LEVEL_FOR_BOTH = Coordinates("level_m", "level_m", ReferenceSystem.WGS84)
"""Where a reading lies, so that what hides the level hides that as well."""


@cache
def contracts() -> dict[DatasetCode, Contract]:
    return {c.data_set: _with_more(c) for c in (station(), reading("snapshot"))}


def catalogue_of(held: Mapping[DatasetCode, Contract]) -> Catalogue:
    return Catalogue(contracts=held, organisations={}, places=PLACES)


def stripped(value: Scalar | None) -> Scalar | None:
    """The value whose text lacks the first character: `139` -> `39`, 11 -> 1."""
    match value:
        case str():
            return value[1:]
        case Decimal() | int():
            return type(value)(str(value)[1:])
        case _:
            return value


def mask(value: Scalar | None) -> str | None:
    """What the first world's clients see of a masked text, number or decimal."""
    return None if value is None else sha256(f"{KEY}{value}".encode()).hexdigest()[:16]


def _with_more(contract: Contract) -> Contract:
    more = tuple(
        Column(name, ColumnType(kind), name, name, classification=classification)
        for name, kind, classification in ADDED[contract.data_set]
    )
    lies = LEVEL_FOR_BOTH if contract.data_set == READINGS else None
    return replace(contract, columns=contract.columns + more, coordinates=lies)
