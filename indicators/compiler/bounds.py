"""The first and last moments that data sets tell of, asked for only where something needs them."""

from sqlglot import exp

from catalog.ids import DatasetCode
from indicators.compiler.facts import pass_of
from indicators.compiler.ground import Ground
from indicators.compiler.leaf import Leaf
from indicators.compiler.nodes import column, named, table


class Bounds:
    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._tables: dict[tuple[DatasetCode, str], str] = {}

    def begin(self, leaf: Leaf) -> exp.Expr:
        return column("begin", self._of(leaf))

    def newest(self, leaf: Leaf) -> exp.Expr:
        return column("newest", self._of(leaf))

    def joined(self, tree: exp.Select) -> exp.Select:
        for name in self._tables.values():
            tree = tree.join(table(name), join_type="cross")
        return tree

    def _of(self, leaf: Leaf) -> str:
        rows = pass_of(leaf).rows
        known = self._tables.get((rows.data_set, rows.time))
        if known is not None:
            return known
        source = self._ground.source(rows)
        upto = exp.LTE(
            this=source.city_time(rows.time), expression=self._ground.at(self._ground.as_of)
        )
        ts = source.city_time(rows.time)
        tree = source.select().select(
            named(exp.Min(this=ts), "begin"), named(exp.Max(this=ts.copy()), "newest")
        )
        name = f"bounds{len(self._tables)}"
        self._tables[(rows.data_set, rows.time)] = self._ground.put(name, tree.where(upto))
        return name
