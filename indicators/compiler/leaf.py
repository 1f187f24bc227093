"""What an indicator comes down to: arithmetic over leaves, each a measure with its window and offsets.

Windows and offsets move down to the measures, so that a ratio over a window is sum by sum; a mean is a
sum by a count for the same reason.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from catalog.ids import PlaceCode
from catalog.indicators.calculation import Bound, Measure
from catalog.indicators.expression import Function, Operator
from catalog.indicators.indicator import Fill, Hierarchy
from catalog.indicators.period import Grain, Window

Shift = Window | Grain


@dataclass(frozen=True, slots=True)
class Frame:
    """A window over periods of `step`: trailing (a window), since the start of a grain, or since ever."""

    reach: Window | Grain | None
    step: Grain


@dataclass(frozen=True, slots=True)
class Leaf:
    """`areas`: each of these sets of places holds the row. Shifts go back in time, one after the other."""

    measure: Measure
    fill: Fill
    hierarchy: Hierarchy
    areas: frozenset[tuple[PlaceCode, ...]] = frozenset()
    frame: Frame | None = None
    shifts: tuple[Shift, ...] = ()


@dataclass(frozen=True, slots=True)
class Constant:
    value: Decimal


@dataclass(frozen=True, slots=True)
class Operation:
    operator: Operator
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Applied:
    function: Function
    arguments: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Quotient:
    """Its two sides are told beside its value."""

    numerator: "Node"
    denominator: "Node"
    factor: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Expected:
    of: "Node"
    bound: Bound
    seasons: int
    every: int
    width: Decimal


Node = Leaf | Constant | Operation | Applied | Quotient | Expected


def leaves_of(node: Node) -> Iterator[Leaf]:
    """With repetitions."""
    match node:
        case Leaf():
            yield node
        case Operation(left=left, right=right):
            yield from leaves_of(left)
            yield from leaves_of(right)
        case Applied(arguments=arguments):
            for argument in arguments:
                yield from leaves_of(argument)
        case Quotient(numerator=numerator, denominator=denominator):
            yield from leaves_of(numerator)
            yield from leaves_of(denominator)
        case Expected(of=of):
            yield from leaves_of(of)
        case Constant():
            pass


def bands_of(node: Node) -> Iterator[Expected]:
    match node:
        case Expected():
            yield node
        case Operation(left=left, right=right):
            yield from bands_of(left)
            yield from bands_of(right)
        case Applied(arguments=arguments):
            for argument in arguments:
                yield from bands_of(argument)
        case Quotient(numerator=numerator, denominator=denominator):
            yield from bands_of(numerator)
            yield from bands_of(denominator)
        case Leaf() | Constant():
            pass
