import logging
from typing import Any

import orjson
import pytest

from access.roles import Role
from catalog.ids import DatasetCode
from schema.http import MAX_BODY, MAX_CATALOGUE_BODY
from tests.schema.hub import READING_COLUMNS, Hub, whole
from tests.shared_data import grant

QUERY = "{ station(orderBy: [{code: ASC}]) { code name } }"
GJ = "application/graphql-response+json"
STRICT = {"Accept": GJ}


def bearer(token: str, **headers: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", **headers}


def send(hub: Hub, token: str, **options: Any) -> Any:
    headers = bearer(token) | options.pop("headers", {})
    with hub.http() as http:
        return http.post("/graphql", headers=headers, **options)


def code_of(reply: Any) -> str:
    return str(reply.json()["errors"][0]["extensions"]["code"])


def test_a_granted_data_set_answers_with_its_rows_and_where_they_come_from(
    hub: Hub, app: str
) -> None:
    reply = hub.post(app, QUERY)
    assert reply.status_code == 200
    assert reply.json()["data"] == {
        "station": [{"code": "A", "name": "磁器口"}, {"code": "B", "name": "北碚"}]
    }
    origin = reply.json()["extensions"]["data"]["station"]
    assert origin["loadId"] == "stations"
    assert origin["ageSeconds"] == 3600
    assert (origin["grade"], origin["sourceLevel"], origin["version"]) == (None, "municipal", 1)


def test_chinese_is_sent_as_it_is_written(hub: Hub, app: str) -> None:
    assert "磁器口".encode() in hub.post(app, QUERY).content


def test_every_reply_names_its_request(hub: Hub, app: str) -> None:
    assert len(hub.post(app, QUERY).headers["x-request-id"]) == 32
    given = send(hub, app, json={"query": "{ nope }"}, headers={"X-Request-Id": "my-1"})
    assert given.headers["x-request-id"] == "my-1"
    assert given.json()["errors"][0]["extensions"]["requestId"] == "my-1"
    odd = send(hub, app, json={"query": QUERY}, headers={"X-Request-Id": "a b\tc"})
    assert odd.headers["x-request-id"] != "a b\tc"


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (None, "TOKEN_MISSING"),
        ("Basic YTpi", "TOKEN_MISSING"),
        ("Bearer ", "TOKEN_MISSING"),
        ("Bearer forged", "TOKEN_INVALID"),
        ("Bearer a.b.c", "TOKEN_INVALID"),
    ],
)
def test_without_a_valid_token_nothing_is_told(
    hub: Hub, authorization: str | None, code: str
) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    with hub.http() as http:
        reply = http.post("/graphql", json={"query": "{ __typename }"}, headers=headers)
    assert (reply.status_code, code_of(reply)) == (401, code)
    assert reply.headers["www-authenticate"].startswith("Bearer")
    assert "data" not in reply.json()


def test_a_revoked_token_is_told_so(hub: Hub, app: str) -> None:
    hub.ask(app, "{ me { clientId } }")
    hub.clients.revoke_client(hub.principal(app).client)
    reply = hub.post(app, QUERY)
    assert (reply.status_code, code_of(reply)) == (401, "TOKEN_REVOKED")


def test_a_body_past_the_limit_is_not_read(hub: Hub, app: str) -> None:
    reply = send(hub, app, json={"query": QUERY, "extensions": {"x": "x" * MAX_BODY}})
    assert (reply.status_code, code_of(reply)) == (413, "BODY_TOO_LARGE")


@pytest.mark.parametrize(
    ("role", "limit"), [(Role.APP, MAX_BODY), (Role.STEWARD, MAX_CATALOGUE_BODY)]
)
def test_a_body_without_a_length_is_stopped_at_the_callers_limit(
    hub: Hub, role: Role, limit: int
) -> None:
    token, sent = hub.client("sender", role), 0

    async def endless() -> Any:
        nonlocal sent
        while True:
            sent += 8192
            yield b" " * 8192

    reply = send(hub, token, content=endless(), headers={"Content-Type": "application/json"})
    assert (reply.status_code, code_of(reply)) == (413, "BODY_TOO_LARGE")
    assert str(limit) in reply.json()["errors"][0]["message"]
    assert sent == limit + 8192


@pytest.mark.parametrize(
    "media", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=gbk"]
)
def test_only_json_in_utf8_is_taken(hub: Hub, app: str, media: str) -> None:
    content = orjson.dumps({"query": QUERY})
    reply = send(hub, app, content=content, headers={"Content-Type": media})
    assert (reply.status_code, code_of(reply)) == (415, "MEDIA_TYPE_UNSUPPORTED")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'[{"query": "{ me { clientId } }"}]',
        b"{}",
        b'{"query": 3}',
        b'{"query": "  "}',
        b'{"query": "{ a }", "variables": []}',
        b'{"query": "{ a }", "operationName": 3}',
        b'{"query": "{ a }", "extensions": "x"}',
        b'\xff{"query": "{ a }"}',
        b'{"query": "\xe6"}',
    ],
)
def test_a_malformed_request_is_a_400_in_either_media_type(hub: Hub, app: str, body: bytes) -> None:
    for accept in ({}, STRICT):
        headers = {"Content-Type": "application/json", **accept}
        reply = send(hub, app, content=body, headers=headers)
        assert (reply.status_code, code_of(reply)) == (400, "REQUEST_MALFORMED")


@pytest.mark.parametrize(
    ("query", "code"),
    [("{", "GRAPHQL_PARSE_FAILED"), ("{ nope }", "GRAPHQL_VALIDATION_FAILED")],
)
def test_a_refused_document_is_400_only_where_the_media_type_says_so(
    hub: Hub, app: str, query: str, code: str
) -> None:
    usual = send(hub, app, json={"query": query})
    strict = send(hub, app, json={"query": query}, headers=STRICT)
    assert (usual.status_code, strict.status_code) == (200, 400)
    assert strict.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    for reply in (usual, strict):
        assert code_of(reply) == code
        assert "data" not in reply.json()
        assert reply.json()["errors"][0]["locations"]


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("application/json", "application/json"),
        (
            "application/graphql-response+json, application/json",
            "application/graphql-response+json",
        ),
        ("application/graphql-response+json;q=0.5, application/json", "application/json"),
        ("text/html, */*;q=0.1", "application/json"),
        ("application/json;q=0, */*", "application/graphql-response+json"),
        ("*/*;q=0.9, application/graphql-response+json;q=0.8", "application/json"),
        ("application/json; charset=utf-8", "application/json"),
        ('application/json; charset="UTF-8"', "application/json"),
        ("application/json;charset=gbk, */*;q=0.1", "application/json"),
        ("application/json;q=0.1234, application/graphql-response+json;q=0.001", GJ),
    ],
)
def test_the_reply_is_in_the_media_type_that_was_asked_for(
    hub: Hub, app: str, accept: str, media: str
) -> None:
    reply = send(hub, app, json={"query": QUERY}, headers={"Accept": accept})
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith(media)


@pytest.mark.parametrize(
    "accept",
    [
        "text/plain",
        "application/json;q=0",
        "application/json;q=0, application/graphql-response+json;q=0.000",
        "application/json;charset=gbk",
        "application/json;q=nan",
        "application/json;q=-1",
        "*/*;q=0",
        ";;,,",
    ],
)
def test_a_media_type_we_do_not_speak_is_a_406(hub: Hub, app: str, accept: str) -> None:
    reply = send(hub, app, json={"query": QUERY}, headers={"Accept": accept})
    assert (reply.status_code, code_of(reply)) == (406, "NOT_ACCEPTABLE")


@pytest.mark.parametrize(
    ("method", "allowed"),
    [("GET", "POST"), ("PUT", "GET, POST"), ("DELETE", "GET, POST"), ("PATCH", "GET, POST")],
)
def test_other_methods_are_refused_and_told_which_ones_to_use(
    hub: Hub, app: str, method: str, allowed: str
) -> None:
    with hub.http() as http:
        reply = http.request(method, "/graphql?query={__typename}", headers=bearer(app))
    assert (reply.status_code, reply.headers["allow"]) == (405, allowed)
    assert code_of(reply) == "METHOD_NOT_ALLOWED"


def test_of_several_operations_one_must_be_named(hub: Hub, app: str) -> None:
    query = "query A { me { clientId } } query B { me { organisation } }"
    assert code_of(hub.post(app, query)) == "OPERATION_NAME_REQUIRED"
    assert code_of(hub.post(app, query, operationName="C")) == "OPERATION_UNKNOWN"
    named = hub.post(app, query, operationName="B").json()
    assert named["data"] == {"me": {"organisation": "cq_shapingba"}}
    assert code_of(hub.post(app, "fragment F on Query { __typename }")) == "OPERATION_UNKNOWN"


def test_a_wrong_variable_is_a_request_error(hub: Hub, app: str) -> None:
    query = "query ($n: Int) { station(limit: $n) { code } }"
    reply = send(hub, app, json={"query": query, "variables": {"n": "x"}}, headers=STRICT)
    assert (reply.status_code, code_of(reply)) == (400, "VARIABLES_INVALID")
    assert "data" not in reply.json()


def test_every_error_speaks_chinese_and_english(hub: Hub, app: str) -> None:
    for query in ("{", "{ nope }", "{ station(limit: 5000) { code } }"):
        error = hub.post(app, query).json()["errors"][0]
        assert any("\u4e00" <= letter <= "\u9fff" for letter in error["message"])
        assert error["extensions"]["messageEn"].isascii()


def test_a_fault_of_ours_never_shows_its_text(
    hub: Hub, app: str, caplog: pytest.LogCaptureFixture
) -> None:
    hub.warehouse.close()
    with caplog.at_level(logging.CRITICAL):
        reply = hub.post(app, QUERY)
    assert code_of(reply) == "WAREHOUSE_FAULT"
    assert b"onnection" not in reply.content
    assert (
        reply.json()["errors"][0]["extensions"]["requestId"] in reply.json()["errors"][0]["message"]
    )


def test_an_unexpected_exception_is_internal_and_silent(
    hub: Hub, app: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_: object) -> None:
        raise RuntimeError("secret inner text")

    monkeypatch.setattr("schema.data.plan.compile_read", explode)
    reply = hub.post(app, QUERY)
    assert code_of(reply) == "INTERNAL"
    assert b"secret" not in reply.content


def test_no_data_leave_when_their_use_cannot_be_recorded(hub: Hub, app: str) -> None:
    hub.usage.close()
    reply = hub.post(app, QUERY)
    assert (reply.status_code, code_of(reply)) == (503, "USAGE_LOG_UNAVAILABLE")
    assert "磁器口".encode() not in reply.content
    assert hub.ask(app, "{ me { clientId } }") == {"me": {"clientId": "app"}}


def test_each_data_read_leaves_one_record(hub: Hub, app: str) -> None:
    reply = hub.post(app, "{ station { code readings(orderBy: [{observedAt: ASC}]) { levelM } } }")
    hub.ask(app, "{ me { clientId } }")
    hub.usage.close()
    records = [record for record in hub.usage_records() if record.get("client") == "app"]
    assert len(records) == 1
    assert records[0]["outcome"] == "OK"
    assert records[0]["columns"] == {
        "reading": ["level_m", "observed_at", "station_code"],
        "station": ["code"],
    }
    assert records[0]["rows"] == 5
    assert records[0]["reply_bytes"] == len(reply.content)
    assert reply.headers["x-usage-id"].startswith("u-")


def test_counting_rows_without_a_column_leaves_a_record_too(hub: Hub, app: str) -> None:
    reply = hub.post(app, "{ station { __typename } }")
    assert reply.headers["x-usage-id"].startswith("u-")
    record = hub.usage_records()[-1]
    assert (record["columns"], record["rows"]) == ({"station": []}, 2)


def test_a_role_without_data_sees_none_whatever_its_client_was_granted(hub: Hub) -> None:
    auditor = hub.client("auditor", Role.AUDITOR)
    hub.granted("auditor", *whole())
    assert hub.ask(auditor, "{ me { dataSets } }") == {"me": {"dataSets": []}}
    assert hub.codes(auditor, QUERY) == ["GRAPHQL_VALIDATION_FAILED"]


def test_health_tells_strangers_what_is_up_and_how_old_but_names_no_data_set(hub: Hub) -> None:
    with hub.http() as http:
        told = http.get("/health").json()
        assert set(told) == {"status", "parts", "summary"}
        assert told["status"] == "up"
        assert told["summary"]["published"] == 3
        assert told["summary"]["oldestSeconds"] == 3600
        assert http.get("/health", headers=bearer("forged")).status_code == 401


def test_health_tells_ages_of_what_the_caller_may_see(hub: Hub) -> None:
    narrow = hub.client("narrow", of="cq_hightech")
    hub.granted("narrow", grant(DatasetCode("reading"), READING_COLUMNS, places=["500106"]))
    operator = hub.client("operator", Role.OPERATOR)
    with hub.http() as http:
        seen = http.get("/health", headers=bearer(narrow)).json()["dataSets"]
        every = http.get("/health", headers=bearer(operator)).json()["dataSets"]
    assert [one["name"] for one in seen] == ["reading"]
    assert [(one["name"], one["ageSeconds"]) for one in every] == [
        ("highWater", 0),
        ("reading", 0),
        ("station", 3600),
    ]
