"""Persisted documents: registered once, asked for by their ids, by POST and by GET."""

from typing import Any

import httpx
import orjson
import pytest

from access.documents import document_id
from access.roles import Role
from tests.schema.hub import Hub, whole

QUERY = "query ($n: Int) { station(limit: $n, orderBy: [{code: ASC}]) { code } }"
REGISTER = "mutation ($t: String!, $c: String) { registerDocument(text: $t, client: $c) { id } }"
LIMIT = 'mutation ($only: Boolean!, $rows: Int) { limitClient(id: "app", documentsOnly: $only, priceBudget: $rows) { documentsOnly priceBudget } }'
FIRST = {"station": [{"code": "A"}]}


def register(hub: Hub, token: str, text: str, client: str | None = None) -> str:
    return str(hub.ask(token, REGISTER, t=text, c=client)["registerDocument"]["id"])


def get(hub: Hub, token: str, **parameters: Any) -> httpx.Response:
    with hub.http() as http:
        headers = {"Authorization": f"Bearer {token}"}
        return http.get("/graphql", params=parameters, headers=headers)


def send(hub: Hub, token: str, **members: Any) -> httpx.Response:
    with hub.http() as http:
        return http.post("/graphql", json=members, headers={"Authorization": f"Bearer {token}"})


def code_of(reply: httpx.Response) -> str:
    return str(reply.json()["errors"][0]["extensions"]["code"])


def test_a_document_is_asked_for_by_the_digest_of_its_text(hub: Hub, app: str) -> None:
    known = register(hub, app, QUERY)
    assert known == document_id(QUERY)
    posted = send(hub, app, documentId=known, variables={"n": 1})
    got = get(hub, app, documentId=known, variables='{"n": 1}')
    assert posted.json()["data"] == got.json()["data"] == FIRST
    assert got.headers["cache-control"] == "no-store"


def test_apollos_way_of_sending_the_digest_is_understood(hub: Hub, app: str) -> None:
    digest = register(hub, app, QUERY).removeprefix("sha256:")
    persisted = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
    assert send(hub, app, extensions=persisted, variables={"n": 1}).json()["data"] == FIRST
    by_address = {"extensions": orjson.dumps(persisted).decode(), "variables": '{"n": 1}'}
    assert get(hub, app, **by_address).json()["data"] == FIRST


@pytest.mark.parametrize("document", ["sha256:" + "0" * 64, "x", "sha256:", "sha256:\x00", "名"])
def test_an_unknown_id_says_how_to_register(hub: Hub, app: str, document: str) -> None:
    for reply in (send(hub, app, documentId=document), get(hub, app, documentId=document)):
        assert (reply.status_code, code_of(reply)) == (400, "DOCUMENT_UNKNOWN")
        assert "registerDocument" in reply.json()["errors"][0]["extensions"]["messageEn"]


def test_nothing_is_registered_by_being_sent(hub: Hub, app: str) -> None:
    digest = document_id(QUERY).removeprefix("sha256:")
    persisted = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
    assert send(hub, app, query=QUERY, extensions=persisted).status_code == 200
    assert code_of(send(hub, app, extensions=persisted)) == "DOCUMENT_UNKNOWN"


def test_another_clients_document_is_as_unknown_as_none(hub: Hub, app: str) -> None:
    known = register(hub, app, QUERY)
    other = hub.client("other")
    hub.granted("other", *whole())
    assert code_of(send(hub, other, documentId=known)) == "DOCUMENT_UNKNOWN"
    assert hub.ask(other, "{ documents { id } }") == {"documents": []}
    assert hub.ask(app, "{ documents { id text } }") == {
        "documents": [{"id": known, "text": QUERY}]
    }
    assert hub.codes(other, '{ documents(client: "app") { id } }') == ["NOT_PERMITTED"]
    assert hub.codes(other, REGISTER, t=QUERY, c="app") == ["NOT_PERMITTED"]


def test_a_removed_document_is_unknown_again(hub: Hub, app: str) -> None:
    known = register(hub, app, QUERY)
    remove = "mutation ($id: String!) { removeDocument(id: $id) }"
    assert hub.ask(app, remove, id=known) == {"removeDocument": True}
    assert hub.ask(app, remove, id=known) == {"removeDocument": False}
    assert code_of(send(hub, app, documentId=known)) == "DOCUMENT_UNKNOWN"


def test_a_mutation_never_runs_by_get(hub: Hub, app: str) -> None:
    text = 'mutation { removeDocument(id: "x") }'
    known = register(hub, app, text)
    assert send(hub, app, documentId=known).json()["data"] == {"removeDocument": False}
    reply = get(hub, app, documentId=known)
    assert (reply.status_code, code_of(reply)) == (405, "METHOD_NOT_ALLOWED")
    assert reply.headers["allow"] == "POST"


def test_get_takes_a_querys_text_only_where_the_operator_wants_it(hub: Hub, app: str) -> None:
    refused = get(hub, app, query=QUERY)
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    hub.serve(get_queries=True)
    assert get(hub, app, query=QUERY, variables='{"n": 1}').json()["data"] == FIRST
    mutation = get(hub, app, query='mutation { removeDocument(id: "x") }')
    assert (mutation.status_code, code_of(mutation)) == (405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize(
    "members",
    [
        {"documentId": 3},
        {"documentId": ""},
        {"documentId": "x", "query": "{ me { clientId } }"},
        {"documentId": "x", "variables": [1]},
    ],
)
def test_an_id_stands_alone_and_is_a_text(hub: Hub, app: str, members: dict[str, Any]) -> None:
    reply = send(hub, app, **members)
    assert (reply.status_code, code_of(reply)) == (400, "REQUEST_MALFORMED")


@pytest.mark.parametrize("variables", ["{", "[]", "3", '{"n": \udcff}'.encode("utf-8", "replace")])
def test_variables_in_an_address_are_json(hub: Hub, app: str, variables: str) -> None:
    reply = get(hub, app, documentId=register(hub, app, QUERY), variables=variables)
    assert (reply.status_code, code_of(reply)) == (400, "REQUEST_MALFORMED")


def test_what_cannot_be_a_document_is_not_registered(hub: Hub, app: str) -> None:
    assert hub.codes(app, REGISTER, t="{") == ["GRAPHQL_PARSE_FAILED"]
    deep = "{ a " * 20 + "}" * 20
    assert hub.codes(app, REGISTER, t=deep) == ["DOCUMENT_TOO_LARGE"]


def test_a_client_on_its_list_runs_nothing_else_and_cannot_add_to_it(hub: Hub, app: str) -> None:
    operator = hub.client("operator", Role.OPERATOR)
    known = register(hub, operator, QUERY, "app")
    adds = register(
        hub, operator, 'mutation { registerDocument(text: "{ me { clientId } }") { id } }', "app"
    )
    limits = {"documentsOnly": True, "priceBudget": None}
    assert hub.ask(operator, LIMIT, only=True) == {"limitClient": limits}
    reply = send(hub, app, query=QUERY)
    assert (reply.status_code, code_of(reply)) == (403, "DOCUMENT_NOT_ALLOWED")
    assert code_of(send(hub, app, query="{ __typename }")) == "DOCUMENT_NOT_ALLOWED"
    assert code_of(send(hub, app, documentId=adds)) == "DOCUMENT_NOT_ALLOWED"
    assert send(hub, app, documentId=known, variables={"n": 1}).json()["data"] == FIRST
    hub.ask(operator, LIMIT, only=False)
    assert send(hub, app, query=QUERY).status_code == 200


def test_a_client_may_have_a_budget_of_its_own(hub: Hub, app: str) -> None:
    operator = hub.client("operator", Role.OPERATOR)
    hub.ask(operator, LIMIT, only=False, rows=3)
    assert hub.codes(app, QUERY, n=2) == ["QUERY_TOO_EXPENSIVE"]
    hub.ask(app, QUERY, n=1)
    hub.serve()
    assert hub.codes(operator, LIMIT, only=False, rows=0) == ["PAGE_OUT_OF_RANGE"]
    unknown = LIMIT.replace('"app"', '"nobody"')
    assert hub.codes(operator, unknown, only=False) == ["UNKNOWN_CLIENT"]


def test_an_operator_lets_a_client_ask_for_longer_pages(hub: Hub, app: str) -> None:
    limit = """mutation ($n: Int) { limitClient(id: "app", pageLimit: $n) { pageLimit } }"""
    operator = hub.client("operator", Role.OPERATOR, of="cq_bigdata")
    asked = (
        "{ station(limit: 5000) { code } }",
        "{ station(limit: 5) { code readings(limit: 5000) { levelM } } }",
        "{ stationConnection(last: 5000) { totalCount } }",
        "{ stationAggregate(limit: 5000) { count } }",
    )
    for query in asked:
        assert hub.codes(app, query) == ["PAGE_OUT_OF_RANGE"]
    assert hub.ask(operator, limit, n=5_000) == {"limitClient": {"pageLimit": 5_000}}
    for query in asked:
        assert hub.ask(app, query)
    (error,) = hub.post(app, "{ station(limit: 5001) { code } }").json()["errors"]
    assert "5000" in error["extensions"]["messageEn"]
    for n in (0, 10_001):
        assert hub.codes(operator, limit, n=n) == ["PAGE_OUT_OF_RANGE"]
    assert hub.ask(operator, limit, n=None) == {"limitClient": {"pageLimit": None}}
    assert hub.codes(app, asked[0]) == ["PAGE_OUT_OF_RANGE"]
