"""Groups by months in two steps: rows are grouped by marks of their months (`query/rollup.py`), and what
comes to one month is put together.

Rules: only what is the same to the last digit either way: counts, sums of exact numbers, least and greatest
values; never cells, which are whole already. The other keys have few values, whatever rows there are, or
else the second step is as much work as the first one saves.
"""

from collections.abc import Mapping, Sequence

from sqlglot import exp

from catalog.contracts import ColumnType, Contract, Kind
from catalog.ids import DatasetCode
from query.aggregate import Function, Grouping, Groups, Key, Measure, measures_of
from query.measure import EXACT, EXTREMES, is_wide
from query.relation import Scope
from query.rollup import OF_MONTHS, STEADY
from query.visible import bounded_columns

FEW = frozenset({Kind.PLACE, Kind.BOOLEAN})
TOGETHER: Mapping[Function, type[exp.Func]] = {
    Function.COUNT: exp.Sum,
    Function.SUM: exp.Sum,
    Function.MIN: exp.Min,
    Function.MAX: exp.Max,
}
BIGINT = exp.DataType.build("BIGINT", dialect="duckdb")


def pays(scope: Scope, data_set: DatasetCode, asked: Groups) -> bool:
    """Whether these groups are made in two steps; not where anything of them will be refused."""
    kinds = [_kind(scope, data_set, grouping.key) for grouping in asked.group_by]
    found = list(zip(asked.group_by, kinds, strict=True))
    return (
        any(kind is not None and marked(grouping, kind[1]) for grouping, kind in found)
        and all(kind is not None and _few(grouping, *kind) for grouping, kind in found)
        and scope.least_group(data_set) == 1
        and all(_divisible(scope, data_set, measure) for measure in measures_of(asked))
    )


def marked(grouping: Grouping, kind: ColumnType) -> bool:
    """Whether the first step groups by marks of it."""
    of_months = grouping.unit in OF_MONTHS and grouping.level is None
    return of_months and grouping.zone in STEADY and kind.kind is Kind.TIMESTAMP


class Parts:
    """What the first step measures: columns `a0`, `a1`... under an alias."""

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self._nodes: list[exp.Expr] = []

    def together(self, function: Function, part: exp.Expr) -> exp.Expr:
        """The measure of all rows of which `part` measures those of one mark."""
        if part not in self._nodes:
            self._nodes.append(part)
        column = self.column(f"a{self._nodes.index(part)}")
        whole = TOGETHER[function](this=column)
        return exp.Cast(this=whole, to=BIGINT.copy()) if function is Function.COUNT else whole

    def column(self, name: str) -> exp.Column:
        return exp.column(exp.to_identifier(name, quoted=True), table=self.alias)

    def select(
        self, rows: exp.Subquery, keys: Sequence[tuple[str, exp.Expr, exp.Expr]]
    ) -> exp.Subquery:
        """The first step; of each key its name, by what rows are grouped, and what comes of that."""
        parts = [exp.alias_(node, f"a{i}", quoted=True) for i, node in enumerate(self._nodes)]
        shown = [exp.alias_(node, name, quoted=True) for name, _, node in keys]
        select = exp.select(*shown, *parts, copy=False).from_(rows, copy=False)
        for _, node, _ in keys:
            select = select.group_by(node.copy(), copy=False)
        return select.subquery(exp.to_identifier(self.alias), copy=False)


def _few(grouping: Grouping, contract: Contract, kind: ColumnType) -> bool:
    name = grouping.key.column
    bounded = grouping.unit is not None or name in bounded_columns(contract)
    return kind.kind in FEW or bounded


def _divisible(scope: Scope, data_set: DatasetCode, measure: Measure) -> bool:
    if measure.function not in TOGETHER:
        return False
    if measure.column is None or measure.function is Function.COUNT:
        return True
    if measure.column not in scope.measured(data_set):
        return False
    kind = scope.column_type(data_set, measure.column)
    if measure.function in EXTREMES:
        return kind.kind is not Kind.DOUBLE
    return kind.kind in EXACT and not is_wide(measure.function, kind)


def _kind(scope: Scope, data_set: DatasetCode, key: Key) -> tuple[Contract, ColumnType] | None:
    """Of the key's column; None where there is none to be seen."""
    for name in key.relations:
        relation = scope.relations(data_set).get(name)
        if relation is None:
            return None
        data_set = relation.target
    if key.column not in scope.measured(data_set):
        return None
    contract = scope.catalogue.contracts[data_set]
    return contract, scope.column_type(data_set, key.column)
