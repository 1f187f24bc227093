"""Types that are made when something first names them, once each, whatever thread it is."""

from collections.abc import Callable
from typing import TypeVar

from catalog.ids import DatasetCode

Made = TypeVar("Made")


def once(make: Callable[[DatasetCode], Made]) -> Callable[[DatasetCode], Made]:
    """Two types of one name would be two types: where two threads make one, the first one's counts."""
    made: dict[DatasetCode, Made] = {}

    def of(data_set: DatasetCode) -> Made:
        found = made.get(data_set)
        return made.setdefault(data_set, make(data_set)) if found is None else found

    return of
