"""An interface in the catalogue: found, asked for, decided, revoked and expired as a data set is."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from access.roles import Role
from tests.connectors.calling.hostile import Hostile, hostile_server
from tests.schema.core.test_sharing import DECIDE, DRAFT, STEP, TERMS
from tests.schema.data.live import Town, town_of
from tests.schema.hub import Hub

ENTRY = """{ catalogueEntries(search: "停车场") { code name resource attached collected shared sdl
  dataSet columns { name label kind } provider { code answerWorkingDays } } }"""
ASK = '{ parkingLot(lot: "A-1") { code free } }'
REVOKE = 'mutation ($id: String!) { revokeGrant(id: $id, reason: "用途已毕") { state } }'
SCOPE = {"columns": ["free"], "masked": ["code"]}


@pytest.fixture
def hostile() -> Iterator[Hostile]:
    with hostile_server() as server:
        yield server


@pytest.fixture
def town(hub: Hub, hostile: Hostile) -> Town:
    made = town_of(hub, hostile)
    hub.granted("app")
    return made


def test_it_is_found_in_the_catalogue_with_the_field_a_grant_would_give(town: Town) -> None:
    entries = town.hub.ask(town.app, ENTRY)["catalogueEntries"]
    (entry,) = [entry for entry in entries if entry["code"] == "parking_lot"]
    assert (entry["resource"], entry["dataSet"]) == ("INTERFACE", "parkingLot")
    assert (entry["attached"], entry["collected"], entry["shared"]) == (True, False, False)
    assert entry["columns"][0] == {"name": "code", "label": "编号", "kind": "string"}
    assert {"name": "owner", "label": "权属", "kind": "object"} in entry["columns"]
    assert entry["provider"] == {"code": "cq_water", "answerWorkingDays": 10}
    assert "parkingLot(" in entry["sdl"]
    assert "type ParkingLotOwner" in entry["sdl"]
    others = town.hub.ask(town.app, "{ catalogueEntries { code resource } }")["catalogueEntries"]
    assert {"code": "station", "resource": "DATA_SET"} in others


def granted(town: Town) -> str:
    """Asked for, signed by both heads and approved: the grant's id."""
    hub = town.hub
    requester = hub.client("shapingba-steward", Role.STEWARD)
    provider = hub.client("water-steward", Role.STEWARD, of="cq_water")
    terms = TERMS | {"dataSet": "parkingLot", "scope": [SCOPE], "derivation": False}
    request = hub.ask(town.app, DRAFT, t=terms)["draftShareRequest"]["id"]
    hub.ask(requester, STEP % "signShareRequest", id=request)
    hub.ask(town.app, STEP % "submitShareRequest", id=request)
    hub.ask(provider, STEP % "signShareRequest", id=request)
    decided = hub.ask(provider, DECIDE, id=request, d={"approve": {}})
    assert decided["decideShareRequest"]["state"] == "APPROVED"
    held = hub.ask(town.app, "{ grants { id dataSet state } }")["grants"]
    assert [(one["dataSet"], one["state"]) for one in held] == [("parkingLot", "ACTIVE")]
    return str(held[0]["id"])


def test_an_approved_request_gives_the_field_and_a_revocation_takes_it_away(town: Town) -> None:
    hub = town.hub
    assert hub.codes(town.app, ASK) == ["GRAPHQL_VALIDATION_FAILED"]
    grant = granted(town)
    lot = hub.ask(town.app, ASK)["parkingLot"]
    assert lot["free"] == 3
    assert lot["code"] != "A-1"
    assert hub.ask(town.app, "{ me { interfaces } }")["me"] == {"interfaces": ["parkingLot"]}
    steward = hub.token("water-steward")
    hub.ask(steward, REVOKE, id=grant)
    assert hub.codes(town.app, ASK) == ["GRAPHQL_VALIDATION_FAILED"]
    assert sum(town.hostile.asked.values()) == 1


def test_an_expired_grant_gives_nothing_more(town: Town) -> None:
    granted(town)
    town.hub.ask(town.app, ASK)
    town.hub.clock.advance(timedelta(days=400))
    assert town.hub.codes(town.app, ASK) == ["GRAPHQL_VALIDATION_FAILED"]


def test_a_request_for_it_has_no_row_conditions(town: Town) -> None:
    hub = town.hub
    requester = hub.client("shapingba-steward", Role.STEWARD)
    condition = {"column": "free", "op": "GT", "values": ["1"]}
    terms = TERMS | {"dataSet": "parkingLot", "scope": [SCOPE | {"conditions": [condition]}]}
    request = hub.ask(town.app, DRAFT, t=terms)["draftShareRequest"]["id"]
    hub.ask(requester, STEP % "signShareRequest", id=request)
    assert hub.codes(town.app, STEP % "submitShareRequest", id=request) == ["REQUEST_INCOMPLETE"]
