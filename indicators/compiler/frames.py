"""Windows: trailing, to date, since ever, each told at the last step of a period that has begun.

What adds up is aggregated by steps first and framed over a dense spine, so that a day without rows is a
day of the window. Where a window holds no fixed number of steps, or only rows can tell (different
values, percentiles), steps are joined to the calendar instead.
"""

from datetime import datetime

from sqlglot import exp

from catalog.indicators.calculation import Distinct
from catalog.indicators.period import Grain, Window, steps_in
from indicators.compiler.calendar import back, start_of
from indicators.compiler.facts import facts, pass_of
from indicators.compiler.ground import Ground
from indicators.compiler.leaf import Frame, Leaf
from indicators.compiler.measure import aggregate, from_parts, measured_value
from indicators.compiler.nodes import TS, ago, column, double, named, number, over, table, truncated

WORTH = "worth"


def framed(ground: Ground, name: str, leaf: Leaf, first: datetime) -> exp.Select:
    """Keys, ts and the leaf's column, right from the period `first` on."""
    frame = frame_of(leaf)
    if from_parts(leaf.measure) is None:
        return _by_rows(ground, name, leaf, _lower(first, frame))
    if isinstance(frame.reach, Window) and steps_in(frame.reach, frame.step) is None:
        return _by_calendar(ground, name, leaf, _lower(first, frame))
    return _by_spine(ground, name, leaf, _lower(first, frame))


def frame_of(leaf: Leaf) -> Frame:
    assert leaf.frame is not None  # noqa: S101 - only framed leaves come here
    return leaf.frame


def _lower(first: datetime, frame: Frame) -> datetime | None:
    """From when on rows are looked at; None: from ever."""
    match frame.reach:
        case Window() as window:
            return start_of(back(first, window), frame.step)
        case Grain() as grain:
            return start_of(first, grain)
        case None:
            return None


def _by_spine(ground: Ground, name: str, leaf: Leaf, lower: datetime | None) -> exp.Select:
    frame = frame_of(leaf)
    first = start_of(ground.lowest, frame.step) if lower is None else lower
    clamp = first if lower is None else None
    stepped = ground.put(f"{name}_steps", facts(ground, [(name, leaf)], frame.step, lower, clamp))
    dense = ground.put(f"{name}_dense", _dense(ground, name, stepped, frame, first))
    keys: list[exp.Expr] = [column(key) for key in ground.keys]
    bound: exp.Expr | str = "UNBOUNDED"
    if isinstance(frame.reach, Window):
        held = steps_in(frame.reach, frame.step)
        assert held is not None  # noqa: S101 - else it goes by the calendar
        bound = number(held - 1)
    if isinstance(frame.reach, Grain):
        keys.append(truncated(column(TS), frame.reach))
    together = from_parts(leaf.measure)
    assert together is not None  # noqa: S101 - else it goes by rows
    value = over(together(this=column(name)), keys, [column(TS)], (bound, "CURRENT ROW"))
    tree = exp.select(*ground.key_columns(), column(TS), named(value, name)).from_(table(dense))
    whole = ground.put(f"{name}_framed", tree)
    return _told(ground, name, whole, frame.step)


def _dense(ground: Ground, name: str, stepped: str, frame: Frame, first: datetime) -> exp.Select:
    """Every step of every key that has rows."""
    steps = ground.steps(frame.step, first)
    keys = exp.select(*ground.key_columns()).distinct().from_(table(stepped))
    spine = (
        exp.select(
            *ground.key_columns("k"), named(column(TS, "s"), TS), named(double(exp.null()), name)
        )
        .from_(keys.subquery(exp.to_identifier("k", quoted=True)))
        .join(table(steps, "s"), join_type="cross")
    )
    rows = exp.select(*ground.key_columns(), column(TS), column(name)).from_(table(stepped))
    both = exp.union(rows, spine, distinct=False)
    value = named(exp.Max(this=column(name)), name)
    return (
        exp.select(*ground.key_columns(), column(TS), value)
        .from_(both.subquery(exp.to_identifier("both", quoted=True)))
        .group_by(*(number(i + 1) for i in range(len(ground.keys) + 1)))
    )


def _told(ground: Ground, name: str, whole: str, step: Grain) -> exp.Select:
    """The last step of each period that has begun."""
    if step is ground.grain:
        return exp.select(*ground.key_columns(), column(TS), column(name)).from_(table(whole))
    points = ground.points(step)
    outputs = [*ground.key_columns("w"), named(column(TS, "p"), TS), column(name, "w")]
    on = exp.EQ(this=column(TS, "w"), expression=column("at", "p"))
    return exp.select(*outputs).from_(table(whole, "w")).join(table(points, "p"), on=on)


def _by_calendar(ground: Ground, name: str, leaf: Leaf, lower: datetime | None) -> exp.Select:
    frame = frame_of(leaf)
    stepped = ground.put(f"{name}_steps", facts(ground, [(name, leaf)], frame.step, lower))
    together = from_parts(leaf.measure)
    assert together is not None  # noqa: S101 - else it goes by rows
    return _joined(ground, name, stepped, frame, together(this=column(name, "f")))


def _by_rows(ground: Ground, name: str, leaf: Leaf, lower: datetime | None) -> exp.Select:
    frame = frame_of(leaf)
    source = ground.source(pass_of(leaf).rows)
    value = measured_value(leaf.measure, source)
    assert value is not None  # noqa: S101 - a count of rows adds up
    ts = ground.period_of(source, frame.step)
    where = [ground.where(source, leaf, lower)]
    if leaf.measure.rows.where is not None:
        where.append(source.condition(leaf.measure.rows.where, ground.places.latest))
    outputs = [*ground.keyed(source, leaf), named(ts, TS), named(value, WORTH)]
    tree = source.select().select(*outputs).where(*where)
    if isinstance(leaf.measure, Distinct):
        tree = tree.distinct()
    rows = ground.put(f"{name}_rows", tree)
    return _joined(ground, name, rows, frame, aggregate(leaf.measure, column(WORTH, "f")))


def _joined(ground: Ground, name: str, rows: str, frame: Frame, value: exp.Expr) -> exp.Select:
    """Each period with the steps that its window holds."""
    points = ground.points(frame.step)
    terms: list[exp.Expr] = [exp.LTE(this=column(TS, "f"), expression=column("at", "p"))]
    match frame.reach:
        case Window() as window:
            since = ago(column("at", "p"), window)
            terms.append(exp.GT(this=column(TS, "f"), expression=since))
        case Grain() as grain:
            since = truncated(column("at", "p"), grain)
            terms.append(exp.GTE(this=column(TS, "f"), expression=since))
        case None:
            pass
    return (
        exp.select(*ground.key_columns("f"), named(column(TS, "p"), TS), named(value, name))
        .from_(table(rows, "f"))
        .join(table(points, "p"), on=exp.and_(*terms))
        .group_by(*(number(i + 1) for i in range(len(ground.keys) + 1)))
    )
