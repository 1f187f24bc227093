"""From the bytes of an answer to values under our own names; no input or output.

Rules: an answer is accepted whole or refused; the provider's document decides first (JSON schema), then
our types (ranges, days, instants, exact decimals); members that were not declared are left out. What
is told of a refusal is where and which rule, never a value: it is read by operators.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from typing import TypeAlias

from catalog.contracts import ColumnType, Kind
from catalog.interfaces.interface import Interface, ListOf, Member, ObjectOf, Shape
from connectors.calling.check import checker_of
from connectors.calling.errors import WronglyAnswered

Value: TypeAlias = (
    str
    | int
    | float
    | bool
    | Decimal
    | date
    | datetime
    | Mapping[str, "Value"]
    | Sequence["Value"]
    | None
)
Row: TypeAlias = Mapping[str, Value]
"""A member's value by its name of ours; objects within it alike."""

RANGES = {Kind.INTEGER: 2**31, Kind.BIGINT: 2**63}
MAX_DIGITS = 38
PLACE = re.compile(r"\d{6}(\d{3}){0,3}", re.ASCII)
NUMBER = re.compile(r"-?\d{1,38}(\.\d{1,38})?", re.ASCII)
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Answer:
    """`rows` of one object, or of a list; none when there is nothing of this key. `size` in bytes."""

    rows: tuple[Row, ...]
    found: bool
    size: int
    called_at: datetime


def read_answer(interface: Interface, content: bytes) -> tuple[Row, ...]:
    """WronglyAnswered when it is not what the provider's document promises."""
    value = _parsed(content)
    try:
        wrong = next(checker_of(interface.check).iter_errors(value), None)  # type: ignore[arg-type]  # JSON
        if wrong is not None:
            raise WronglyAnswered(f"{wrong.json_path}: {wrong.validator}", of_question=True)
        rows = value if interface.many and isinstance(value, list) else [value]
        return tuple(_object(row, interface.members, "$") for row in rows)
    except ArithmeticError:
        raise WronglyAnswered("holds a number past all bounds") from None


def _parsed(content: bytes) -> object:
    try:
        text = content.decode("utf-8")
        return json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise WronglyAnswered("is not UTF-8") from None
    except (ValueError, RecursionError, ArithmeticError):
        raise WronglyAnswered("is not JSON") from None


def _no_constant(name: str) -> object:
    raise ValueError(name)


def _object(value: object, members: Sequence[Member], at: str) -> Row:
    if not isinstance(value, dict):
        raise WronglyAnswered(f"{at}: is no object")
    return {
        member.name: _value(value.get(member.key), member.shape, f"{at}.{member.key}")
        for member in members
    }


def _value(value: object, shape: Shape, at: str) -> Value:
    if value is None:
        return None
    if isinstance(shape, ObjectOf):
        return _object(value, shape.members, at)
    if isinstance(shape, ListOf):
        items = value if isinstance(value, list) else []
        return [_value(item, shape.item, f"{at}[]") for item in items]
    return _scalar(value, shape, at)


def _scalar(value: object, type_: ColumnType, at: str) -> Value:
    kind = type_.kind
    if kind is Kind.BOOLEAN and isinstance(value, bool):
        return value
    if kind in RANGES and isinstance(value, int) and -RANGES[kind] <= value < RANGES[kind]:
        return value
    if kind is Kind.DOUBLE and isinstance(value, int | Decimal) and isfinite(float(value)):
        return float(value)
    if kind is Kind.DECIMAL and isinstance(value, int | str | Decimal):
        return _decimal(value, at)
    if isinstance(value, str):
        return _text(value, kind, at)
    raise WronglyAnswered(f"{at}: is no {kind.value}")


def _decimal(value: int | str | Decimal, at: str) -> Decimal:
    if isinstance(value, str) and not NUMBER.fullmatch(value):
        raise WronglyAnswered(f"{at}: is no decimal")
    number = Decimal(value)
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or max(abs(exponent), abs(number.adjusted())) > MAX_DIGITS:
        raise WronglyAnswered(f"{at}: has more than {MAX_DIGITS} digits")
    return number


def _text(value: str, kind: Kind, at: str) -> Value:
    """Lone surrogates, which JSON can spell, are no text that can be sent on."""
    try:
        value.encode()
        if kind is Kind.STRING:
            return value
        if kind is Kind.PLACE and PLACE.fullmatch(value):
            return value
        if kind is Kind.DATE and DAY.fullmatch(value):
            return date.fromisoformat(value)
        if kind is Kind.TIMESTAMP:
            instant = datetime.fromisoformat(value)
            if instant.tzinfo is not None:
                return instant
    except ValueError:
        pass
    raise WronglyAnswered(f"{at}: is no {kind.value}")
