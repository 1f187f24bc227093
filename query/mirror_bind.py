"""Bound values in the form in which the row mirror holds the column that they are compared with.

Rules: exactly, or not at all: what the form cannot hold is `Unmirrored`, and the engine compares it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from math import isfinite

import orjson

from catalog.contracts import ColumnType, Kind
from catalog.predicate import Scalar
from query.mirror_source import Bind, Unmirrored

Stored = str | int | float
"""What SQLite is given."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MOST, EXACT = 2**63 - 1, 2**53
"""The largest integer, and the largest of those that a double holds each of."""


def stored(bind: Bind, value: Scalar | Sequence[Scalar]) -> Stored:
    """Unmirrored when the value has no such form."""
    convert = FORMS[bind.type.kind]
    if not bind.whole:
        return convert(bind.type, value)
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise Unmirrored("what is no list")
    if bind.type.kind is Kind.DOUBLE:
        raise Unmirrored("doubles that SQLite would read of a text")
    if convert is _whole and set(map(type, value)) == {int}:
        for end in (min(value), max(value)):
            convert(bind.type, end)
        return orjson.dumps(value).decode()
    return orjson.dumps([convert(bind.type, each) for each in value]).decode()


def _text(_: ColumnType, value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise Unmirrored("a text that has a NUL")
    return value


def _whole(_: ColumnType, value: object) -> int:
    if not isinstance(value, int) or not -MOST <= value <= MOST:
        raise Unmirrored("a number of more than 64 bits")
    return int(value)


def _decimal(kind: ColumnType, value: object) -> int:
    if not isinstance(value, Decimal | int):
        raise Unmirrored("what is no decimal")
    above, below = value.as_integer_ratio()  # no context rounds it
    found, rest = divmod(above * int(10**kind.scale), below)
    if rest or not -MOST <= found <= MOST:
        raise Unmirrored("a decimal of more digits than its column")
    return found


def _double(_: ColumnType, value: object) -> float:
    if isinstance(value, float) and isfinite(value):
        return value
    if isinstance(value, int) and -EXACT <= value <= EXACT:
        return float(value)
    raise Unmirrored("a number that is no double")


def _date(_: ColumnType, value: object) -> str:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise Unmirrored("what is no date")
    return value.isoformat()


def _instant(_: ColumnType, value: object) -> int:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise Unmirrored("what is no instant")
    return (value - EPOCH) // MICROSECOND


FORMS: Mapping[Kind, Callable[[ColumnType, object], Stored]] = {
    Kind.STRING: _text,
    Kind.INTEGER: _whole,
    Kind.BIGINT: _whole,
    Kind.DECIMAL: _decimal,
    Kind.DOUBLE: _double,
    Kind.BOOLEAN: _whole,
    Kind.DATE: _date,
    Kind.TIMESTAMP: _instant,
    Kind.PLACE: _whole,
}
