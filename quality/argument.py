"""Reads the arguments of a declared rule into typed values.

A value becomes what its column holds (a place is padded, a text without zone is the city's time), so
that a comparison in the engine never has to guess. ValueError or TypeError: it is not of the shape.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal

from catalog.clock import CITY_ZONE
from catalog.contracts import Kind
from catalog.places import PADDED
from catalog.predicate import Scalar
from quality.vocabulary import CHOICES, Shape

Argument = Scalar | tuple[Scalar, ...]


def read_argument(value: object, shape: Shape, kind: Kind | None) -> Scalar:
    """One value (or one of a list); `kind` is that of the rule's own column."""
    if shape in (Shape.VALUE, Shape.VALUES):
        return of_kind(value, kind)
    if shape in CHOICES:
        return _choice(value, CHOICES[shape])
    if shape in (Shape.REGEX, Shape.REGEXES):
        return _regex(_text(value))
    return _SHAPES.get(shape, _text)(value)


def of_kind(value: object, kind: Kind | None) -> Scalar:
    if value is None or kind is None:
        raise TypeError
    return _KINDS[kind](value)


def greater(left: Argument, right: Argument) -> bool:
    """Of two values that were read as the same kind."""
    if isinstance(left, str) and isinstance(right, str):
        return left > right
    if isinstance(left, datetime) and isinstance(right, datetime):
        return left > right
    if isinstance(left, date) and isinstance(right, date):
        return left > right
    if isinstance(left, int | float | Decimal) and isinstance(right, int | float | Decimal):
        return left > right
    return False


def _choice(value: object, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ValueError
    return str(value)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError
    return value


def _regex(pattern: str) -> str:
    """The engine's own kind of expression (RE2), so that nothing fails later, inside a batch."""
    import pyarrow as pa  # noqa: PLC0415 - not needed on the server's start path
    import pyarrow.compute as pc  # noqa: PLC0415

    pc.match_substring_regex(pa.array([""]), pattern)
    return pattern


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _decimal(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise TypeError
    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError
    return number


def _whole(value: object) -> int:
    number = _decimal(value)
    if number != int(number):
        raise ValueError
    return int(number)


def _count(value: object) -> int:
    number = _whole(value)
    if number < 0:
        raise ValueError
    return number


def _instant(value: object) -> datetime:
    found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return found if found.tzinfo else found.replace(tzinfo=CITY_ZONE)


def _day(value: object) -> date:
    if isinstance(value, datetime):
        raise TypeError
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def _place(value: object) -> int:
    code = str(value)
    if not code.isascii() or not code.isdigit() or len(code) not in (6, 9, 12, PADDED):
        raise ValueError
    return int(code.ljust(PADDED, "0"))


_SHAPES: Mapping[Shape, Callable[[object], Scalar]] = {
    Shape.FLAG: _flag,
    Shape.NUMBER: _decimal,
    Shape.COUNT: _count,
}
_KINDS: Mapping[Kind, Callable[[object], Scalar]] = {
    Kind.STRING: str,
    Kind.INTEGER: _whole,
    Kind.BIGINT: _whole,
    Kind.DECIMAL: _decimal,
    Kind.DOUBLE: lambda value: float(_decimal(value)),
    Kind.BOOLEAN: _flag,
    Kind.DATE: _day,
    Kind.TIMESTAMP: _instant,
    Kind.PLACE: _place,
}
