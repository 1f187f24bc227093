"""What kind of value each is, and why: "Why is this empty?" always has an answer."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from sqlglot import exp

from catalog.indicators.calculation import SemiAdditive
from catalog.indicators.indicator import FillKind, Hierarchy
from catalog.indicators.period import Grain, Window, finer
from indicators.compiler.ground import Ground
from indicators.compiler.leaf import Leaf, Quotient, bands_of, leaves_of
from indicators.compiler.nodes import (
    PLACE,
    TS,
    ago,
    ago_seconds,
    column,
    interval,
    named,
    number,
    one_of,
    truncated,
    upto,
)
from indicators.compiler.place import NEVER
from indicators.compiler.told import Told, denominator


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
    PLACE_CHANGED = "place_changed"
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
    Reason.PLACE_CHANGED: Status.ESTIMATED,
    Reason.SHORT_WINDOW: Status.ESTIMATED,
}
"""In the order in which they are looked at: the first that holds is told."""


def status(name: str) -> str:
    return f"{name}__status"


def reason(name: str) -> str:
    return f"{name}__reason"


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
    assessed = ground.assessed(indicator)
    if assessed is not None:
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
    changed = _changed(ground, told, end)
    if changed:
        found.append((exp.or_(*changed), Reason.PLACE_CHANGED))
    short = [s for leaf in leaves_of(told.node) for s in _short(leaf, told, end)]
    if short:
        found.append((exp.or_(*short), Reason.SHORT_WINDOW))
    return found


def _changed(ground: Ground, told: Told, end: exp.Expr) -> list[exp.Expr]:
    """A place that began, ended or got other places while its value was in the making."""
    if told.indicator.places.hierarchy is Hierarchy.STATISTICAL:
        return []
    changes = [
        (since, places)
        for since, places in ground.places.changed(ground.level)
        if places and since < ground.end
    ]
    if not changes:
        return []
    reached = [r for leaf in leaves_of(told.node) for r in _reached(ground, leaf, end)]
    reached += [
        ago(column(TS), Window(band.seasons * band.every, ground.grain))
        for band in bands_of(told.node)
    ]
    if finer(Grain.DAY, ground.grain):
        reached.append(column(TS))  # a tree begins with a day
    found: list[exp.Expr] = []
    for since, places in changes if reached else []:
        at = ground.at(since)
        before = [exp.LT(this=r.copy(), expression=at.copy()) for r in dict.fromkeys(reached)]
        after = exp.GT(this=end.copy(), expression=at)
        found.append(exp.and_(one_of(column(PLACE), places), after, exp.or_(*before)))
    return found


def _reached(ground: Ground, leaf: Leaf, end: exp.Expr) -> list[exp.Expr]:
    """From when on a leaf's value is in the making, where that is before its period."""
    found = []
    at = ground.shifted(column(TS), leaf)
    if leaf.shifts:
        found.append(at)
    if leaf.frame is not None:
        match leaf.frame.reach:
            case Window() as window:
                last = exp.Add(this=at.copy(), expression=interval(Window(1, ground.grain)))
                found.append(ago(last, window))
            case Grain() as grain:
                found.append(truncated(at.copy(), grain))
            case None:
                found.append(ground.at(NEVER))
    if isinstance(leaf.measure, SemiAdditive) and leaf.measure.carry is not None:
        found.append(ago_seconds(end.copy(), leaf.measure.carry))
    if leaf.fill.kind is FillKind.CARRY:
        found.append(ago(column(TS), Window(leaf.fill.periods, ground.grain)))
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
