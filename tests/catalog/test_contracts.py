"""Contracts as values, and the names the API gives them."""

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.contracts import camel, pascal
from catalog.odcs import NAME, read_contract
from tests.catalog.conftest import contract_text

CONTRACT = read_contract(Path("river"), contract_text("river"))


def test_a_contract_knows_its_columns() -> None:
    assert CONTRACT.has_column("level_m")
    assert not CONTRACT.has_column("nothing")
    with pytest.raises(KeyError):
        CONTRACT.column("nothing")


def test_a_contract_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        CONTRACT.version = "2.0.0"  # type: ignore[misc]


@given(name=st.from_regex(NAME, fullmatch=True))
def test_a_name_in_the_api_is_a_graphql_name(name: str) -> None:
    assert camel(name).isidentifier()
    assert camel(name)[0].islower()
    assert pascal(name)[0].isupper()
    assert pascal(name)[1:] == camel(name)[1:]
