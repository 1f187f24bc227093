from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from graphql import GraphQLError, parse_const_value
from hypothesis import given
from hypothesis import strategies as st

from schema.scalars import BIG_INT, DATE, DATE_TIME, DECIMAL, PLACE_CODE


def test_instants_need_their_offset() -> None:
    read = DATE_TIME.coerce_input_value
    assert read("2020-08-20T00:00:00Z") == datetime(2020, 8, 20, tzinfo=UTC)
    assert read("2020-08-20T08:00+08:00") == datetime(2020, 8, 20, tzinfo=UTC)
    for wrong in (
        "2020-08-20T08:00:00",
        "2020-08-20",
        "20200820T080000Z",
        "2020-02-30T00:00:00Z",
        "2020-08-20 08:00:00+08:00",
        1597881600,
        True,
        None,
        "2020-08-20T08:00:00+08:00\n",
    ):
        with pytest.raises(GraphQLError):
            read(wrong)


def test_days_are_days() -> None:
    assert DATE.coerce_input_value("2020-08-20") == date(2020, 8, 20)
    for wrong in ("2020-8-20", "2020-13-01", "2020-08-20T00:00:00Z", 20200820):
        with pytest.raises(GraphQLError):
            DATE.coerce_input_value(wrong)


def test_decimals_keep_every_digit() -> None:
    text = "0.1000000000000000055511151231257827"
    assert DECIMAL.coerce_input_value(text) == Decimal(text)
    literal = DECIMAL.coerce_input_literal
    assert literal is not None
    assert literal(parse_const_value("181.240")) == Decimal("181.240")
    for wrong in ("1e5", "NaN", "Infinity", "", " 1", "1.", True, "١"):
        with pytest.raises(GraphQLError):
            DECIMAL.coerce_input_value(wrong)


@given(st.integers(min_value=-(2**63), max_value=2**63 - 1))
def test_every_64_bit_integer_passes_as_text_and_as_number(value: int) -> None:
    assert BIG_INT.coerce_input_value(str(value)) == value
    assert BIG_INT.coerce_input_value(value) == value


def test_integers_past_64_bits_are_refused() -> None:
    for wrong in (2**63, str(2**63), 1.5, "1.0", True):
        with pytest.raises(GraphQLError):
            BIG_INT.coerce_input_value(wrong)


@pytest.mark.parametrize("code", ["500106", "500106004", "500106004001", "500106004001001"])
def test_place_codes_have_the_length_of_a_level(code: str) -> None:
    assert PLACE_CODE.coerce_input_value(code) == code
    for wrong in (int(code), code + "0", code[:-1], code.replace("5", "五"), f" {code}"):
        with pytest.raises(GraphQLError):
            PLACE_CODE.coerce_input_value(wrong)
    literal = PLACE_CODE.coerce_input_literal
    assert literal is not None
    with pytest.raises(GraphQLError):
        literal(parse_const_value(code))


def test_instants_are_shown_in_the_citys_zone() -> None:
    instant = datetime(2020, 8, 20, tzinfo=UTC)
    assert DATE_TIME.coerce_output_value(instant) == "2020-08-20T08:00:00+08:00"


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-08:00"])
def test_instants_that_no_zone_can_show_are_refused(text: str) -> None:
    with pytest.raises(GraphQLError):
        DATE_TIME.coerce_input_value(text)
