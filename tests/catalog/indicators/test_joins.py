"""Many to one, or refused with the relation that fans out."""

from dataclasses import replace

import pytest

from catalog.contracts import ForeignKey
from catalog.ids import DatasetCode
from catalog.indicators.errors import AmbiguousJoin, FanOut, NoJoin
from catalog.indicators.joins import way
from tests.indicator_data import DISPATCHES, EVENTS, GRIDS, contracts


def test_the_way_follows_keys_from_many_to_one() -> None:
    steps = way(contracts(), DISPATCHES, GRIDS)

    assert [(step.source, step.key.name) for step in steps] == [
        (DISPATCHES, "event"),
        (EVENTS, "grid"),
    ]
    assert way(contracts(), EVENTS, EVENTS) == ()


def test_a_way_from_one_to_many_is_refused_and_names_the_relation() -> None:
    with pytest.raises(FanOut, match=r"dispatch\.event has many rows for one of event_fact"):
        way(contracts(), EVENTS, DISPATCHES)
    with pytest.raises(FanOut, match=r"event_fact\.grid has many rows for one of grid"):
        way(contracts(), GRIDS, DISPATCHES)


def test_a_key_to_part_of_a_key_fans_out() -> None:
    every = dict(contracts())
    every[GRIDS] = replace(every[GRIDS], key=("grid_id", "area"))

    with pytest.raises(FanOut):
        way(every, EVENTS, GRIDS)


def test_no_relation_is_told_apart_from_a_fan_out() -> None:
    every = {EVENTS: contracts()[EVENTS], DatasetCode("x"): contracts()[GRIDS]}

    with pytest.raises(NoJoin):
        way(every, EVENTS, DatasetCode("x"))


def test_of_two_relations_one_is_named() -> None:
    every = dict(contracts())
    second = ForeignKey("closing_grid", GRIDS, ("grid_id",), ("grid_id",))
    every[EVENTS] = replace(every[EVENTS], foreign_keys=(*every[EVENTS].foreign_keys, second))

    with pytest.raises(AmbiguousJoin, match="closing_grid, grid"):
        way(every, EVENTS, GRIDS)
    assert way(every, EVENTS, GRIDS, ("closing_grid",))[0].key is second
