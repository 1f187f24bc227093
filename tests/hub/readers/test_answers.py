"""What readers answer is what the hub answers."""

import json
import re

import httpx
import pytest

from access.documents import DocumentStore
from tests.hub.readers.running import FIELDS, ROW, RunningHub, key

LIST = f"{{ riverRegimeMunicipal(orderBy: [{{observedAt: DESC}}, {{stationCode: ASC}}], limit: 200) {{ {FIELDS} }} }}"
BY_STATION = f"""query ($station: String!) {{
  riverRegimeMunicipal(where: {{stationCode: {{eq: $station}}}}, orderBy: [{{observedAt: ASC}}], limit: 50) {{ {FIELDS} }} }}"""
TWO = f"""query Both($at: DateTime!) {{
  one: riverRegimeMunicipalByKey(stationCode: "BENCH-0001", observedAt: $at) {{ {FIELDS} }}
  two: riverRegimeMunicipal(limit: 3, orderBy: [{{stationCode: DESC}}, {{observedAt: ASC}}]) {{ stationCode __typename }} }}"""
COUNT = "{ riverRegimeMunicipalAggregate { count levelM { max } } }"
AGE = re.compile(rb'"ageSeconds":\d+')

DOCUMENTS: dict[str, tuple[str, dict[str, object]]] = {
    "a row": (ROW, key(7)),
    "no row": (ROW, key(10_000_000)),
    "a list": (LIST, {}),
    "a filter": (BY_STATION, {"station": "BENCH-0003"}),
    "an injection": (BY_STATION, {"station": "' OR 1=1 --"}),
    "two fields": (TWO, {"at": key(1)["at"]}),
    "an aggregate": (COUNT, {}),
    "introspection": ("{ __schema { queryType { name } } }", {}),
    "a mixture": ("{ me { clientId } riverRegimeMunicipal(limit: 1) { stationCode } }", {}),
    "an unknown field": ("{ riverRegimeMunicipal(limit: 1) { secret } }", {}),
    "a wrong variable": (ROW, {"station": 3}),
    "no GraphQL": ("{ riverRegime", {}),
    "too much": ("{ riverRegimeMunicipal(limit: 100000) { stationCode } }", {}),
    "a subscription": ("subscription { riverRegimeMunicipal(limit: 1) { stationCode } }", {}),
    "a version of before": (
        '{ riverRegimeMunicipal(limit: 1, asOf: "2001-01-01T00:00:00Z") { stationCode } }',
        {},
    ),
}
FROM_READERS = {"a row", "no row", "a list", "a filter", "an injection", "two fields"}
OWN = {"date", "x-usage-id", "x-request-id"}


def told(reply: httpx.Response) -> tuple[int, dict[str, str], bytes]:
    """Without what differs from one time to the next."""
    headers = {name: value for name, value in reply.headers.items() if name not in OWN}
    content = AGE.sub(b'"ageSeconds":0', reply.content)
    content = re.sub(rb'"requestId":"[^"]*"', b'"requestId":""', content)
    return reply.status_code, headers | {"content-length": ""}, content


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_reader_and_the_hub_answer_alike(running: RunningHub, name: str) -> None:
    asking, _ = running.granted()
    document, variables = DOCUMENTS[name]
    expected = told(asking.post(document, variables, hub=True))
    before = running.answered
    for _ in range(3):
        assert told(asking.post(document, variables)) == expected
    assert running.answered - before == (3 if name in FROM_READERS else 0)


@pytest.mark.parametrize(
    "media", ["application/graphql-response+json", "*/*", "text/csv", "image/png"]
)
@pytest.mark.parametrize("name", ["a list", "an unknown field"])
def test_they_answer_alike_in_each_media_type(running: RunningHub, name: str, media: str) -> None:
    asking, _ = running.granted()
    document, variables = DOCUMENTS[name]
    expected = told(asking.post(document, variables, hub=True, accept=media))
    assert told(asking.post(document, variables, accept=media)) == expected


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_they_answer_alike_compressed(running: RunningHub, encoding: str) -> None:
    asking, _ = running.granted()
    document = LIST.replace("limit: 200", "limit: 1000")
    asking.http.headers["accept-encoding"] = encoding
    assert told(asking.post(document)) == told(asking.post(document, hub=True))


def test_who_has_no_right_is_refused_alike(running: RunningHub) -> None:
    asking = running.client()
    document, variables = DOCUMENTS["a row"]
    assert told(asking.post(document, variables)) == told(
        asking.post(document, variables, hub=True)
    )
    asking.token = "nonsense"
    refused = asking.post(document, variables)
    assert refused.status_code == httpx.codes.UNAUTHORIZED
    assert told(refused) == told(asking.post(document, variables, hub=True))


def test_what_is_no_request_is_refused_alike(running: RunningHub) -> None:
    asking, _ = running.granted()
    own = {"authorization": f"Bearer {asking.token}", "content-type": "application/json"}
    for body in (b"", b"[]", b"{", b"\xff", b'{"query": 3}', b'{"query":"' + b" " * 70_000 + b'"}'):
        here, there = (
            asking.http.post(path, content=body, headers=own)
            for path in ("/graphql", "/graphql?hub")
        )
        assert told(here) == told(there)
    plain = {**own, "content-type": "text/plain"}
    here, there = (
        asking.http.post(path, content=b"{}", headers=plain)
        for path in ("/graphql", "/graphql?hub")
    )
    assert told(here) == told(there)


def test_every_reader_answers_and_every_answer_is_recorded(running: RunningHub) -> None:
    hub = running.hub
    assert hub.readers is not None
    asking, held = running.granted()
    many = [running.again(asking) for _ in range(8)]
    before, calls = hub.readers.tallied(), hub.usage.position.number
    for number in range(200):
        for each in many:
            reply = each.row(number)
            assert reply.json()["data"]["riverRegimeMunicipalByKey"]["stationCode"]
            assert reply.headers["x-usage-id"]
    counts = [after.calls - b.calls for b, after in zip(before, hub.readers.tallied(), strict=True)]
    assert counts == [800, 800]
    hub.usage.count()
    assert hub.usage.meter.spent()[1][held].calls == 1600
    assert hub.usage.position.number - calls >= 1600


def test_a_documents_name_is_enough(running: RunningHub) -> None:
    asking, _ = running.granted()
    registered = DocumentStore(running.hub.registry).register(asking.id, LIST)
    before = running.answered
    reply = asking.http.post(
        "/graphql",
        json={"documentId": registered.id},
        headers={"authorization": f"Bearer {asking.token}"},
    )
    assert json.loads(reply.content)["data"] == asking.post(LIST, hub=True).json()["data"]
    assert running.answered == before + 1
