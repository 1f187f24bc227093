"""Interface fields: typed, scoped, recorded; what goes wrong with one costs nobody else anything."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import anyio
import httpx
import pytest

from access.roles import Role
from catalog.ids import DatasetCode, GrantId
from catalog.sharing.grant import Quota
from connectors.connections import Connections
from schema.turns import Turns
from tests.connectors.calling.hostile import Hostile, hostile_server, wait_until
from tests.connectors.calling.lookup import HURRIED, UNHURRIED
from tests.schema.data.live import COLUMNS, LOT, OTHER, Town, live, publish, town_of
from tests.schema.hub import ADDRESS, Hub, whole
from tests.shared_data import grant

EVERYTHING = """{ parkingLot(lot: "A-1") {
  code free fee seen opened ratio serial open owner { name phones } } }"""
STATIONS = "{ station { code } }"


@pytest.fixture
def hostile() -> Iterator[Hostile]:
    with hostile_server() as server:
        yield server


@pytest.fixture
def town(hub: Hub, hostile: Hostile) -> Town:
    return town_of(hub, hostile)


def asking(lot: str, field: str = "parkingLot") -> str:
    return f'{{ {field}(lot: "{lot}") {{ free }} }}'


def test_a_live_answer_comes_typed_as_the_contract_says(town: Town) -> None:
    assert town.hub.ask(town.app, EVERYTHING)["parkingLot"] == {
        "code": "A-1",
        "free": 3,
        "fee": "2.50",
        "seen": "2026-08-01T08:00:00+08:00",
        "opened": "2020-05-01",
        "ratio": 0.5,
        "serial": "9007199254740993",
        "open": True,
        "owner": {"name": "示例", "phones": ["023-00000000"]},
    }


def test_only_what_the_document_requires_is_never_null(town: Town) -> None:
    query = """{ __type(name: "ParkingLot") { fields { name type { kind name } } }
      __schema { queryType { fields { name type { kind } } } } }"""
    told = town.hub.ask(town.app, query)
    kinds = {field["name"]: field["type"]["kind"] for field in told["__type"]["fields"]}
    assert {name for name, kind in kinds.items() if kind == "NON_NULL"} == {"code", "free"}
    roots = {f["name"]: f["type"]["kind"] for f in told["__schema"]["queryType"]["fields"]}
    assert roots["parkingLot"] == "OBJECT"


def test_a_hidden_member_does_not_exist_and_a_masked_one_is_its_keyed_hash(town: Town) -> None:
    hub = town.hub
    hub.granted("app", live(columns=("code", "free", "owner"), masked=("code", "owner")))
    shown = hub.ask(town.app, '{ parkingLot(lot: "A-1") { code owner free } }')["parkingLot"]
    assert shown["code"] == hashlib.sha256(b"kA-1").hexdigest()[:16]
    assert len(shown["owner"]) == 16
    hidden = hub.post(town.app, '{ parkingLot(lot: "A-1") { fee } }').text
    unknown = hub.post(town.app, '{ parkingLot(lot: "A-1") { foo } }').text
    assert hidden.split("requestId")[0].replace("fee", "foo") == unknown.split("requestId")[0]


def test_a_mask_is_the_same_as_that_of_the_same_value_in_a_data_set(town: Town) -> None:
    hub = town.hub
    hub.republish_stations("A-1")
    stations = grant(whole()[0].data_set, ("code", "name"), masked=("name",))
    hub.granted("app", stations, live(masked=("code",)))
    told = hub.ask(town.app, '{ station { name } parkingLot(lot: "A-1") { code } }')
    assert told["station"][0]["name"] == told["parkingLot"]["code"]


def test_callers_with_different_scopes_share_one_call_and_see_each_their_own(town: Town) -> None:
    hub = town.hub
    other = hub.client("other")
    hub.granted("other", live(columns=("code", "free"), masked=("code",)))
    mine = hub.ask(town.app, '{ parkingLot(lot: "A-1") { code fee } }')["parkingLot"]
    theirs = hub.ask(other, '{ parkingLot(lot: "A-1") { code free } }')["parkingLot"]
    assert mine == {"code": "A-1", "fee": "2.50"}
    assert theirs["code"] != "A-1"
    assert sum(town.hostile.asked.values()) == 1


@pytest.mark.parametrize(
    ("lot", "code"),
    [
        ("error-500", "INTERFACE_UNAVAILABLE"),
        ("closes-midway", "INTERFACE_UNAVAILABLE"),
        ("garbage", "INTERFACE_ANSWER_INVALID"),
        ("wrong-type", "INTERFACE_ANSWER_INVALID"),
        ("endless", "INTERFACE_ANSWER_INVALID"),
        ("redirect", "INTERFACE_ANSWER_INVALID"),
        ("too-many", "INTERFACE_BUSY"),
        ("unprocessable", "INTERFACE_ARGUMENT_INVALID"),
        ("..", "INTERFACE_ARGUMENT_INVALID"),
        ("a/b", "INTERFACE_ARGUMENT_INVALID"),
    ],
)
def test_what_goes_wrong_is_told_with_a_code_and_the_other_fields_stand(
    town: Town, lot: str, code: str
) -> None:
    assert told_beside_the_others(town, "parkingLot", lot) == code


@pytest.mark.parametrize("lot", ["never", "drips-body"])
def test_what_is_not_whole_in_its_time_is_told_and_the_other_fields_stand(
    town: Town, lot: str
) -> None:
    publish(town.hub, "hurried_lot", terms=HURRIED)
    town.hub.granted("app", *whole(), live(OTHER), live(DatasetCode("hurried_lot")))
    assert told_beside_the_others(town, "hurriedLot", lot) == "INTERFACE_TIMEOUT"


def told_beside_the_others(town: Town, field: str, lot: str) -> Any:
    query = (
        f'{{ {field}(lot: "{lot}") {{ free }} otherLot(lot: "A-2") {{ free }} station {{ code }} }}'
    )
    body = town.hub.post(town.app, query).json()
    (error,) = body["errors"]
    assert error["path"] == [field]
    assert body["data"][field] is None
    assert body["data"]["otherLot"] == {"free": 3}
    assert len(body["data"]["station"]) == 2
    assert "hunter2" not in str(body)
    return error["extensions"]["code"]


def test_nothing_of_this_key_is_null_and_no_error(town: Town) -> None:
    assert town.hub.ask(town.app, asking("absent")) == {"parkingLot": None}


def test_while_one_interface_hangs_data_and_other_interfaces_answer(town: Town) -> None:
    """Seen by order: the hanging ones are asked first and are still waiting when all else is done. They
    ask for data as well, more of them than the engine has places.
    """
    publish(town.hub, "slow_lot", terms=f"{UNHURRIED}\nconcurrency: 4")
    town.hub.granted("app", *whole(), live(), live(OTHER), live(DatasetCode("slow_lot")))
    headers = {"Authorization": f"Bearer {town.app}"}
    done: list[str] = []

    async def post(client: httpx.AsyncClient, name: str, query: str) -> None:
        reply = await client.post("/graphql", json={"query": query}, headers=headers)
        done.append(name if "errors" not in reply.json() else f"{name} failed")

    async def everybody() -> None:
        transport = httpx.ASGITransport(town.hub.app)
        async with (
            httpx.AsyncClient(transport=transport, base_url=ADDRESS, timeout=60) as client,
            anyio.create_task_group() as tasks,
        ):
            for floor in range(10):
                query = f'{{ slowLot(lot: "never", floor: {floor}) {{ free }} station {{ code }} }}'
                tasks.start_soon(post, client, "hanging", query)
            await anyio.to_thread.run_sync(
                wait_until, lambda: sum(town.hostile.asked.values()) == 4
            )
            async with anyio.create_task_group() as others:
                for number in range(10):
                    others.start_soon(post, client, "data", STATIONS)
                    others.start_soon(post, client, "live", asking(f"A-{number}", "otherLot"))
            done.append("all others")
            town.hostile.stopping.set()

    anyio.run(everybody)
    before = done[: done.index("all others")]
    assert sorted(before) == ["data"] * 10 + ["live"] * 10
    assert len(done) == 31


def test_operators_meter_each_live_service_by_its_code(town: Town) -> None:
    operator = town.hub.client("operator", Role.OPERATOR, of="cq_bigdata")

    def metered() -> dict[str, float]:
        with town.hub.http() as http:
            text = http.get("/metrics", headers={"Authorization": f"Bearer {operator}"}).text
        found = re.findall(
            r'^vitalhub_(interface_\w+)\{interface="parking_lot"} (\S+)$', text, re.MULTILINE
        )
        return {name: float(value) for name, value in found}

    before = metered()
    assert before["interface_calls"] == before["interface_spared"] == 0
    for lot in ("A-1", "A-1"):
        town.hub.ask(town.app, asking(lot))
    town.hub.post(town.app, asking("garbage"))
    after = metered()
    assert (after["interface_calls"], after["interface_failures"]) == (2, 1)
    assert after["interface_cached"] == 1
    assert after["interface_seconds"] > 0


def test_every_call_leaves_a_usage_record_cached_and_failed_ones_too(town: Town) -> None:
    hub = town.hub
    for lot in ("A-1", "A-1", "garbage"):
        hub.post(town.app, f'{{ parkingLot(lot: "{lot}") {{ code free }} }}')
    called, cached, failed = (r for r in hub.usage_records() if "calls" in r)
    assert called["columns"] == {"parking_lot": ["code", "free"]}
    assert (called["grants"], called["purposes"]) == (["grant-parking_lot"], ["防汛"])
    assert (called["rows"], called["outcome"]) == (1, "OK")
    assert called["calls"] == {"parking_lot": ["CALLED"]}
    assert cached["calls"] == {"parking_lot": ["CACHED"]}
    assert failed["calls"] == {"parking_lot": ["INTERFACE_ANSWER_INVALID"]}
    assert (failed["rows"], failed["outcome"]) == (0, "INTERFACE_ANSWER_INVALID")


def test_auditors_read_how_each_call_went_and_that_it_has_no_replay(town: Town) -> None:
    hub = town.hub
    hub.ask(town.app, asking("A-1"))
    auditor = hub.client("auditor", Role.AUDITOR, of="cq_bigdata")
    query = "{ usage { records { id calls { interface outcomes } dataSets { columns } } } }"
    record = hub.ask(auditor, query)["usage"]["records"][0]
    assert record["calls"] == [{"interface": "parkingLot", "outcomes": ["CALLED"]}]
    assert record["dataSets"] == [{"columns": ["free"]}]
    again = f'{{ replay(usageId: "{record["id"]}") {{ equal }} }}'
    assert hub.codes(auditor, again) == ["NOT_REPLAYABLE"]


def test_the_reply_tells_when_the_provider_was_asked_and_how_old_the_answer_is(town: Town) -> None:
    def source() -> Any:
        body = town.hub.post(town.app, asking("A-1")).json()
        return body["extensions"]["data"]["parkingLot"]

    first = source()
    assert (first["ageSeconds"], first["fromCache"], first["sourceLevel"]) == (
        0,
        False,
        "municipal",
    )
    town.hub.clock.advance(timedelta(seconds=20))
    again = source()
    assert again == first | {"ageSeconds": 20, "fromCache": True}


def test_together_with_as_of_a_live_service_is_refused(town: Town) -> None:
    query = '{ parkingLot(lot: "A-1") { free } station(asOf: "2026-08-01T01:00:00Z") { code } }'
    assert town.hub.codes(town.app, query) == ["INTERFACE_LIVE_ONLY"]
    assert not town.hostile.asked
    assert town.hub.codes(
        town.app, '{ parkingLot(lot: "A-1", asOf: "2026-08-01T01:00:00Z") { free } }'
    ) == ["GRAPHQL_VALIDATION_FAILED"]


def test_there_is_no_subscription_to_a_live_service(town: Town) -> None:
    query = "{ __schema { subscriptionType { fields { name } } } }"
    fields = town.hub.ask(town.app, query)["__schema"]["subscriptionType"]["fields"]
    assert not {"parkingLot", "otherLot"} & {field["name"] for field in fields}


def test_without_a_grant_the_field_is_unknown_and_the_provider_is_not_asked(town: Town) -> None:
    town.hub.granted("app", *whole())
    hidden = town.hub.post(town.app, asking("A-1")).json()["errors"][0]["message"]
    unknown = town.hub.post(town.app, asking("A-1", "parkingBot")).json()["errors"][0]["message"]
    assert hidden.replace("parkingLot", "parkingBot") == unknown
    assert not town.hostile.asked


def test_a_grant_with_a_row_condition_or_an_aggregate_column_shows_nothing_of_it(
    town: Town,
) -> None:
    town.hub.granted("app", grant(LOT, COLUMNS, aggregate=COLUMNS))
    assert town.hub.codes(town.app, asking("A-1")) == ["GRAPHQL_VALIDATION_FAILED"]
    town.hub.granted("app", grant(LOT, COLUMNS, places=["500106"]))
    assert town.hub.codes(town.app, asking("A-1")) == ["GRAPHQL_VALIDATION_FAILED"]


@pytest.mark.usefixtures("one_day")
def test_a_daily_quota_of_the_grant_counts_live_calls(town: Town) -> None:
    town.hub.granted("app", replace(live(), quota=Quota(calls=2)))
    for lot in ("A-1", "A-1"):
        town.hub.ask(town.app, asking(lot))
    assert town.hub.codes(town.app, asking("A-2")) == ["QUOTA_SPENT"]
    assert sum(town.hostile.asked.values()) == 1


@pytest.mark.usefixtures("one_day")
def test_several_names_for_one_field_are_several_calls_of_the_daily_quota(town: Town) -> None:
    hub = town.hub
    hub.granted("app", replace(live(), quota=Quota(calls=5)))
    three = '{ a: parkingLot(lot: "A-1") { free } b: parkingLot(lot: "A-2") { free } c: parkingLot(lot: "A-3") { free } }'
    hub.ask(town.app, three)
    (quota,) = hub.ask(town.app, "{ me { quotas { left { calls } } } }")["me"]["quotas"]
    assert quota["left"]["calls"] == "2"
    assert hub.codes(town.app, three) == ["QUOTA_SPENT"]
    assert sum(town.hostile.asked.values()) == 3
    hub.ask(town.app, asking("A-1"))


def test_a_service_whose_connection_the_operator_takes_away_is_unavailable(town: Town) -> None:
    town.hub.connections = Connections({})
    assert town.hub.codes(town.app, asking("A-1")) == ["INTERFACE_UNAVAILABLE"]


def test_aliases_ask_several_questions_in_one_operation(town: Town) -> None:
    query = '{ a: parkingLot(lot: "A-1") { free } b: parkingLot(lot: "absent") { free } }'
    assert town.hub.ask(town.app, query) == {"a": {"free": 3}, "b": None}
    assert town.hub.usage_records()[-1]["calls"] == {"parking_lot": ["CALLED", "CALLED"]}


HEALTH = """{ interfaceHealth { name phase calls failures availability fromCache refused
  outcomes { code calls } lastProblem triedAgainAt } }"""


def test_stewards_and_operators_see_how_a_service_does_and_operators_why_it_failed(
    town: Town,
) -> None:
    hub = town.hub
    steward = hub.client("water", Role.STEWARD, of="cq_water")
    stranger = hub.client("hightech", Role.STEWARD, of="cq_hightech")
    operator = hub.client("operator", Role.OPERATOR, of="cq_bigdata")
    for lot in ("A-1", "A-1", "garbage"):
        hub.post(town.app, asking(lot))
    assert "interfaceHealth" not in hub.post(town.app, HEALTH).json().get("data", {})
    assert hub.ask(stranger, HEALTH) == {"interfaceHealth": []}
    (_, lots) = hub.ask(steward, HEALTH)["interfaceHealth"]
    assert (lots["name"], lots["calls"], lots["failures"]) == ("parkingLot", 2, 1)
    assert (lots["availability"], lots["fromCache"], lots["phase"]) == (0.5, 1, "CLOSED")
    assert lots["lastProblem"] is None
    (_, lots) = hub.ask(operator, HEALTH)["interfaceHealth"]
    assert lots["lastProblem"] == "is not UTF-8"


def test_the_health_page_shows_the_services_that_the_caller_may_ask(town: Town) -> None:
    with town.hub.http() as http:
        mine = http.get("/health", headers={"Authorization": f"Bearer {town.app}"}).json()
        nobody = http.get("/health").json()
    assert [(one["name"], one["state"]) for one in mine["interfaces"]] == [
        ("otherLot", "up"),
        ("parkingLot", "up"),
    ]
    assert "interfaces" not in nobody
    assert "parkingLot" not in {one["name"] for one in mine["dataSets"]}


def test_a_call_is_recorded_even_where_the_data_beside_it_found_no_place(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        return None

    monkeypatch.setattr(Turns, "ask", full)
    query = '{ parkingLot(lot: "A-1") { free } station { code } }'
    assert town.hub.codes(town.app, query) == ["QUEUE_FULL"]
    (record,) = (r for r in town.hub.usage_records() if "calls" in r)
    assert record["calls"] == {"parking_lot": ["CALLED"]}
    assert record["outcome"] == "QUEUE_FULL"


def test_one_operation_asks_live_services_for_one_purpose_only(town: Town) -> None:
    """No purpose is stated, and each of them is held for one."""
    repair = replace(live(), purpose="设备检修", id=GrantId("repair"))
    town.hub.granted("app", *whole(), repair, live(OTHER))
    other = '{ parkingLot(lot: "A-1") { free } otherLot(lot: "A-1") { free } }'
    beside = '{ parkingLot(lot: "A-1") { free } readingConnection { totalCount } }'
    for query in (other, beside):
        assert town.hub.codes(town.app, query) == ["PURPOSE_REQUIRED"]
    assert sum(town.hostile.asked.values()) == 0
    town.hub.ask(town.app, asking("A-1"))
    assert sum(town.hostile.asked.values()) == 1
