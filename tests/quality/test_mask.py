import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quality.mask import MAX_SHAPE, shape_of


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("磁器口3号 (A-1)", "字字字9字 (x-9)"),
        ("2099-01-01 08:00:00", "9999-99-99 99:99:99"),
        ("-12.5", "-99.9"),
        ("缺测", "字字"),
        ("Ünïté e\u0301 Я あ 한", "xxxxx xx x x x"),
        ("１２①Ⅻ〇", "99999"),
        ("\ue000\x00\n☎", "xxxx"),
        ("，。《》、", "，。《》、"),
        ("", ""),
    ],
)
def test_a_shape_keeps_length_and_marks_and_no_letter_digit_or_ideograph(
    value: str, shape: str
) -> None:
    assert shape_of(value) == shape


def test_a_long_value_is_cut() -> None:
    assert shape_of("a" * MAX_SHAPE) == "x" * MAX_SHAPE
    assert shape_of("1" * (MAX_SHAPE + 1)) == "9" * MAX_SHAPE + "…"


@settings(max_examples=50)
@given(st.text(max_size=MAX_SHAPE))
def test_values_that_differ_only_in_letters_and_digits_have_one_shape(text: str) -> None:
    shape = shape_of(text)
    assert len(shape) == len(text)
    assert shape_of(shape) == shape
    for shown, own in zip(shape, text, strict=True):
        assert shown in "x字9" or unicodedata.category(own)[0] in "PSZ"
