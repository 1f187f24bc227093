"""The rows behind a place in an order, or at it.

The engine is 30 times faster with `a >= x AND (a > x OR ...)` than with a comparison of whole rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp


@dataclass(frozen=True, slots=True)
class Key:
    """A term of the order and the value there; `value` None is null."""

    term: exp.Ordered
    value: exp.Expr | None
    never_null: bool


def reversed_order(order: Sequence[exp.Ordered]) -> list[exp.Ordered]:
    return [
        exp.Ordered(
            this=term.this.copy(),
            desc=not term.args["desc"],
            nulls_first=not term.args["nulls_first"],
        )
        for term in order
    ]


def behind(keys: Sequence[Key]) -> exp.Expr:
    """True of the rows behind the place; false or unknown of all others."""
    key, rest = keys[0], keys[1:]
    if not rest:
        return _beyond(key)
    return exp.and_(_there_or_beyond(key), exp.paren(exp.or_(_beyond(key), behind(rest))))


def _beyond(key: Key) -> exp.Expr:
    if key.value is None:
        return exp.Not(this=_null(key)) if key.term.args["nulls_first"] else exp.false()
    comparison = exp.LT if key.term.args["desc"] else exp.GT
    return _or_null(key, comparison(this=key.term.this.copy(), expression=key.value.copy()))


def _there_or_beyond(key: Key) -> exp.Expr:
    if key.value is None:
        return exp.true() if key.term.args["nulls_first"] else _null(key)
    comparison = exp.LTE if key.term.args["desc"] else exp.GTE
    return _or_null(key, comparison(this=key.term.this.copy(), expression=key.value.copy()))


def _or_null(key: Key, compared: exp.Expr) -> exp.Expr:
    if key.never_null or key.term.args["nulls_first"]:
        return compared
    return exp.paren(exp.or_(compared, _null(key)))


def _null(key: Key) -> exp.Expr:
    return exp.Is(this=key.term.this.copy(), expression=exp.null())
