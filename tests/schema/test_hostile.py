"""Hostile texts in every position of a request: a clear refusal or an answer, never a fault of the hub."""

from typing import Any

import httpx
import orjson
import pytest

from tests.schema.hub import Hub

HOSTILE = {
    "single quote": "' OR 1=1 --",
    "double quote": '" ; DROP TABLE station; --',
    "backslash": "\\' \\u0027 \\",
    "interpolation": "${x} #{x} {{x}} %s %(x)s {0} {x} $1 ?",
    "newlines": "a\r\nb\x0b\x0c\u2028\u2029",
    "right to left": "\u202egnp.exe\u202c \u200f\u2067",
    "nothing to see": "\u200b\u200d\ufeff\u00ad",
    "combining": "e" + "\u0301" * 200,
    "beyond the plane": "𠮷😀",
    "controls": "\x01\x07\x1b[31m\x7f",
    "like": "%_[a-z]\\%",
    "long": "长" * 6_000,
}
IN_DOCUMENT = {
    "value": "{ station(where: {name: {eq: %s}}) { code } }",
    "key": "{ stationByKey(code: %s) { code } }",
    "list": "{ station(where: {name: {in: [%s]}}) { code } }",
    "contains": "{ station(where: {name: {contains: %s}}) { code } }",
    "instant": "{ station(asOf: %s) { code } }",
    "decimal": "{ reading(where: {levelM: {eq: %s}}) { levelM } }",
    "place": "{ reading(where: {placeCode: {within: %s}}) { levelM } }",
    "directive": "{ station { code @skip(if: %s) } }",
    "limit": "{ station(limit: %s) { code } }",
    "search": "{ catalogueEntries(search: %s) { code } }",
    "id": "{ shareRequest(id: %s) { id } }",
}
CODES = {
    "GRAPHQL_VALIDATION_FAILED",
    "GRAPHQL_PARSE_FAILED",
    "DOCUMENT_TOO_LARGE",
    "FILTER_INVALID",
    "WRONG_VALUE",
    "NOT_FOUND",
    "UNKNOWN_REQUEST",
    "UNKNOWN_PLACE",
    "VARIABLES_INVALID",
    "NUL_CHARACTER",
    "REQUEST_MALFORMED",
}


def bounded(reply: httpx.Response) -> Any:
    """The body; AssertionError when it is a fault, or repeats a long text."""
    assert reply.status_code in {200, 400}, reply.text[:500]
    body = reply.json()
    for error in body.get("errors", []):
        assert error["extensions"]["code"] in CODES, error
        assert len(orjson.dumps(error)) < 20_000
    return body


@pytest.mark.parametrize("position", IN_DOCUMENT)
def test_a_hostile_text_in_the_document(hub: Hub, app: str, position: str) -> None:
    for text in HOSTILE.values():
        body = bounded(hub.post(app, IN_DOCUMENT[position] % orjson.dumps(text).decode()))
        if position in {"value", "list", "contains"}:
            assert body["data"] == {"station": []}


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_as_a_variable_and_around_it(hub: Hub, app: str, text: str) -> None:
    value = HOSTILE[text]
    query = "query ($v: String) { station(where: {name: {eq: $v}}) { code } }"
    assert bounded(hub.post(app, query, variables={"v": value}))["data"] == {"station": []}
    for variables in ({value: 1}, {"v": {value: value}}, {"v": [value]}):
        bounded(hub.post(app, query, variables=variables))
    for members in (
        {"operationName": value},
        {"extensions": {value: value}},
        {"documentId": value},
        {value: value},
    ):
        reply = hub.post(app, query, **members)
        if reply.status_code == 400:
            assert reply.json()["errors"][0]["extensions"]["code"] in CODES | {"OPERATION_UNKNOWN"}


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_where_a_name_belongs(hub: Hub, app: str, text: str) -> None:
    value = HOSTILE[text]
    for query in (
        value,
        f"{{ {value} }}",
        f"{{ station {{ {value} }} }}",
        f"{{ station({value}: 1) {{ code }} }}",
        f"query {value} {{ me {{ clientId }} }}",
        f"{{ a: me @{value} {{ clientId }} }}",
        f"{{ ...{value} }}",
    ):
        body = bounded(hub.post(app, query))
        assert "errors" in body or text == "nothing to see"


def test_a_nul_is_the_callers_mistake_wherever_it_stands(hub: Hub, app: str) -> None:
    query = "query ($v: String) { station(where: {name: {eq: $v}}) { code } }"
    for variables in ({"v": "a\x00"}, {"v": ["\x00"]}, {"\x00": 1}):
        bounded(hub.post(app, query, variables=variables))
    assert hub.codes(app, query, v="a\x00") == ["NUL_CHARACTER"]
    assert hub.codes(app, '{ stationByKey(code: "\\u0000") { code } }') == ["NUL_CHARACTER"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"query": "{ me { clientId } }", "variables": {"v": "\\ud800"}}',
        b'{"query": "\\udfff"}',
        b'{"query": "{ stationByKey(code: \\"\\udc00\\") { code } }"}',
        '{"query": "{ 河道站 }"}'.encode("gb18030"),
        b'{"query": "\xed\xa0\x80"}',
        b'\xef\xbb\xbf{"query": "{ me { clientId } }"}',
    ],
    ids=["variable", "query", "literal", "gbk", "surrogate bytes", "byte order mark"],
)
def test_a_text_that_is_no_unicode_is_malformed(hub: Hub, app: str, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {app}", "Content-Type": "application/json"}
    with hub.http() as http:
        reply = http.post("/graphql", content=body, headers=headers)
    assert reply.status_code == 400
    assert reply.json()["errors"][0]["extensions"]["code"] == "REQUEST_MALFORMED"


def test_a_body_in_gbk_is_told_its_encoding(hub: Hub, app: str) -> None:
    headers = {"Authorization": f"Bearer {app}", "Content-Type": "application/json"}
    with hub.http() as http:
        body = '{"query": "{ 河道站 }"}'.encode("gb18030")
        error = http.post("/graphql", content=body, headers=headers).json()["errors"][0]
    assert "UTF-8" in error["message"]
    assert "UTF-8" in error["extensions"]["messageEn"]


@pytest.mark.parametrize("header", ["X-Request-Id", "Accept", "Content-Type", "Authorization"])
def test_a_hostile_header_is_refused_or_ignored(hub: Hub, app: str, header: str) -> None:
    usual = {"Authorization": f"Bearer {app}", "Content-Type": "application/json"}
    for value in ("'\"${x}", "x" * 20_000, ";;;,,,", "application/json;q=;charset", "\u00ff\u00fe"):
        headers = [(n, v) for n, v in usual.items() if n != header]
        encoded = [(n.encode(), v.encode("latin-1")) for n, v in [*headers, (header, value)]]
        with hub.http() as http:
            reply = http.post(
                "/graphql", content=b'{"query": "{ me { clientId } }"}', headers=encoded
            )
        assert reply.status_code in {200, 400, 401, 406, 415}, (value, reply.text)
        assert set(reply.json()) in ({"data"}, {"errors"})
