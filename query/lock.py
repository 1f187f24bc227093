"""The second lock: re-checks a finished statement before the engine may see it.

The compiler is trusted by nobody here. The relations of the scope are made afresh; every table in
the statement must stand inside a subquery equal to one of them; what remains may only be the node
types below and the few functions named. Anything else is a fault of ours, never a caller's.
"""

from collections.abc import Iterator, Mapping

from sqlglot import exp

from catalog.ids import DatasetCode, Seq
from catalog.predicate import Scalar
from query.counted_lock import check_counted
from query.cursor import INNER, OUTER
from query.errors import UnlockedStatement
from query.relation import Scope
from query.slots import Taken
from query.statement import LockedStatement
from query.tree import MAX_ROWS

NODES = (
    exp.Select, exp.Subquery, exp.From, exp.Join, exp.Lateral, exp.TableAlias, exp.Where,
    exp.Order, exp.Ordered, exp.Limit, exp.Offset, exp.Column, exp.Identifier, exp.Alias,
    exp.Literal, exp.Null, exp.Boolean, exp.Parameter, exp.Var, exp.Paren, exp.And, exp.Or,
    exp.Not, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.In, exp.Is, exp.Between,
    exp.Case, exp.If, exp.Cast, exp.DataType, exp.Mod, exp.Left, exp.Coalesce, exp.Array,
    exp.ArrayAgg, exp.Struct, exp.PropertyEQ, exp.Anonymous,
    exp.Any,  # a list that is one parameter
    exp.Exists,  # conditions on related rows
    exp.Count, exp.Star, exp.Min, exp.Max, exp.Sum, exp.Avg,  # orders by what those come to
    exp.Distinct, exp.PercentileCont, exp.Filter, exp.TryCast, exp.DataTypeParam,  # measures
    exp.Group, exp.Having, exp.Sub,  # groups, and places of a level
    exp.BitwiseAnd, exp.BitwiseOr,  # marks of months
    exp.Qualify, exp.Window, exp.RowNumber,  # one row of each group
    exp.Mul, exp.Add, exp.Pow, exp.Sin, exp.Cos, exp.Radians,  # where a row lies
    exp.Neg, exp.DPipe, exp.SHA2,  # cursors: visible values, and that we wrote them
)  # fmt: skip
FUNCTIONS = {
    "contains", "starts_with",  # filters
    "list_slice", "list_reverse", "list_extract",  # the rows of a page
    "encode", "to_base64",  # cursors
    "date_trunc", "timezone", "epoch_us", "make_timestamp", "make_timestamptz",  # time buckets
    "month", "to_months",  # marks of months
}  # fmt: skip


def lock(  # noqa: PLR0913 - all that a statement is checked against
    tree: exp.Select,
    *,
    scope: Scope,
    at: Seq | None,
    data_sets: frozenset[DatasetCode],
    columns: frozenset[tuple[DatasetCode, str]] = frozenset(),
    small: frozenset[DatasetCode] = frozenset(),
    parameters: Mapping[str, Scalar | Taken],
    single: bool,
    most: int = MAX_ROWS,
) -> LockedStatement:
    """The statement, ready to run; UnlockedStatement when it holds anything it must not."""
    allowed = [scope.relation(code, at).tree for code in sorted(data_sets)]
    allowed += [scope.counted(code, at).tree for code in sorted(data_sets)]
    for node in outside(tree, allowed):
        _check(node)
    check_counted(outside(tree, allowed), scope, data_sets, at)
    bound = tree.args.get("limit")
    if bound is None or int(bound.expression.name) > most:
        raise UnlockedStatement("a statement without a row limit")
    missing = {p.name for p in tree.find_all(exp.Parameter)} ^ set(parameters)
    if missing:
        raise UnlockedStatement(f"parameters not matched: {sorted(missing)}")
    return LockedStatement(tree, dict(parameters), data_sets, single, columns, small)


def outside(tree: exp.Expr, relations: list[exp.Query]) -> Iterator[exp.Expr]:
    """The nodes of a tree that do not belong to one of the relations."""
    pending: list[exp.Expr] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, exp.Query) and any(node == relation for relation in relations):
            continue
        yield node
        pending.extend(node.iter_expressions())


def _check(node: exp.Expr) -> None:
    if not isinstance(node, NODES):
        raise UnlockedStatement(f"a {type(node).__name__} outside every relation")
    if isinstance(node, exp.SHA2) and _leftmost(node.this).name not in {INNER, OUTER}:
        raise UnlockedStatement("a hash that makes no cursor")
    if isinstance(node, exp.Any) and not isinstance(node.this, exp.Parameter):
        raise UnlockedStatement("any of what is no parameter")
    if isinstance(node, exp.Star) and not isinstance(node.parent, exp.Count):
        raise UnlockedStatement("a * that is not counted")
    if isinstance(node, exp.Anonymous) and node.name.lower() not in FUNCTIONS:
        raise UnlockedStatement(f"the function {node.name}")


def _leftmost(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.DPipe):
        node = node.this
    return node
