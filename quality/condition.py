"""The few shapes of condition that the gate's statements are made of."""

from collections.abc import Sequence
from functools import reduce

from sqlglot import exp

from quality.bound import Bound
from quality.verdict import RowRef


def column(name: str, table: str | None = None) -> exp.Column:
    return exp.column(name, table=table, quoted=True)


def missing(name: str) -> exp.Expr:
    return column(name).is_(exp.null())


def given(name: str) -> exp.Expr:
    return exp.not_(missing(name))


def equal(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return exp.EQ(this=left, expression=right)


def every(terms: Sequence[exp.Expr]) -> exp.Expr:
    """All of them; true when there is none."""
    return reduce(_and, terms) if terms else exp.true()


def some(terms: Sequence[exp.Expr]) -> exp.Expr:
    """One of them at least; false when there is none."""
    return exp.paren(reduce(_or, terms)) if terms else exp.false()


def chosen(rows: Sequence[RowRef], bound: Bound) -> exp.Expr:
    """Whether a landed row is one of these."""
    lines: dict[str, list[int]] = {}
    for row in rows:
        lines.setdefault(row.file, []).append(row.line)
    return some(
        [
            exp.paren(
                every(
                    [
                        equal(column("_file"), bound.value(file)),
                        column("_line").isin(*bound.list(numbers)),
                    ]
                )
            )
            for file, numbers in lines.items()
        ]
    )


def all_rows() -> exp.Expr:
    return exp.Count(this=exp.Star())


def number(value: int) -> exp.Expr:
    return exp.Literal.number(value)


def bits(mask: int) -> exp.Expr:
    return exp.cast(number(mask), "UBIGINT", dialect="duckdb")


def any_bit(word: str, mask: int) -> exp.Expr:
    """Whether the word has one of the mask's bits."""
    both = exp.BitwiseAnd(this=column(word), expression=bits(mask))
    return exp.NEQ(this=exp.paren(both), expression=number(0))


def either_bits(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return exp.BitwiseOr(this=left, expression=right)


def _and(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return exp.And(this=left, expression=right)


def _or(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return exp.Or(this=left, expression=right)
