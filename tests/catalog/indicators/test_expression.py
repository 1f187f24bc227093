"""Arithmetic is read into a tree; nothing else is."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.indicators.expression import (
    Binary,
    Call,
    Expression,
    Function,
    Name,
    Number,
    Operator,
    names_of,
    parse_expression,
)


def written(expression: Expression) -> str:
    match expression:
        case Name(name):
            return name
        case Number(value):
            return f"{value:f}"
        case Binary(operator, left, right):
            return f"({written(left)} {operator} {written(right)})"
        case Call(function, arguments):
            return f"{function}({', '.join(map(written, arguments))})"


LEAVES = st.one_of(
    st.sampled_from(["a", "b", "t.c"]).map(Name),
    st.decimals(0, 10**9, places=3).map(lambda d: Number(Decimal(f"{d:f}"))),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(Binary, st.sampled_from(Operator), inner, inner),
        st.builds(
            Call,
            st.sampled_from([f for f in Function if f is not Function.ABSOLUTE]),
            st.lists(inner, min_size=1, max_size=3).map(tuple),
        ),
        st.builds(Call, st.just(Function.ABSOLUTE), st.tuples(inner)),
    ),
    max_leaves=40,
)


@given(TREES)
def test_what_is_written_is_read_back(tree: Expression) -> None:
    assert parse_expression(written(tree)) == tree


def test_numbers_stay_as_they_are_written() -> None:
    assert parse_expression("0.1") == Number(Decimal("0.1"))
    assert list(names_of(parse_expression("-a * abs(b.c - 2)"))) == ["a", "b.c"]


@pytest.mark.parametrize(
    "text",
    ["", "a b", "a ** 2", "a or b", "a.b.c", "f(a)", "abs()", "'x'", "True", "a if b else c",
     "[a]", "a[0]", "abs(a, b=1)", "1j", "a\nb", "(" * 500 + "a" + ")" * 500, "a" * 3_000],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"may hold|no arithmetic|longer"):
        parse_expression(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0x10 * a", "no arithmetic"),
        ("a * 1e400", "more than an engine counts to"),
        ("abs(a, b)", "abs is of one value"),
        ("+".join("a" * 200), "nests deeper than 64"),
    ],
)
def test_what_no_engine_could_work_out_is_refused(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_expression(text)
