"""Coarser values: the place of a level that governs a row's place, the start of a row's time bucket.

Rules: buckets follow the clocks of their zone. Where these have stood still for as long as data tells of,
the same start is reckoned without a look at the zone's rules for every row, which is most of the work of
counting by months; any other instant is looked up.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlglot import exp

from catalog.contracts import Kind
from catalog.places import OWN_DIGITS, PADDED, PlaceLevel, Places


@dataclass(frozen=True, slots=True)
class Steady:
    """Clocks that show `ahead` microseconds more than UTC at every instant from `since` until `until`."""

    ahead: int
    since: datetime
    until: datetime


STEADY = {
    "Asia/Shanghai": Steady(
        8 * 3_600_000_000, datetime(1992, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
    ),
}
"""The test beside this asks the engine's own rules for every hour of these years."""
Written = Callable[[str], exp.Expr]


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


def bucket_start(
    node: exp.Expr,
    kind: Kind,
    unit: TimeUnit,
    zone: str,
    written: Written = exp.Literal.string,
) -> exp.Expr:
    """The instant (or, of a date, the day) at which the row's bucket begins in the zone; `written` puts
    the zone's name into the statement.
    """
    if kind is Kind.DATE:
        day = exp.DataType.build("DATE", dialect="duckdb")
        return exp.Cast(this=_truncated(unit, node), to=day)
    name = written(zone)
    there = _truncated(unit, _call("timezone", name, node))
    looked_up = _call("timezone", name.copy(), there)
    steady = STEADY.get(zone)
    if steady is None:
        return looked_up
    within = exp.Between(this=node.copy(), low=_instant(steady.since), high=_instant(steady.until))
    reckoned = exp.If(this=within, true=_reckoned(node.copy(), unit, steady.ahead))
    return exp.Case(ifs=[reckoned], default=looked_up)


def _reckoned(node: exp.Expr, unit: TimeUnit, ahead: int) -> exp.Expr:
    """The start by clocks that are so many microseconds ahead of UTC."""
    by = exp.Literal.number(ahead)
    shown = _call("make_timestamp", exp.Add(this=_call("epoch_us", node), expression=by))
    start = _call("epoch_us", _truncated(unit, shown))
    return _call("make_timestamptz", exp.Sub(this=start, expression=by.copy()))


def _truncated(unit: TimeUnit, node: exp.Expr) -> exp.Expr:
    return _call("date_trunc", exp.Literal.string(unit.value), node)


def _instant(at: datetime) -> exp.Expr:
    return exp.cast(exp.Literal.string(at.isoformat()), "TIMESTAMPTZ")


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


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
