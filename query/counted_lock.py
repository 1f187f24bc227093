"""The second lock's part for rows that are told of in groups only.

Rules: where groups have a least size, the relation that aggregates read stands in the FROM of facts, and
facts in the FROM of a select that makes groups. Of it conditions and joins name cell columns; what else
facts take from it may only stand inside an aggregate function, and a column that is granted for
aggregates only inside those that hide single values.
"""

from collections.abc import Iterator

from sqlglot import exp

from catalog.ids import DatasetCode, Seq
from catalog.sharing.grant import Visibility
from query.errors import UnlockedStatement
from query.relation import Scope

HIDING = (exp.Sum, exp.Avg)
TELLING = (*HIDING, exp.Count, exp.Min, exp.Max, exp.PercentileCont)


def check_counted(
    nodes: Iterator[exp.Expr], scope: Scope, data_sets: frozenset[DatasetCode], at: Seq | None
) -> None:
    """`nodes`: those outside of every relation."""
    counted = {
        code: scope.counted(code, at).tree for code in data_sets if scope.least_group(code) > 1
    }
    for node in nodes if counted else ():
        if isinstance(node, exp.Subquery):
            for code, tree in counted.items():
                if node.this == tree:
                    _check_facts(node, scope, code)


def _check_facts(source: exp.Subquery, scope: Scope, data_set: DatasetCode) -> None:
    facts = _select_from(source)
    around = facts.parent
    groups = _select_from(around)
    if groups.args.get("having") is None:
        raise UnlockedStatement(f"rows of {data_set} outside of groups")
    hidden: dict[str, str] = {}
    for column in facts.find_all(exp.Column):
        if column.table != source.alias or column.name in scope.grouped(data_set):
            continue
        fact = column.parent
        if not isinstance(fact, exp.Alias) or fact.parent is not facts:
            raise UnlockedStatement(f"{data_set}.{column.name} outside of measures")
        hidden[fact.alias] = column.name
    for column in groups.find_all(exp.Column):
        name = hidden.get(column.name)
        if name is not None and column.table == _alias(around):
            _check_measure(column, scope.measured(data_set)[name], f"{data_set}.{name}")


def _check_measure(column: exp.Column, how: Visibility, name: str) -> None:
    function = column.find_ancestor(exp.AggFunc, exp.Select)
    allowed = HIDING if how is Visibility.AGGREGATE else TELLING
    if not isinstance(function, allowed):
        raise UnlockedStatement(f"{name} outside of what may be told of it")


def _alias(subquery: exp.Expr | None) -> str:
    return "" if subquery is None else subquery.alias


def _select_from(source: exp.Expr | None) -> exp.Select:
    """The select in whose FROM a subquery stands."""
    holder = None if source is None else source.parent
    select = None if holder is None else holder.parent
    if not isinstance(holder, exp.From) or not isinstance(select, exp.Select):
        raise UnlockedStatement("counted rows in a place of their own")
    return select
