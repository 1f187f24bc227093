"""Writes of one process and of its neighbours, and how readers learn of them."""

import time
from threading import Event

import pytest

from catalog import writing
from catalog.errors import UnknownEntry
from catalog.ids import DatasetCode
from catalog.store import CatalogueStore
from tests.catalog.conftest import OPERATOR, World, contract_text


def test_what_another_process_publishes_is_seen_within_a_second(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    neighbour = CatalogueStore(world.registry, world.clock)
    heard = Event()
    neighbour.listen(heard.set)
    assert neighbour.load().contracts == {}
    monkeypatch.setattr(writing, "LOOK_SECONDS", 0.01)

    world.publish({"river": contract_text("river")})
    deadline = time.monotonic() + 60
    while DatasetCode("river") not in neighbour.load().contracts:
        assert time.monotonic() < deadline
        time.sleep(0.01)

    assert heard.is_set()
    assert neighbour.load() is neighbour.load()


def test_a_failed_write_leaves_nothing_and_moves_no_epoch(world: World) -> None:
    before = world.store.epoch
    with pytest.raises(UnknownEntry):
        world.store.assess("nothing", OPERATOR, secrecy="无", personal_information="无")
    assert world.store.epoch == before
