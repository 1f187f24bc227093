"""Scopes as JSON and back, exactly."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.ids import PlaceCode
from catalog.predicate import And, Compare, Not, Op, Or, Predicate, Within
from catalog.sharing.encoding import (
    canonical,
    parts_from_json,
    parts_to_json,
    predicate_from_json,
    predicate_to_json,
)
from catalog.sharing.grant import GrantedColumn, Part, Visibility

scalars = (
    st.text(max_size=8)
    | st.integers(-(2**63), 2**63)
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.decimals(allow_nan=False, allow_infinity=False, places=3)
    | st.dates()
    | st.datetimes(timezones=st.just(UTC))
)
places = st.lists(st.sampled_from(["500106", "500106004"]), max_size=3).map(
    lambda codes: tuple(map(PlaceCode, codes))
)
compares = st.builds(
    Compare,
    st.text(max_size=5),
    st.sampled_from(Op),
    scalars | st.lists(scalars, max_size=3).map(tuple),
)
predicates: st.SearchStrategy[Predicate] = st.recursive(
    compares | st.builds(Within, st.text(max_size=5), places),
    lambda inner: (
        st.builds(And, st.lists(inner, max_size=3).map(tuple))
        | st.builds(Or, st.lists(inner, max_size=3).map(tuple))
        | st.builds(Not, inner)
    ),
    max_leaves=6,
)
parts = st.builds(
    Part,
    st.lists(
        st.builds(GrantedColumn, st.text(max_size=5), st.sampled_from(Visibility)), max_size=3
    ).map(tuple),
    st.none() | places,
    st.none() | predicates,
)


@settings(max_examples=50)
@given(predicate=predicates)
def test_a_predicate_comes_back_as_it_went(predicate: Predicate) -> None:
    stored = json.loads(json.dumps(predicate_to_json(predicate)))
    assert predicate_from_json(stored) == predicate


@settings(max_examples=50)
@given(scope=st.lists(parts, max_size=3).map(tuple))
def test_parts_come_back_as_they_went(scope: tuple[Part, ...]) -> None:
    stored = json.loads(canonical(parts_to_json(scope)))
    assert parts_from_json(stored) == scope


def test_kinds_of_value_are_kept_apart() -> None:
    for value in (
        Decimal("1.50"),
        True,
        1,
        1.0,
        date(2026, 1, 1),
        datetime(2026, 1, 1, tzinfo=UTC),
    ):
        back = predicate_from_json(predicate_to_json(Compare("c", Op.EQ, value)))
        assert isinstance(back, Compare)
        assert (type(back.operand), back.operand) == (type(value), value)


@pytest.mark.parametrize("broken", [3, {"column": "c", "op": "eq", "many": False, "values": [{}]}])
def test_what_is_no_predicate_is_an_error_of_ours(broken: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        predicate_from_json(broken)
