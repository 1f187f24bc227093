"""Every key and every period once: facts and spine stacked, then grouped.

Stacking needs no join of facts with facts, so that what stands on one side only is never lost, and a key
without a value (no place, no kind) is one like any other. The spine is the places of the level, or the
keys that have rows, by all periods asked for.
"""

from collections.abc import Mapping, Sequence

from sqlglot import exp

from catalog.indicators.indicator import FillKind
from catalog.indicators.period import Window
from indicators.compiler.ground import Ground
from indicators.compiler.leaf import Leaf
from indicators.compiler.nodes import (
    PLACE,
    TS,
    column,
    interval,
    named,
    no_value,
    number,
    over,
    table,
)
from indicators.compiler.place import listed_rows

Series = Mapping[Leaf, tuple[str, str]]
"""Of each leaf without its shifts, the table and the column that has it."""
N = "n"


def dense(ground: Ground, leaves: Sequence[Leaf], names: Mapping[Leaf, str], series: Series) -> str:
    """The table of keys, ts and every leaf under its name."""
    parts = [*_stacked(ground, leaves, names, series), _spine(ground, leaves, names, series)]
    stack = parts[0]
    for part in parts[1:]:
        stack = exp.union(stack, part, distinct=False, copy=False)
    values = [named(exp.Max(this=column(name)), name) for name in names.values()]
    tree = (
        exp.select(*ground.key_columns(), column(TS), *values)
        .from_(stack.subquery(exp.to_identifier("stack", quoted=True)))
        .group_by(*(number(i + 1) for i in range(len(ground.keys) + 1)))
    )
    return _filled(ground, ground.put("dense", tree), names)


def _stacked(
    ground: Ground, leaves: Sequence[Leaf], names: Mapping[Leaf, str], series: Series
) -> list[exp.Query]:
    """One SELECT for each table that is read as it is, and one for each shifted leaf."""
    together: dict[str, dict[str, str]] = {}
    shifted: list[exp.Query] = []
    for leaf in leaves:
        where, held = series[leaf_without_shifts(leaf)]
        if leaf.shifts:
            back = ground.shifted(column(TS, "p"), leaf)
            on = exp.EQ(this=column(TS, "f"), expression=back)
            own = _values(names, {names[leaf]: held}, "f")
            shifted.append(
                exp.select(*ground.key_columns("f"), named(column(TS, "p"), TS), *own)
                .from_(table(where, "f"))
                .join(table(ground.periods(), "p"), on=on)
            )
        else:
            together.setdefault(where, {})[names[leaf]] = held
    early = exp.GTE(this=column(TS, "f"), expression=ground.at(ground.first))
    plain = [
        exp.select(*ground.key_columns("f"), column(TS, "f"), *_values(names, held, "f"))
        .from_(table(where, "f"))
        .where(early.copy())
        for where, held in together.items()
    ]
    return [*plain, *shifted]


def _values(names: Mapping[Leaf, str], held: Mapping[str, str], owner: str) -> list[exp.Expr]:
    return [
        named(column(held[name], owner) if name in held else no_value(), name)
        for name in names.values()
    ]


def _spine(
    ground: Ground, leaves: Sequence[Leaf], names: Mapping[Leaf, str], series: Series
) -> exp.Query:
    places = [] if ground.dimensions else ground.places.listed(ground.level, ground.within)
    held = dict.fromkeys(series[leaf_without_shifts(leaf)][0] for leaf in leaves)
    listed = ground.put("places", listed_rows(places)) if places else None
    keys: list[exp.Query] = []
    for where in held:
        own = exp.select(*ground.key_columns()).distinct().from_(table(where))
        if listed is not None:
            known = exp.select(column(PLACE)).from_(table(listed))
            unlisted = exp.Not(this=exp.In(this=column(PLACE), query=known.subquery()))
            own = own.where(exp.or_(exp.Is(this=column(PLACE), expression=exp.null()), unlisted))
        keys.append(own)
    found = keys[0]
    for other in keys[1:]:
        found = exp.union(found, other, distinct=True)
    spine = _by_periods(ground, names, found.subquery(exp.to_identifier("k", quoted=True)))
    if listed is None:
        return spine
    there = _by_periods(ground, names, table(listed, "k"))
    if any(column_.alias_or_name == "since" for column_ in ground.tables["places"].selects):
        end = exp.Add(this=column(TS, "p"), expression=interval(Window(1, ground.grain)))
        there = there.where(
            exp.GT(this=end, expression=column("since", "k")),
            exp.LT(this=column(TS, "p"), expression=column("until", "k")),
        )
    return exp.union(there, spine, distinct=False)


def _by_periods(ground: Ground, names: Mapping[Leaf, str], keys: exp.Expr) -> exp.Select:
    outputs = [*ground.key_columns("k"), named(column(TS, "p"), TS), *_values(names, {}, "k")]
    return exp.select(*outputs).from_(keys).join(table(ground.periods(), "p"), join_type="cross")


def _filled(ground: Ground, whole: str, names: Mapping[Leaf, str]) -> str:
    """Values carried on over periods without rows, as far as the fill policies allow."""
    carried = {n: leaf for leaf, n in names.items() if leaf.fill.kind is FillKind.CARRY}
    if not carried:
        return whole
    keys = [column(key) for key in ground.keys]
    runs = [
        named(
            over(exp.Count(this=column(n)), keys, [column(TS)], ("UNBOUNDED", "CURRENT ROW")),
            f"{n}_run",
        )
        for n in carried
    ]
    columns = [*ground.key_columns(), column(TS), *(column(n) for n in names.values())]
    ran = ground.put("runs", exp.select(*columns, *runs).from_(table(whole)))
    outputs = [
        named(_carried(n, carried[n], keys), n) if n in carried else column(n)
        for n in names.values()
    ]
    marks = [named(exp.Is(this=column(n), expression=exp.null()), f"{n}_carried") for n in carried]
    tree = exp.select(*ground.key_columns(), column(TS), *outputs, *marks).from_(table(ran))
    return ground.put("filled", tree)


def _carried(name: str, leaf: Leaf, keys: Sequence[exp.Expr]) -> exp.Expr:
    run = [*(key.copy() for key in keys), column(f"{name}_run")]
    value = over(exp.FirstValue(this=column(name)), run, [column(TS)])
    age = over(exp.RowNumber(), [part.copy() for part in run], [column(TS)])
    young = exp.LTE(this=age, expression=number(leaf.fill.periods + 1))
    return exp.Case(ifs=[exp.If(this=young, true=value)])


def leaf_without_shifts(leaf: Leaf) -> Leaf:
    return Leaf(leaf.measure, leaf.fill, leaf.hierarchy, leaf.areas, leaf.frame)
