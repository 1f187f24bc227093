"""The scalars of the API, one instance each for the core and for the generated data.

Rules: input is parsed strictly (a text that only looks like an instant is refused); decimals and
large integers travel as text, because JSON readers round numbers.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import NewType

from graphql import (
    FloatValueNode,
    GraphQLError,
    GraphQLScalarType,
    IntValueNode,
    StringValueNode,
    ValueNode,
)
from strawberry.types.scalar import ScalarDefinition

from catalog.clock import CITY_ZONE
from catalog.ids import PlaceCode

BigInt = NewType("BigInt", int)
"""An integer of the core past 32 bits."""
Parser = Callable[[object], object]

INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})", re.ASCII
)
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
INTEGER = re.compile(r"-?\d{1,19}", re.ASCII)
NUMBER = re.compile(r"-?\d{1,38}(\.\d{1,38})?", re.ASCII)
PLACE = re.compile(r"\d{6}(\d{3}){0,3}", re.ASCII)
BIGINT = 2**63


def parse_instant(value: object) -> datetime:
    if isinstance(value, str) and INSTANT.fullmatch(value):
        try:
            instant = datetime.fromisoformat(value)
            instant.astimezone(CITY_ZONE)  # the first and the last day of all have no other zone
            instant.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        else:
            return instant
    raise _refused(value, "DateTime needs an ISO 8601 instant with offset")


def parse_day(value: object) -> date:
    if isinstance(value, str) and DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise _refused(value, "Date needs an ISO 8601 date")


def parse_decimal(value: object) -> Decimal:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str) and NUMBER.fullmatch(value):
        try:
            return Decimal(value)
        except InvalidOperation:
            pass
    raise _refused(value, "Decimal needs a decimal number as text")


def parse_bigint(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str) and INTEGER.fullmatch(value) and -BIGINT <= int(value) < BIGINT:
        return int(value)
    raise _refused(value, "BigInt needs a 64-bit integer")


def parse_place(value: object) -> PlaceCode:
    if isinstance(value, str) and PLACE.fullmatch(value):
        return PlaceCode(value)
    raise _refused(value, "PlaceCode needs 6, 9, 12 or 15 digits as text")


def _refused(value: object, wanted: str) -> GraphQLError:
    """`schema/wording.py` says the same in Chinese."""
    shown = repr(value)[:60]
    return GraphQLError(f"{wanted}; got {shown}.")


def _scalar(
    name: str, parse: Parser, show: Callable[[object], str], description: str
) -> GraphQLScalarType:
    def literal(node: ValueNode) -> object:
        try:
            return parse(_literal(node))
        except GraphQLError as wrong:
            raise GraphQLError(wrong.message, node) from None

    return GraphQLScalarType(
        name,
        coerce_output_value=show,
        coerce_input_value=parse,
        coerce_input_literal=literal,
        description=description,
    )


def _literal(node: ValueNode) -> object:
    """What is written there; None for what no scalar of ours is written as."""
    if isinstance(node, StringValueNode):
        return node.value
    if isinstance(node, (IntValueNode, FloatValueNode)):
        return _number(node.value)
    return None


def _number(text: str) -> object:
    """A number literal, told apart from a text so that a place code must be quoted."""
    return int(text) if INTEGER.fullmatch(text) else float(text)


def _show_instant(value: object) -> str:
    """In the city's zone, as the data are."""
    return value.astimezone(CITY_ZONE).isoformat() if isinstance(value, datetime) else str(value)


DATE_TIME = _scalar(
    "DateTime",
    parse_instant,
    _show_instant,
    "时刻，ISO 8601，带时区。An instant, ISO 8601 with offset.",
)
DATE = _scalar("Date", parse_day, _show_instant, "日期，ISO 8601。A day, ISO 8601.")
DECIMAL = _scalar("Decimal", parse_decimal, str, "精确小数，以文本传输。An exact decimal, as text.")
BIG_INT = _scalar("BigInt", parse_bigint, str, "64 位整数，以文本传输。A 64-bit integer, as text.")
PLACE_CODE = _scalar(
    "PlaceCode",
    parse_place,
    str,
    "区划编码：6 位区县、9 位镇街、12 位村社、15 位网格。"
    "A place: 6 digits district, 9 township, 12 village, 15 grid.",
)


def _definition(scalar: GraphQLScalarType) -> ScalarDefinition:
    return ScalarDefinition(
        name=scalar.name,
        description=scalar.description,
        specified_by_url=None,
        serialize=None,
        parse_value=None,
        parse_literal=None,
        implementation=scalar,
    )


CORE_SCALARS: Mapping[object, ScalarDefinition] = {
    datetime: _definition(DATE_TIME),
    date: _definition(DATE),
    Decimal: _definition(DECIMAL),
    PlaceCode: _definition(PLACE_CODE),
    BigInt: _definition(BIG_INT),
}
"""What Strawberry uses for these Python types, so that one schema never holds two of a name."""
