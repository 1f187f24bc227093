"""Places and who governs whom.

A place code has 6 digits (city, district), 9 (township), 12 (village) or 15 (grid). A row stores its
most exact code right-padded with zeros to 15 digits as a BIGINT, so that a place and everything
below it is a few integer ranges. Ranges follow the *governing* tree: a township that a functional
zone governs keeps the code of its statistical parent but belongs to the zone.
"""

import csv
import io
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from catalog.errors import DeclarationError, UnknownPlace
from catalog.ids import PlaceCode

PADDED = 15
HEADER = ["code", "name", "level", "parent_code", "statistical_parent_code"]
Range = tuple[int, int]
"""Lowest and highest padded code, both included."""


class PlaceLevel(StrEnum):
    CITY = "city"
    DISTRICT = "district"
    TOWNSHIP = "township"
    VILLAGE = "village"
    GRID = "grid"


OWN_DIGITS = {
    PlaceLevel.CITY: 2,
    PlaceLevel.DISTRICT: 6,
    PlaceLevel.TOWNSHIP: 9,
    PlaceLevel.VILLAGE: 12,
    PlaceLevel.GRID: 15,
}


@dataclass(frozen=True, slots=True)
class Place:
    """`parent` is the centre that governs; `statistical_parent` is set where another one counts."""

    code: PlaceCode
    name: str
    level: PlaceLevel
    parent: PlaceCode | None
    statistical_parent: PlaceCode | None


def padded(code: PlaceCode) -> int:
    """`500106004` -> 500106004000000."""
    return int(code.ljust(PADDED, "0"))


def unpadded(value: int) -> PlaceCode:
    """500106004000000 -> `500106004`: the shortest code of a level that pads to the value."""
    for digits in (6, 9, 12):
        if value % 10 ** (PADDED - digits) == 0:
            return PlaceCode(str(value // 10 ** (PADDED - digits)))
    return PlaceCode(str(value))


class Places:
    """One version of the governing tree."""

    def __init__(self, places: Iterable[Place]) -> None:
        self._by_code: Mapping[PlaceCode, Place] = {place.code: place for place in places}

    def __len__(self) -> int:
        return len(self._by_code)

    def __iter__(self) -> Iterator[Place]:
        return iter(self._by_code.values())

    def __contains__(self, code: object) -> bool:
        return code in self._by_code

    def get(self, code: PlaceCode) -> Place:
        """UnknownPlace when no place has the code."""
        try:
            return self._by_code[code]
        except KeyError:
            raise UnknownPlace(place=code) from None

    def children(self, code: PlaceCode) -> tuple[Place, ...]:
        """The places governed directly, in code order."""
        return tuple(self._children.get(self.get(code).code, ()))

    def ancestors(self, code: PlaceCode) -> tuple[Place, ...]:
        """The governing centres above a place, nearest first."""
        chain, place = [], self.get(code)
        while place.parent is not None:
            place = self.get(place.parent)
            chain.append(place)
        return tuple(chain)

    def ranges(self, codes: Sequence[PlaceCode]) -> tuple[Range, ...]:
        """The padded codes of these places and all they govern: sorted, disjoint, as few as can be."""
        return merged([r for code in codes for r in self._ranges_of(self.get(code))])

    def governs(self, code: PlaceCode, value: int) -> bool:
        """Whether a padded code lies in the place or below it."""
        ranges = self.ranges([code])
        index = bisect_right(ranges, (value, 10**PADDED)) - 1
        return index >= 0 and ranges[index][0] <= value <= ranges[index][1]

    def moved_to(self, level: PlaceLevel) -> tuple[tuple[Range, int | None], ...]:
        """Blocks of codes whose place of that level is not the one that their digits say, the most
        exact first, each with the padded code of the one that governs; None where there is none.
        """
        found = []
        for place in sorted(self._moved, key=lambda p: -OWN_DIGITS[p.level]):
            if OWN_DIGITS[place.level] > OWN_DIGITS[level]:
                above = (padded(a.code) for a in self.ancestors(place.code) if a.level is level)
                found.append((_block(place), next(above, None)))
        return tuple(found)

    def _ranges_of(self, place: Place) -> list[Range]:
        own = _block(place)
        lost = sorted(_block(p) for p in self._moved if _inside(_block(p), own))
        gained = [
            _block(p) for p in self._moved if place.code in {a.code for a in self.ancestors(p.code)}
        ]
        return [*_without(own, lost), *gained]

    @cached_property
    def _moved(self) -> tuple[Place, ...]:
        """Places governed outside the prefix of their code."""
        return tuple(p for p in self if p.statistical_parent is not None)

    @cached_property
    def _children(self) -> dict[PlaceCode, list[Place]]:
        found: dict[PlaceCode, list[Place]] = {}
        for place in sorted(self, key=lambda p: p.code):
            if place.parent is not None:
                found.setdefault(place.parent, []).append(place)
        return found


def read_places(file: Path, text: str | None = None) -> Places:
    """A places file (CSV, UTF-8, columns as HEADER), or `text`, said to be that file.

    DeclarationError names the line.
    """
    with io.StringIO(file.read_text("utf-8") if text is None else text) as stream:
        reader = csv.reader(stream)
        if next(reader, None) != HEADER:
            raise DeclarationError(file, 1, f"needs the columns {', '.join(HEADER)}.")
        places = Places(_place(file, reader.line_num, row) for row in reader)
    for place in places:
        if place.parent is not None and place.parent not in places:
            raise DeclarationError(file, 1, f"{place.code} has the unknown parent {place.parent}.")
    return places


def merged(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """Sorted and joined where they touch or overlap."""
    result: list[Range] = []
    for low, high in sorted(ranges):
        if result and low <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(high, result[-1][1]))
        else:
            result.append((low, high))
    return tuple(result)


def _place(file: Path, line: int, row: Sequence[str]) -> Place:
    if len(row) != len(HEADER) or row[2] not in list(PlaceLevel) or not row[0].isdigit():
        raise DeclarationError(file, line, f"is not a place: {','.join(row)!r}.")
    code, name, level, parent, statistical = row
    return Place(
        PlaceCode(code),
        name,
        PlaceLevel(level),
        PlaceCode(parent) if parent else None,
        PlaceCode(statistical) if statistical else None,
    )


def _block(place: Place) -> Range:
    """The range that the code's own digits span."""
    digits = OWN_DIGITS[place.level]
    low = int(place.code[:digits].ljust(PADDED, "0"))
    return low, low + 10 ** (PADDED - digits) - 1


def _inside(inner: Range, outer: Range) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1] and inner != outer


def _without(whole: Range, holes: Sequence[Range]) -> list[Range]:
    parts, low = [], whole[0]
    for hole_low, hole_high in holes:
        if low < hole_low:
            parts.append((low, hole_low - 1))
        low = max(low, hole_high + 1)
    if low <= whole[1]:
        parts.append((low, whole[1]))
    return parts
