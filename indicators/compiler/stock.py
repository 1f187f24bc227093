"""Stocks and reported values: one reading of each entity and period, never a sum over time.

A last reading stands until the entity reads again, and no longer than its carry limit; of two at one
moment the one with the greater key counts, so that the answer is always the same.
"""

from datetime import datetime, timedelta

from sqlglot import exp

from catalog.indicators.calculation import Pick, Reported, SemiAdditive
from catalog.indicators.expression import Name
from indicators.compiler.facts import pass_of
from indicators.compiler.ground import Ground
from indicators.compiler.leaf import Leaf
from indicators.compiler.measure import AGGREGATES
from indicators.compiler.nodes import (
    PLACE,
    TS,
    ago_seconds,
    column,
    descending,
    double,
    named,
    number,
    one_of,
    over,
    table,
    upto,
)
from indicators.compiler.source import Source

WORTH, SEEN, RANK, NEXT, INSIDE = "worth", "seen", "rank", "next", "inside"
AGGREGATED = {Pick.MIN: exp.Min, Pick.MAX: exp.Max, Pick.AVERAGE: exp.Avg}


def stock(ground: Ground, name: str, leaf: Leaf, first: datetime) -> exp.Select:
    """Keys, ts and the leaf's column."""
    measure = leaf.measure
    assert isinstance(measure, SemiAdditive)  # noqa: S101 - no other measure is one
    entity = [f"e{i}" for i, _ in enumerate(measure.entity)]
    carry = measure.carry if measure.pick is Pick.LAST else None
    lower = first - (carry or timedelta(0))
    if measure.pick in AGGREGATED:
        read = ground.put(f"{name}_readings", _readings(ground, leaf, lower, ranked=False))
        each = ground.put(f"{name}_each", _aggregated(ground, read, measure.pick, entity))
    else:
        read = ground.put(f"{name}_readings", _readings(ground, leaf, lower, ranked=True))
        each = ground.put(f"{name}_each", _first(ground, read, entity))
    if carry is not None:
        each = ground.put(f"{name}_carried", _carried(ground, each, entity, carry))
    value = double(AGGREGATES[measure.across](this=column(WORTH)))
    tree = (
        exp.select(*ground.key_columns(), column(TS), named(value, name))
        .from_(table(each))
        .group_by(*(number(i + 1) for i in range(len(ground.keys) + 1)))
    )
    return tree.where(*map(column, _marks(ground, each)))


def reported(ground: Ground, name: str, leaf: Leaf, first: datetime) -> exp.Select:
    """The last value of the period for exactly that place of the level."""
    measure = leaf.measure
    assert isinstance(measure, Reported)  # noqa: S101 - no other measure is one
    source = ground.source(pass_of(leaf).rows)
    place = source.place()
    code = number(ground.places.root_code()) if place is None else place
    exact = [code, *(source.column(d)[0] for d in ground.dimensions)]
    worth = double(source.column(measure.value)[0])
    outputs = [
        *(named(node.copy(), key) for node, key in zip(exact, ground.keys, strict=True)),
        *_times(ground, source, worth, exact, ranked=True),
    ]
    tree = _selected(ground, source, leaf, outputs, first)
    read = ground.put(f"{name}_readings", tree)
    listed = [code for code, _, _ in ground.places.listed(ground.level, ())]
    of_level = one_of(column(PLACE), listed)
    last = exp.EQ(this=column(RANK), expression=number(1))
    return (
        exp.select(*ground.key_columns(), column(TS), named(column(WORTH), name))
        .from_(table(read))
        .where(last, of_level)
    )


def _readings(ground: Ground, leaf: Leaf, lower: datetime, *, ranked: bool) -> exp.Select:
    measure = leaf.measure
    assert isinstance(measure, SemiAdditive)  # noqa: S101 - `stock` asked
    source = ground.source(pass_of(leaf).rows)
    worth = source.value(measure.value)
    entity = [source.column(written)[0] for written in measure.entity]
    outputs = [
        *ground.keyed(source, leaf),
        *(named(node, f"e{i}") for i, node in enumerate(entity)),
        *_times(ground, source, worth, entity, ranked=ranked, last=measure.pick is Pick.LAST),
    ]
    inside = ground.inside(source, leaf)
    if ranked and inside is not None:
        outputs.append(named(inside, INSIDE))
    return _selected(ground, source, leaf, outputs, lower, everywhere=ranked)


def _selected(
    ground: Ground,
    source: Source,
    leaf: Leaf,
    outputs: list[exp.Expr],
    lower: datetime,
    *,
    everywhere: bool = False,
) -> exp.Select:
    measure = leaf.measure
    assert isinstance(measure, SemiAdditive | Reported)  # noqa: S101 - both callers asked
    value = Name(measure.value) if isinstance(measure, Reported) else measure.value
    known = exp.Not(this=exp.Is(this=source.value(value), expression=exp.null()))
    placed = ground.in_time(source, lower) if everywhere else ground.where(source, leaf, lower)
    where = [placed, known]
    if measure.rows.where is not None:
        where.append(source.condition(measure.rows.where, ground.places.latest))
    return source.select().select(*outputs).where(*where)


def _times(
    ground: Ground,
    source: Source,
    worth: exp.Expr,
    entity: list[exp.Expr],
    *,
    ranked: bool,
    last: bool = True,
) -> list[exp.Expr]:
    """Period, moment, value, and the rank within the period: 1 is the one that counts."""
    ts = ground.period_of(source, ground.grain)
    seen = source.city_time(source.rows.time)
    outputs = [named(ts, TS), named(seen, SEEN), named(worth, WORTH)]
    if not ranked:
        return outputs
    order = [seen.copy(), *(source.column(key)[0] for key in source.key())]
    by = [descending(node) if last else exp.Ordered(this=node) for node in order]
    rank = over(exp.RowNumber(), [*(e.copy() for e in entity), ts.copy()], by)
    return [*outputs, named(rank, RANK)]


def _first(ground: Ground, read: str, entity: list[str]) -> exp.Select:
    columns = [*ground.keys, *entity, TS, SEEN, WORTH, *_marks(ground, read)]
    last = exp.EQ(this=column(RANK), expression=number(1))
    return exp.select(*(column(c) for c in columns)).from_(table(read)).where(last)


def _marks(ground: Ground, name: str) -> list[str]:
    """An entity that has left counts there no more: its last reading is sought wherever it was made, and
    only then is asked whether that is a place of the question.
    """
    return [INSIDE] if INSIDE in ground.tables[name].named_selects else []


def _aggregated(ground: Ground, read: str, pick: Pick, entity: list[str]) -> exp.Select:
    keys = [*ground.keys, *entity, TS]
    value = AGGREGATED[pick](this=column(WORTH))
    return (
        exp.select(*(column(c) for c in keys), named(value, WORTH))
        .from_(table(read))
        .group_by(*(number(i + 1) for i in range(len(keys))))
    )


def _carried(ground: Ground, each: str, entity: list[str], carry: timedelta) -> exp.Select:
    """A reading stands for its own period and the next ones, until another or until it is too old."""
    following = over(exp.Lead(this=column(TS)), [column(e) for e in entity], [column(TS)])
    marks = _marks(ground, each)
    columns = [*ground.keys, TS, SEEN, WORTH, *marks]
    runs = exp.select(*(column(c) for c in columns), named(following, NEXT)).from_(table(each))
    old = ago_seconds(upto(column(TS, "p"), ground.grain, ground.at(ground.as_of)), carry)
    ended = exp.Coalesce(this=column(NEXT, "o"), expressions=[ground.at(ground.end)])
    own = exp.EQ(this=column(TS, "p"), expression=column(TS, "o"))
    fresh = exp.GTE(this=column(SEEN, "o"), expression=old)
    on = exp.and_(
        exp.GTE(this=column(TS, "p"), expression=column(TS, "o")),
        exp.LT(this=column(TS, "p"), expression=ended),
        exp.paren(exp.or_(own, fresh)),
    )
    outputs = [*ground.key_columns("o"), named(column(TS, "p"), TS)]
    outputs += [column(name, "o") for name in (WORTH, *marks)]
    return (
        exp.select(*outputs)
        .from_(runs.subquery(exp.to_identifier("o", quoted=True)))
        .join(table(ground.measured_periods(), "p"), on=on)
    )
