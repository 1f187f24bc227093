"""The few kinds of SQL node that statements over observations and states are made of.

A node is copied where it is used, so the same one may stand in several places.
"""

from collections.abc import Sequence

from sqlglot import exp


def table(name: str, alias: str | None = None) -> exp.Table:
    return exp.to_table(name, alias=alias)


def col(name: str, source: str | None = None) -> exp.Column:
    return exp.column(name, table=source)


def number(value: int) -> exp.Expr:
    return exp.Literal.number(value)


def every(*terms: exp.Expr) -> exp.Expr:
    return exp.and_(*terms)


def either(*terms: exp.Expr) -> exp.Expr:
    return exp.paren(exp.or_(*terms))


def one_of(node: exp.Expr, values: Sequence[int]) -> exp.Expr:
    if len(values) == 1:
        return node.eq(number(values[0]))
    return node.isin(*(number(value) for value in values))


def case(
    branches: Sequence[tuple[exp.Expr, exp.Expr]], otherwise: exp.Expr | None = None
) -> exp.Case:
    """The first branch whose condition is true; null where none is and nothing is said."""
    whole = exp.Case()
    for condition, value in branches:
        whole = whole.when(condition, value)
    return whole if otherwise is None else whole.else_(otherwise)
