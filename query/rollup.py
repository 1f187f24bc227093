"""Coarser values: the place of a level that governs a row's place, the start of a row's time bucket."""

from enum import StrEnum

from sqlglot import exp

from catalog.contracts import Kind
from catalog.places import OWN_DIGITS, PADDED, PlaceLevel, Places


class TimeUnit(StrEnum):
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


def governing_place(node: exp.Expr, level: PlaceLevel, places: Places) -> exp.Expr:
    """Null where the row's place is coarser than the level."""
    coarser = exp.If(this=_ends_in_zeros(node, _coarser_digits(level)), true=exp.null())
    return _rolled_up(node, level, places, [] if level is PlaceLevel.CITY else [coarser])


def place_or_coarser(node: exp.Expr, level: PlaceLevel, places: Places) -> exp.Expr:
    """The row's own place where it is coarser than the level."""
    return _rolled_up(node, level, places, [])


def bucket_start(node: exp.Expr, kind: Kind, unit: TimeUnit, zone: exp.Expr) -> exp.Expr:
    """The instant (or, of a date, the day) at which the row's bucket begins in the zone."""
    if kind is Kind.DATE:
        day = exp.DataType.build("DATE", dialect="duckdb")
        return exp.Cast(this=_truncated(unit, node), to=day)
    there = exp.Anonymous(this="timezone", expressions=[zone, node])
    return exp.Anonymous(this="timezone", expressions=[zone.copy(), _truncated(unit, there)])


def _truncated(unit: TimeUnit, node: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="date_trunc", expressions=[exp.Literal.string(unit.value), node])


def _rolled_up(node: exp.Expr, level: PlaceLevel, places: Places, before: list[exp.If]) -> exp.Expr:
    moved = [
        exp.If(
            this=exp.Between(
                this=node.copy(), low=exp.Literal.number(low), high=exp.Literal.number(high)
            ),
            true=exp.null() if governor is None else exp.Literal.number(governor),
        )
        for (low, high), governor in places.moved_to(level)
    ]
    rest = exp.Mod(
        this=node.copy(), expression=exp.Literal.number(10 ** (PADDED - OWN_DIGITS[level]))
    )
    own = exp.Sub(this=node.copy(), expression=rest)
    ifs = [*before, *moved]
    return exp.Case(ifs=ifs, default=own) if ifs else own


def _coarser_digits(level: PlaceLevel) -> int:
    """How many leading digits a place of the next coarser level has of its own."""
    levels = list(OWN_DIGITS)
    return OWN_DIGITS[levels[levels.index(level) - 1]]


def _ends_in_zeros(node: exp.Expr, digits: int) -> exp.Expr:
    rest = exp.Mod(this=node.copy(), expression=exp.Literal.number(10 ** (PADDED - digits)))
    return exp.EQ(this=rest, expression=exp.Literal.number(0))
