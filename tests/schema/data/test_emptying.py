"""Lists of values are coerced as graphql-core coerces them, or left to it."""

from typing import Any

import pytest
from graphql import (
    GraphQLBoolean,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLString,
    Undefined,
)
from graphql.utilities import coerce_input_value
from hypothesis import given
from hypothesis import strategies as st

from schema.data.emptying import coerced_list
from schema.data.filters import KIND_SCALARS

SCALARS = (
    GraphQLInt,
    GraphQLFloat,
    GraphQLString,
    GraphQLBoolean,
    GraphQLID,
    *KIND_SCALARS.values(),
)
WHOLE = st.integers(-(2**31) - 2, 2**31 + 2) | st.sampled_from([2**31, 2**31 - 1, -(2**31)])
ANY = WHOLE | st.floats() | st.booleans() | st.text(max_size=3) | st.none() | st.just([1])
LISTS = st.lists(WHOLE) | st.lists(st.text(max_size=3)) | st.lists(ANY)


@pytest.mark.parametrize("scalar", SCALARS, ids=str)
@given(values=LISTS, required=st.booleans())
def test_a_list_of_values_is_coerced_as_graphql_core_does(
    scalar: GraphQLScalarType, values: list[Any], *, required: bool
) -> None:
    kind = GraphQLList(GraphQLNonNull(scalar) if required else scalar)
    found = coerced_list(values, GraphQLNonNull(kind))
    if found is not Undefined:
        assert repr(found) == repr(coerce_input_value(values, kind))
        assert found is not values


def test_a_list_of_whole_numbers_is_not_left_to_graphql_core() -> None:
    kind = GraphQLList(GraphQLNonNull(GraphQLInt))
    assert coerced_list([1, -(2**31), 2**31 - 1], kind) == [1, -(2**31), 2**31 - 1]
    assert coerced_list([2**31], kind) is Undefined
    assert coerced_list([1, True], kind) is Undefined
    assert coerced_list([[1]], GraphQLList(kind)) is Undefined
