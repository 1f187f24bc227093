"""A schema of which only what is named is made tells the same as one that is made whole."""

import threading
from collections.abc import Callable

import pytest
from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
    build_schema,
    validate_schema,
)

from access.roles import CAPABILITIES, Role
from catalog.ids import DatasetCode
from catalog.names import TYPE_SUFFIXES
from catalog.sharing.grant import Grant
from query.relation import Scope
from schema.data.named import shared_types
from schema.data.once import once
from schema.lazy import reached
from schema.view import View, build_view
from tests.schema.hub import READING_COLUMNS, STATION_COLUMNS, whole
from tests.shared_data import READINGS, STATIONS, catalogue, grant

APP = CAPABILITIES[Role.APP]
PARTS = ["500106"]
SCOPES: dict[str, tuple[Grant, ...]] = {
    "everything": whole(),
    "one set": (grant(STATIONS, ["code", "name"]),),
    "a key that is hidden": (grant(STATIONS, ["name"]),),
    "a masked column": (grant(STATIONS, STATION_COLUMNS, masked=["name"]),),
    "aggregates only": (grant(READINGS, ["level_m"], places=PARTS, aggregate=["level_m"]),),
    "cells": (
        grant(READINGS, READING_COLUMNS, places=PARTS, aggregate=["level_m"], minimum_group=3),
        grant(STATIONS, STATION_COLUMNS),
    ),
    "cells behind a relation": (
        grant(READINGS, READING_COLUMNS, places=PARTS),
        grant(STATIONS, STATION_COLUMNS, minimum_group=3),
    ),
    "nothing": (),
}


def view(*grants: Grant) -> View:
    return build_view(APP, Scope(catalogue(), grants, "k"))


def made_whole(schema: GraphQLSchema) -> GraphQLSchema:
    """As graphql-core makes one of the same roots, and reads its types."""
    return GraphQLSchema(
        schema.query_type,
        schema.mutation_type,
        schema.subscription_type,
        directives=schema.directives,
    )


@pytest.mark.parametrize("grants", SCOPES.values(), ids=SCOPES)
def test_it_has_the_types_of_a_whole_one_and_no_others(grants: tuple[Grant, ...]) -> None:
    lazy, another = view(*grants).schema, view(*grants).schema
    assert list(another.type_map) == list(made_whole(another).type_map)
    there = set(another.type_map)
    for row in ("Station", "Reading", "Readinx"):
        for name in (row + ending for ending in TYPE_SUFFIXES):
            assert (lazy.get_type(name) is not None) == (name in there), name
    assert there <= {kind.name for kind in map(lazy.get_type, there) if kind is not None}


@pytest.mark.parametrize("grants", SCOPES.values(), ids=SCOPES)
def test_a_type_found_by_name_is_the_one_that_fields_and_arguments_have(
    grants: tuple[Grant, ...],
) -> None:
    schema = view(*grants).schema
    by_name = {name: schema.get_type(name) for name in view(*grants).schema.type_map}
    for name, kind in made_whole(schema).type_map.items():
        assert by_name[name] is kind


@pytest.mark.parametrize("grants", SCOPES.values(), ids=SCOPES)
def test_every_scope_has_a_valid_schema(grants: tuple[Grant, ...]) -> None:
    whole_one = view(*grants)
    assert validate_schema(made_whole(whole_one.schema)) == []
    assert validate_schema(build_schema(whole_one.sdl.content.decode())) == []


def test_the_types_that_sets_share_have_no_name_of_one() -> None:
    for name in shared_types():
        assert not name.startswith(("Station", "Reading"))


def test_a_chain_of_relations_may_be_longer_than_the_stack_is_deep() -> None:
    """graphql-core's own walk ends in a RecursionError here."""
    kinds = [GraphQLObjectType("D0", {"text": GraphQLField(GraphQLString)})]
    for number in range(1, 2_000):
        kinds.append(GraphQLObjectType(f"D{number}", {"parent": GraphQLField(kinds[-1])}))
    assert [kind.name for kind in reached(kinds[-1:])][:-1] == [k.name for k in kinds[::-1]]


def test_threads_that_make_one_type_at_a_time_get_the_same() -> None:
    meeting, found = threading.Barrier(2, timeout=30), []

    def make(_: DatasetCode) -> object:
        meeting.wait()
        return object()

    made: Callable[[DatasetCode], object] = once(make)
    threads = [threading.Thread(target=lambda: found.append(made(STATIONS))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] is found[1]
