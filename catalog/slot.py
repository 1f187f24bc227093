"""A place in a predicate that a value is put into later.

Rules: a slot tells nothing of its value, so that whatever is worked out from a predicate with slots
holds for every value; code that would look at the value fails instead of taking the slot for one.
"""

from dataclasses import dataclass
from typing import Never


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Slot:
    """The value with this index among those that are given; slots with one index are equal."""

    index: int

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Slot):
            raise TypeError(f"{self!r} was compared with a value")
        return self.index == other.index

    def __hash__(self) -> int:
        return hash((Slot, self.index))

    def __repr__(self) -> str:
        return f"Slot({self.index})"

    def __str__(self) -> str:
        raise TypeError(f"{self!r} has no text")

    def __bool__(self) -> Never:
        raise TypeError(f"{self!r} is neither true nor false")
