"""Facts: measures put together at the grain of the question, before anything is joined to anything.

Measures of the same rows are read in one pass, each with its own filter.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlglot import exp

from catalog.ids import PlaceCode
from catalog.indicators.calculation import Rows
from catalog.indicators.indicator import Hierarchy
from catalog.indicators.period import Grain
from indicators.compiler.ground import Ground
from indicators.compiler.leaf import Leaf
from indicators.compiler.measure import aggregate, measured_value
from indicators.compiler.nodes import TS, named, number

NamedLeaf = tuple[str, Leaf]


@dataclass(frozen=True, slots=True)
class Pass:
    """What measures have in common that are read together."""

    rows: Rows
    hierarchy: Hierarchy
    areas: frozenset[tuple[PlaceCode, ...]]


def pass_of(leaf: Leaf) -> Pass:
    return Pass(replace(leaf.measure.rows, where=None), leaf.hierarchy, leaf.areas)


def facts(
    ground: Ground,
    leaves: Sequence[NamedLeaf],
    grain: Grain,
    lower: datetime | None,
    clamp: datetime | None = None,
) -> exp.Select:
    """Keys, ts and a column for each leaf. `clamp`: rows from before count in the period that begins then."""
    some = leaves[0][1]
    source = ground.source(pass_of(some).rows)
    ts = ground.period_of(source, grain)
    if clamp is not None:
        ts = exp.Greatest(this=ts, expressions=[ground.at(clamp)], ignore_nulls=True)
    outputs = [*ground.keyed(source, some), named(ts, TS)]
    where = [ground.where(source, some, lower)]
    filters = {leaf.measure.rows.where for _, leaf in leaves}
    common = next(iter(filters)) if len(filters) == 1 else None
    if common is not None:
        where.append(source.condition(common, ground.places.latest))
    for name, leaf in leaves:
        own = leaf.measure.rows.where
        only = (
            None
            if own is None or common is not None
            else source.condition(own, ground.places.latest)
        )
        outputs.append(
            named(aggregate(leaf.measure, measured_value(leaf.measure, source), only), name)
        )
    tree = source.select().select(*outputs).where(*where)
    return tree.group_by(*(number(i + 1) for i in range(len(ground.keys) + 1)))
