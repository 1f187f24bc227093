"""Health and metrics tell what the row mirror holds, of the sets that declare one."""

from dataclasses import replace
from typing import Any

import pytest

from access.roles import Role
from catalog.catalogue import Catalogue
from catalog.ids import DatasetCode, Seq
from catalog.mirror import MirroredRows
from schema.mirrored import NAMED, mirror_metrics
from tests.schema.hub import Hub
from warehouse.mirror.standing import MirrorStandings, MirrorState, Standing

STATION, READING = DatasetCode("station"), DatasetCode("reading")


@pytest.fixture
def operator(hub: Hub) -> str:
    return hub.client("operator", Role.OPERATOR, of="cq_bigdata")


def declare(hub: Hub, *codes: DatasetCode, mirror: MirrorStandings | None) -> None:
    catalogue = hub.services.catalogue()
    contracts = {
        code: replace(contract, mirror=MirroredRows()) if code in codes else contract
        for code, contract in catalogue.contracts.items()
    }
    changed = Catalogue(contracts, catalogue.organisations, catalogue.places)
    hub.serve(catalogue=lambda: changed, mirror=mirror)


def told(hub: Hub, token: str) -> dict[str, Any]:
    with hub.http() as http:
        sets = http.get("/health", headers={"Authorization": f"Bearer {token}"}).json()["dataSets"]
    return {one["name"]: one["mirror"] for one in sets}


def metrics(hub: Hub, token: str) -> list[str]:
    with hub.http() as http:
        text = http.get("/metrics", headers={"Authorization": f"Bearer {token}"}).text
    return [line for line in text.splitlines() if line.startswith("vitalhub_mirror_")]


def test_the_state_of_each_declared_set_is_told(hub: Hub, operator: str) -> None:
    standings = MirrorStandings()
    standings.replace(
        {
            STATION: Standing(MirrorState.READY, Seq(7)),
            READING: Standing(MirrorState.UNFIT, reason="level_m: NaN"),
        }
    )
    declare(hub, STATION, READING, mirror=standings)
    found = told(hub, operator)
    assert found["station"] == {"state": "ready", "version": 7, "reason": None}
    assert found["reading"] == {"state": "unfit", "version": None, "reason": "level_m: NaN"}
    assert found["highWater"] is None
    assert metrics(hub, operator) == [
        'vitalhub_mirror_state{data_set="reading",state="unfit"} 1.0',
        'vitalhub_mirror_state{data_set="station",state="ready"} 1.0',
        'vitalhub_mirror_version{data_set="reading"} 0.0',
        'vitalhub_mirror_version{data_set="station"} 7.0',
    ]


def test_a_set_that_was_declared_a_moment_ago_is_on_its_way(hub: Hub, operator: str) -> None:
    declare(hub, STATION, mirror=MirrorStandings())
    assert told(hub, operator)["station"]["state"] == "building"


def test_without_a_mirror_declared_sets_are_off(hub: Hub, operator: str) -> None:
    declare(hub, STATION, mirror=None)
    assert told(hub, operator)["station"] == {"state": "off", "version": None, "reason": None}


def test_so_many_sets_are_named_at_most(hub: Hub) -> None:
    station = hub.services.catalogue().contracts[STATION]
    contracts = {
        DatasetCode(f"set_{number:03}"): replace(
            station, data_set=DatasetCode(f"set_{number:03}"), mirror=MirroredRows()
        )
        for number in range(NAMED + 2)
    }
    changed = Catalogue(contracts, {}, hub.services.catalogue().places)
    hub.serve(catalogue=lambda: changed)
    states, versions = mirror_metrics(hub.services)
    assert len(states.samples) == len(versions.samples) == NAMED
