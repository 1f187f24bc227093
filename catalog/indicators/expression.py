"""Arithmetic over names: `station.warning_level_m - level_m`, `closed / accepted * 100`.

Rules: it is read into this tree and never reaches an engine as text; names, numbers, + - * /, unary
minus, parentheses and the functions below, nothing else. Dividing by zero gives no value.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from math import isinf

MAX_TEXT = 2_000
MAX_DEPTH = 64
"""What is deeper could be read, but no statement be made of it."""


class Operator(StrEnum):
    PLUS = "+"
    MINUS = "-"
    TIMES = "*"
    BY = "/"


class Function(StrEnum):
    """`greatest` and `least` are of those arguments that have a value."""

    ABSOLUTE = "abs"
    GREATEST = "greatest"
    LEAST = "least"
    FIRST_KNOWN = "first_known"
    """The first argument that has a value."""


@dataclass(frozen=True, slots=True)
class Name:
    """What it stands for is said where the expression stands."""

    name: str


@dataclass(frozen=True, slots=True)
class Number:
    value: Decimal


@dataclass(frozen=True, slots=True)
class Binary:
    operator: Operator
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Call:
    function: Function
    arguments: tuple["Expression", ...]


Expression = Name | Number | Binary | Call

_OPERATORS: Mapping[type[ast.operator], Operator] = {
    ast.Add: Operator.PLUS,
    ast.Sub: Operator.MINUS,
    ast.Mult: Operator.TIMES,
    ast.Div: Operator.BY,
}


def parse_expression(text: str) -> Expression:
    """ValueError says what is wrong with the text."""
    if len(text) > MAX_TEXT:
        raise ValueError(f"is longer than {MAX_TEXT} characters")
    try:
        found = _read(ast.parse(text.strip(), mode="eval").body, text.strip())
        deep = _depth(found) > MAX_DEPTH
    except (SyntaxError, RecursionError, MemoryError, InvalidOperation) as wrong:
        raise ValueError(f"is no arithmetic: {text!r}") from wrong
    if deep:
        raise ValueError(f"nests deeper than {MAX_DEPTH}; put parentheses around parts of it")
    return found


def names_of(expression: Expression) -> Iterator[str]:
    """With repetitions, in the order of the text."""
    match expression:
        case Name(name):
            yield name
        case Binary(_, left, right):
            yield from names_of(left)
            yield from names_of(right)
        case Call(_, arguments):
            for argument in arguments:
                yield from names_of(argument)
        case Number():
            pass


def _read(node: ast.expr, text: str) -> Expression:
    match node:
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=int() | float()):
            written = ast.get_source_segment(text, node)
            return _number((written or "").replace("_", ""))
        case ast.Name(id=name):
            return Name(name)
        case ast.Attribute(value=ast.Name(id=data_set), attr=column):
            return Name(f"{data_set}.{column}")
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return Binary(Operator.MINUS, Number(Decimal(0)), _read(operand, text))
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
            return Binary(_OPERATORS[type(operator)], _read(left, text), _read(right, text))
        case ast.Call(func=ast.Name(id=called), args=arguments, keywords=[]) if (
            called in list(Function) and arguments
        ):
            if called == Function.ABSOLUTE and len(arguments) > 1:
                raise ValueError(f"{called} is of one value")
            return Call(Function(called), tuple(_read(a, text) for a in arguments))
    raise ValueError(f"may hold names, numbers, + - * / and {', '.join(Function)}")


def _number(written: str) -> Number:
    number = Decimal(written)
    if isinf(float(number)):
        raise ValueError(f"holds {written}, which is more than an engine counts to")
    return Number(number)


def _depth(expression: Expression) -> int:
    match expression:
        case Binary(_, left, right):
            return 1 + max(_depth(left), _depth(right))
        case Call(_, arguments):
            return 1 + max(map(_depth, arguments))
        case Name() | Number():
            return 1
