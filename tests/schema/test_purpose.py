"""The purpose that a request states chooses the grants that make its scope."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from catalog.ids import ClientId, DatasetCode, GrantId
from catalog.sharing.grant import Grant
from schema.errors import RequestMalformed
from schema.purpose import Stated, chosen, stated_of
from tests.schema.hub import READING_COLUMNS, STATION_COLUMNS, Hub
from tests.shared_data import grant

STATION, READING = DatasetCode("station"), DatasetCode("reading")
FLOOD, REPAIR = "防汛避险", "设备检修"


def for_purpose(purpose: str, granted: Grant) -> Grant:
    return replace(granted, id=GrantId(f"grant-{granted.data_set}-{purpose}"), purpose=purpose)


@pytest.fixture
def two(hub: Hub) -> str:
    """Stations for two purposes: names for one, telephone numbers for the other; readings for one."""
    token = hub.client("two", of="cq_hightech")
    hub.granted(
        "two",
        for_purpose(FLOOD, grant(STATION, ("code", "name"))),
        for_purpose(REPAIR, grant(STATION, ("code", "phone"), masked=("phone",))),
        for_purpose(FLOOD, grant(READING, READING_COLUMNS, places=["500106"])),
    )
    return token


def asked(hub: Hub, token: str, query: str, **headers: str) -> Any:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    with hub.http() as http:
        return http.post(
            "/graphql",
            json={"query": query},
            headers={"Authorization": f"Bearer {token}", **names},
        )


def body(hub: Hub, token: str, query: str, purpose: str) -> Any:
    return asked(hub, token, query, X_Vitalhub_Purpose=quote(purpose)).json()


def test_a_purpose_answers_with_its_own_columns_and_never_with_anothers(hub: Hub, two: str) -> None:
    names, phones = "{ station { code name } }", "{ station { code phone } }"
    assert [r["code"] for r in body(hub, two, names, FLOOD)["data"]["station"]] == ["A", "B"]
    assert [r["code"] for r in body(hub, two, phones, REPAIR)["data"]["station"]] == ["A", "B"]
    for query, purpose in ((phones, FLOOD), (names, REPAIR)):
        reply = body(hub, two, query, purpose)
        assert "data" not in reply
        assert reply["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert [r["code"] for r in body(hub, two, names, FLOOD)["data"]["station"]] == ["A", "B"]


def test_the_purposes_of_one_client_are_not_in_each_others_introspection(
    hub: Hub, two: str
) -> None:
    query = '{ __type(name: "Station") { fields { name } } }'

    def fields(purpose: str) -> set[str]:
        return {f["name"] for f in body(hub, two, query, purpose)["data"]["__type"]["fields"]}

    assert {"code", "name"} <= fields(FLOOD)
    assert "phone" not in fields(FLOOD)
    assert fields(REPAIR) == {"code", "phone"}


def test_rows_follow_the_purpose_when_the_columns_are_equal(hub: Hub) -> None:
    """Both scopes have one schema and one document, so only the scope can tell them apart."""
    token = hub.client("equal", of="cq_hightech")
    here, there = (
        for_purpose(purpose, grant(READING, READING_COLUMNS, places=[place]))
        for purpose, place in ((FLOOD, "500106"), (REPAIR, "500172"))
    )
    hub.granted("equal", here, there)
    query = "{ reading { placeCode } }"
    for _ in range(2):
        for purpose, place in ((FLOOD, "500106004"), (REPAIR, "500106016")):
            rows = body(hub, token, query, purpose)["data"]["reading"]
            assert {row["placeCode"] for row in rows} == {place}


def test_without_a_purpose_a_set_held_for_several_asks_for_one_of_the_callers_own(
    hub: Hub, two: str
) -> None:
    hub.client("stranger", of="cq_hightech")
    hub.granted("stranger", for_purpose("外人用途", grant(STATION, STATION_COLUMNS)))
    reply = hub.post(two, "{ station { code } }").json()
    (error,) = reply["errors"]
    assert error["extensions"]["code"] == "PURPOSE_REQUIRED"
    assert FLOOD in error["message"]
    assert REPAIR in error["extensions"]["messageEn"]
    assert "外人用途" not in str(reply)


def test_without_a_purpose_a_set_held_for_one_is_read_for_it(hub: Hub, two: str) -> None:
    assert len(hub.ask(two, "{ reading { levelM } }")["reading"]) == 2
    assert hub.usage_records()[-1]["purposes"] == [FLOOD]


def test_without_a_purpose_what_reads_no_data_works(hub: Hub, two: str) -> None:
    me = hub.ask(two, "{ me { purposes purpose dataSets } catalogueEntries { code } }")["me"]
    assert me == {"purposes": sorted([FLOOD, REPAIR]), "purpose": None, "dataSets": ["reading"]}


def test_one_operation_does_not_mix_purposes(hub: Hub) -> None:
    token = hub.client("mixed", of="cq_hightech")
    hub.granted(
        "mixed",
        for_purpose(REPAIR, grant(STATION, STATION_COLUMNS)),
        for_purpose(FLOOD, grant(READING, READING_COLUMNS, places=["500106"])),
    )
    assert hub.ask(token, "{ station { code } }")["station"]
    assert hub.ask(token, "{ reading { levelM } }")["reading"]
    for query in (
        "{ station { readings { levelM } } }",
        "{ reading { levelM } station { code } }",
    ):
        assert hub.codes(token, query)[-1] == "PURPOSE_REQUIRED"


def test_a_purpose_that_is_not_held_and_one_that_is_nobodys_read_the_same(
    hub: Hub, two: str
) -> None:
    hub.client("stranger", of="cq_hightech")
    hub.granted("stranger", for_purpose("外人用途", grant(STATION, STATION_COLUMNS)))
    replies = []
    for purpose in ("外人用途", "无人用途"):
        reply = asked(hub, two, "{ me { clientId } }", X_Vitalhub_Purpose=quote(purpose))
        assert reply.status_code == 403
        error = reply.json()["errors"][0]
        del error["extensions"]["requestId"]
        replies.append(error)
    assert replies[0] == replies[1]
    assert replies[0]["extensions"]["code"] == "PURPOSE_UNKNOWN"
    assert FLOOD not in str(replies)


def test_an_ended_grant_ends_its_purpose(hub: Hub, two: str) -> None:
    assert "data" in body(hub, two, "{ station { code } }", FLOOD)
    hub.granted("two", for_purpose(REPAIR, grant(STATION, ("code", "name"))))
    reply = body(hub, two, "{ station { code } }", FLOOD)
    assert reply["errors"][0]["extensions"]["code"] == "PURPOSE_UNKNOWN"
    assert len(hub.ask(two, "{ station { code } }")["station"]) == 2
    hub.clock.advance(timedelta(days=800))
    reply = body(hub, two, "{ station { code } }", REPAIR)
    assert reply["errors"][0]["extensions"]["code"] == "PURPOSE_UNKNOWN"


def test_an_organisations_own_data_serve_every_purpose(hub: Hub) -> None:
    token = hub.client("owner", of="cq_water")
    hub.granted("owner", for_purpose(FLOOD, grant(DatasetCode("high_water"), ("code",))))
    query = "{ station { code phone } }"
    assert len(body(hub, token, query, FLOOD)["data"]["station"]) == 2
    assert len(hub.ask(token, query)["station"]) == 2
    assert hub.ask(token, "{ me { purposes dataSets } }")["me"] == {
        "purposes": [FLOOD],
        "dataSets": ["highWater", "reading", "station"],
    }


def test_purpose_and_case_stand_in_the_usage_record(hub: Hub, two: str) -> None:
    case = "汛情 2026-17"
    reply = asked(
        hub,
        two,
        "{ station { code } }",
        X_Vitalhub_Purpose=quote(FLOOD),
        X_Vitalhub_Case=quote(case),
    )
    assert reply.status_code == 200
    record = hub.usage_records()[-1]
    assert (record["purposes"], record["case"]) == ([FLOOD], case)
    assert record["grants"] == [f"grant-station-{FLOOD}"]


@pytest.mark.parametrize("value", ["%FF%FE", "%00", "a" * 201, "%E2%80%AE"])
def test_a_header_that_is_no_short_plain_text_is_refused(hub: Hub, two: str, value: str) -> None:
    for name in ("X_Vitalhub_Purpose", "X_Vitalhub_Case"):
        reply = asked(hub, two, "{ me { clientId } }", **{name: value})
        assert reply.status_code == 400
        assert reply.json()["errors"][0]["extensions"]["code"] == "REQUEST_MALFORMED"


def test_health_lists_what_is_held_for_whichever_purpose(hub: Hub, two: str) -> None:
    with hub.http() as http:
        sets = http.get("/health", headers={"Authorization": f"Bearer {two}"}).json()["dataSets"]
    assert {one["name"] for one in sets} == {"station", "reading"}


def test_a_websockets_payload_states_them_as_plain_text() -> None:
    assert stated_of(FLOOD, "甲-1") == Stated(FLOOD, "甲-1")
    assert stated_of(None, " ") == Stated(None, None)
    for wrong in (7, ["a"], "a\nb", "a" * 201):
        with pytest.raises(RequestMalformed):
            stated_of(wrong, None)


def test_no_statement_keeps_every_set_that_is_decided() -> None:
    held = [
        replace(grant(STATION, STATION_COLUMNS), purpose=p, client=ClientId("c"))
        for p in (FLOOD, REPAIR)
    ]
    assert chosen(held, None).undecided == {STATION}
    assert chosen(held[:1], None).grants == (held[0],)
