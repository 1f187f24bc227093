"""What is told of each indicator: value, its two sides where it has them, status and reason.

A value is worked out last, from values that are already put together. "Why is this empty?" always has
an answer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlglot import exp

from catalog.indicators.calculation import Bound
from catalog.indicators.indicator import FillKind, Indicator
from catalog.indicators.period import Grain, Window
from indicators.compiler.ground import Ground
from indicators.compiler.leaf import (
    Applied,
    Constant,
    Expected,
    Leaf,
    Node,
    Operation,
    Quotient,
    leaves_of,
)
from indicators.compiler.nodes import (
    PLACE,
    TS,
    ago,
    ago_seconds,
    column,
    double,
    interval,
    named,
    number,
    one_of,
    over,
    truncated,
    upto,
)
from indicators.compiler.source import FUNCTIONS, combined, quotient

PHASE = "n"


class Status(StrEnum):
    NORMAL = "normal"
    PROVISIONAL = "provisional"
    ESTIMATED = "estimated"
    LATE = "late"
    MISSING = "missing"
    NOT_APPLICABLE = "not_applicable"


class Reason(StrEnum):
    OUT_OF_SCOPE = "out_of_scope"
    BEFORE_DATA = "before_data"
    ZERO_DENOMINATOR = "zero_denominator"
    NO_DATA = "no_data"
    STALE_DATA = "stale_data"
    OPEN_PERIOD = "open_period"
    WITHIN_LAG = "within_lag"
    CARRIED = "carried"
    SHORT_WINDOW = "short_window"


STATUS_OF: Mapping[Reason, Status] = {
    Reason.OUT_OF_SCOPE: Status.NOT_APPLICABLE,
    Reason.BEFORE_DATA: Status.MISSING,
    Reason.ZERO_DENOMINATOR: Status.MISSING,
    Reason.NO_DATA: Status.MISSING,
    Reason.STALE_DATA: Status.LATE,
    Reason.OPEN_PERIOD: Status.PROVISIONAL,
    Reason.WITHIN_LAG: Status.PROVISIONAL,
    Reason.CARRIED: Status.ESTIMATED,
    Reason.SHORT_WINDOW: Status.ESTIMATED,
}
"""In the order in which they are looked at: the first that holds is told."""


def numerator(name: str) -> str:
    return f"{name}__numerator"


def denominator(name: str) -> str:
    return f"{name}__denominator"


def status(name: str) -> str:
    return f"{name}__status"


def reason(name: str) -> str:
    return f"{name}__reason"


@dataclass(frozen=True, slots=True)
class Told:
    """One indicator of the statement. `begin` and `newest` give the first and last moment that its data
    tells of, as columns; None where nothing asks for them.
    """

    indicator: Indicator
    node: Node
    begin: tuple[exp.Expr, ...]
    newest: tuple[exp.Expr, ...]


class Values:
    def __init__(
        self,
        ground: Ground,
        names: Mapping[Leaf, str],
        begin: Callable[[Leaf], exp.Expr | None],
    ) -> None:
        self._ground = ground
        self._names = names
        self._begin = begin

    def outputs(self, told: Told) -> list[exp.Expr]:
        """Value, numerator and denominator."""
        name, node = told.indicator.code, told.node
        sides = (
            (self.value(node.numerator), self.value(node.denominator))
            if isinstance(node, Quotient)
            else (double(exp.null()), double(exp.null()))
        )
        return [
            named(self.value(node), name),
            named(sides[0], numerator(name)),
            named(sides[1], denominator(name)),
        ]

    def value(self, node: Node) -> exp.Expr:
        match node:
            case Leaf():
                return self._leaf(node)
            case Constant(value):
                return double(number(value))
            case Operation(operator, left, right):
                return combined(operator, self.value(left), self.value(right))
            case Applied(function, arguments):
                return FUNCTIONS[function]([self.value(each) for each in arguments])
            case Quotient(above, below, factor):
                part = quotient(self.value(above), self.value(below))
                return part if factor == 1 else exp.Mul(this=part, expression=number(factor))
            case Expected():
                return self._expected(node)

    def _leaf(self, leaf: Leaf) -> exp.Expr:
        node = column(self._names[leaf])
        if leaf.fill.kind is not FillKind.ZERO:
            return node
        begin = self._begin(leaf)
        assert begin is not None  # noqa: S101 - asked for wherever zeros are filled in
        since = exp.GTE(this=self._ground.shifted(column(TS), leaf), expression=begin)
        zero = exp.and_(exp.Is(this=node, expression=exp.null()), since)
        return exp.Case(ifs=[exp.If(this=zero, true=double(number(0)))], default=node.copy())

    def _expected(self, band: Expected) -> exp.Expr:
        of = self.value(band.of)
        phase = exp.Mod(this=column(PHASE), expression=number(band.every))
        keys = [*(column(key) for key in self._ground.keys), phase]

        def earlier(function: exp.Expr) -> exp.Expr:
            rows = (number(band.seasons), number(1))
            return over(function, [k.copy() for k in keys], [column(TS)], rows)

        mean = earlier(exp.Avg(this=of))
        if band.bound is Bound.EXPECTED:
            return mean
        spread = exp.Mul(
            this=number(band.width), expression=earlier(exp.StddevSamp(this=of.copy()))
        )
        made = exp.Sub if band.bound is Bound.LOWER else exp.Add
        return exp.paren(made(this=mean, expression=spread))


def statuses(ground: Ground, told: Told, names: Mapping[Leaf, str]) -> list[exp.Expr]:
    """Status and reason, over the values told."""
    held = list(_reasons(ground, told, names))
    ifs = [(condition, STATUS_OF[why], why) for condition, why in held]
    code = told.indicator.code
    of = exp.Case(
        ifs=[exp.If(this=c.copy(), true=_text(s)) for c, s, _ in ifs],
        default=_text(Status.NORMAL),
    )
    why = exp.Case(ifs=[exp.If(this=c, true=_text(r)) for c, _, r in ifs])
    return [named(of, status(code)), named(why, reason(code))]


def _reasons(
    ground: Ground, told: Told, names: Mapping[Leaf, str]
) -> list[tuple[exp.Expr, Reason]]:
    found: list[tuple[exp.Expr, Reason]] = []
    code, indicator = told.indicator.code, told.indicator
    end = exp.Add(this=column(TS), expression=interval(Window(1, ground.grain)))
    as_of = ground.at(ground.as_of)
    areas = indicator.places.areas
    if areas:
        assessed = one_of(column(PLACE), sorted(ground.places.assessed(ground.level, areas)))
        found.append((exp.Not(this=assessed), Reason.OUT_OF_SCOPE))
    empty = exp.Is(this=column(code), expression=exp.null())
    if told.begin:
        before = exp.or_(*(exp.LTE(this=end.copy(), expression=b.copy()) for b in told.begin))
        found.append((exp.and_(empty.copy(), before), Reason.BEFORE_DATA))
    if isinstance(told.node, Quotient):
        zero = exp.EQ(this=column(denominator(code)), expression=number(0))
        found.append((exp.and_(empty.copy(), zero), Reason.ZERO_DENOMINATOR))
    found.append((empty, Reason.NO_DATA))
    if indicator.freshness is not None:
        due = ago_seconds(upto(column(TS), ground.grain, as_of.copy()), indicator.freshness)
        stale = exp.or_(*(exp.LT(this=n.copy(), expression=due.copy()) for n in told.newest))
        found.append((stale, Reason.STALE_DATA))
    found.append((exp.GT(this=end, expression=as_of), Reason.OPEN_PERIOD))
    if indicator.lag:
        settled = ago_seconds(as_of.copy(), indicator.lag)
        found.append((exp.GT(this=end.copy(), expression=settled), Reason.WITHIN_LAG))
    carried = [
        column(f"{names[leaf]}_carried")
        for leaf in leaves_of(told.node)
        if leaf.fill.kind is FillKind.CARRY
    ]
    if carried:
        found.append((exp.or_(*carried), Reason.CARRIED))
    short = [s for leaf in leaves_of(told.node) for s in _short(leaf, told, end)]
    if short:
        found.append((exp.or_(*short), Reason.SHORT_WINDOW))
    return found


def _short(leaf: Leaf, told: Told, end: exp.Expr) -> Sequence[exp.Expr]:
    """A window that begins before the data does."""
    if leaf.frame is None or leaf.shifts:
        return []
    match leaf.frame.reach:
        case Window() as window:
            since = ago(end.copy(), window)
        case Grain() as grain:
            since = truncated(column(TS), grain)
        case None:
            return []
    begins = (truncated(begin.copy(), leaf.frame.step) for begin in told.begin)
    return [exp.GT(this=begin, expression=since.copy()) for begin in begins]


def _text(value: StrEnum) -> exp.Expr:
    return exp.Literal.string(value.value)
