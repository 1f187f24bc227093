"""Arithmetic as MetricFlow writes it (SQL) -> as a definition writes it, through a tree and a closed list.

`x / NULLIF(y, 0)` is `x / y` here, where dividing by zero gives no value; COALESCE is `first_known`.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from indicators.metricflow.refusal import Refused

MAX_TEXT = 2_000
OPERATORS: Mapping[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}
FUNCTIONS: Mapping[type[exp.Expr], str] = {
    exp.Abs: "abs",
    exp.Greatest: "greatest",
    exp.Least: "least",
    exp.Coalesce: "first_known",
}


def parsed(text: str) -> exp.Expr:
    """Refused when it is no single SQL expression."""
    if len(text) > MAX_TEXT:
        raise Refused(f"is longer than {MAX_TEXT} characters.")
    try:
        tree = sqlglot.parse_one(text, dialect="duckdb")
    except (SqlglotError, RecursionError) as wrong:
        raise Refused(f"{text!r} is no expression that can be read.") from wrong
    return tree


def formula(text: str) -> str:
    """Refused where it is more than arithmetic over names."""
    return _written(parsed(text))


def column(text: str) -> str:
    """The one column that an expression names; Refused where it is anything else."""
    tree = parsed(text)
    if isinstance(tree, exp.Column) and not tree.table:
        return tree.name
    raise Refused(f"{text!r} is no plain column; share a data set that has it as one.")


def constant(text: str) -> Decimal | None:
    tree = parsed(text)
    if isinstance(tree, exp.Literal) and not tree.is_string:
        return _number(tree)
    return None


def _written(node: exp.Expr) -> str:
    if isinstance(node, exp.Div) and _is_guard(node.expression):
        return f"{_written(node.this)} / ({_written(node.expression.this)})"
    if type(node) in OPERATORS:
        return f"{_written(node.this)} {OPERATORS[type(node)]} {_written(node.expression)}"
    if type(node) in FUNCTIONS:
        arguments = [node.this, *node.expressions]
        return f"{FUNCTIONS[type(node)]}({', '.join(map(_written, arguments))})"
    match node:
        case exp.Paren():
            return f"({_written(node.this)})"
        case exp.Neg():
            return f"-{_written(node.this)}"
        case exp.Column() if not node.table:
            return node.name
        case exp.Literal() if not node.is_string:
            return str(_number(node))
    raise Refused(
        f"{node.sql(dialect='duckdb')} has no place in a formula, which is arithmetic over names."
    )


def _is_guard(node: exp.Expr) -> bool:
    return (
        isinstance(node, exp.Nullif)
        and isinstance(node.expression, exp.Literal)
        and not node.expression.is_string
        and _number(node.expression) == 0
    )


def _number(node: exp.Literal) -> Decimal:
    try:
        return Decimal(node.name)
    except InvalidOperation as wrong:
        raise Refused(f"{node.name} is no number.") from wrong
