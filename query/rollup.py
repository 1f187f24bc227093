"""Coarser values: the place of a level that governs a row's place, the start of a row's time bucket.

Rules: buckets follow the clocks of their zone. Where these have stood still for as long as data tells of,
the same start is reckoned without a look at the zone's rules for every row, which is most of the work of
counting by months; any other instant is looked up. Rows may be parted by a mark first, which is cheaper
still, and of which the start is worked out once for all rows that have it (`MonthMark`).
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
SPAN = 2**44
"""Microseconds: 203.6 days."""
MONTH_BITS = 15
Written = Callable[[str], exp.Expr]


class TimeUnit(StrEnum):
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


OF_MONTHS = frozenset({TimeUnit.MONTH, TimeUnit.QUARTER, TimeUnit.YEAR})


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
    reckoned = exp.If(this=_within(node, steady), true=_reckoned(node, unit, steady.ahead))
    return exp.Case(ifs=[reckoned], default=looked_up)


@dataclass(frozen=True, slots=True)
class MonthMark:
    """A whole number that two instants share only in one month of the zone's clocks.

    It is which span of half a year it is, and which month of a year: within a span each month comes once. A
    month has two marks at most, where a span ends within it. Null for what is no instant: null, infinity.
    """

    unit: TimeUnit
    zone: str
    name: exp.Expr
    """The zone's name in the statement."""

    def of(self, instant: exp.Expr) -> exp.Expr:
        """The mark of an instant; the zone's clocks must be steady, or it pays nothing."""
        steady = STEADY[self.zone]
        span = _span(_call("epoch_us", instant.copy()))
        reckoned = exp.If(this=_within(instant, steady), true=_clock(instant, steady.ahead))
        clock = exp.Case(ifs=[reckoned], default=self._clock(instant))
        return exp.BitwiseOr(this=span, expression=_call("month", clock))

    def start(self, mark: exp.Expr) -> exp.Expr:
        """The instant at which the bucket of the marked rows begins."""
        first = self._clock(_call("make_timestamptz", _span(mark)))
        month = exp.BitwiseAnd(this=mark.copy(), expression=exp.Literal.number(MONTH_BITS))
        ahead = exp.Sub(this=exp.paren(month), expression=_call("month", first))
        later = exp.paren(exp.Add(this=ahead, expression=exp.Literal.number(12)))
        months = _call("to_months", exp.Mod(this=later, expression=exp.Literal.number(12)))
        within = exp.Add(this=first.copy(), expression=months)
        return self._clock(_truncated(self.unit, within))

    def _clock(self, instant: exp.Expr) -> exp.Expr:
        """What the clock shows, or at which instant it shows that."""
        return _call("timezone", self.name.copy(), instant.copy())


def _span(node: exp.Expr) -> exp.Expr:
    """The microsecond at which its span begins: an instant's, or a mark's."""
    begins = exp.paren(exp.Neg(this=exp.Literal.number(SPAN)))
    return exp.paren(exp.BitwiseAnd(this=node.copy(), expression=begins))


def _reckoned(node: exp.Expr, unit: TimeUnit, ahead: int) -> exp.Expr:
    """The start by clocks that are so many microseconds ahead of UTC."""
    start = _call("epoch_us", _truncated(unit, _clock(node, ahead)))
    return _call("make_timestamptz", exp.Sub(this=start, expression=exp.Literal.number(ahead)))


def _clock(node: exp.Expr, ahead: int) -> exp.Expr:
    """What they show."""
    since = exp.Add(this=_call("epoch_us", node.copy()), expression=exp.Literal.number(ahead))
    return _call("make_timestamp", since)


def _within(node: exp.Expr, steady: Steady) -> exp.Expr:
    return exp.Between(this=node.copy(), low=_instant(steady.since), high=_instant(steady.until))


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
