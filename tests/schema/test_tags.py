"""Entity tags: a caller that has the answer is told so, and nothing is read for it."""

from dataclasses import replace
from typing import Any

import httpx
import orjson
import pytest

from catalog.ids import DatasetCode
from catalog.sharing.grant import Quota
from schema.tag import holds
from tests.schema.hub import STATION_COLUMNS, Hub, whole
from tests.schema.test_memory import Counted, reads
from tests.shared_data import grant

REGISTER = "mutation ($t: String!) { registerDocument(text: $t) { id } }"
QUERY = (
    "query ($c: [String!]) { station(where: {code: {in: $c}}, orderBy: [{code: ASC}]) { code } }"
)


@pytest.fixture
def document(hub: Hub, app: str) -> str:
    return str(hub.ask(app, REGISTER, t=QUERY)["registerDocument"]["id"])


def get(
    hub: Hub, token: str, document: str, tag: str | None = None, **given: Any
) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} | ({"If-None-Match": tag} if tag else {})
    asked = {"documentId": document, "variables": orjson.dumps(given).decode()}
    with hub.http() as http:
        return http.get("/graphql", params=asked, headers=headers)


def test_who_has_the_answer_is_told_so_and_it_is_recorded(
    hub: Hub, app: str, document: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = get(hub, app, document, c=["A"])
    tag = first.headers["etag"]
    counted = Counted(hub, monkeypatch)
    again = get(hub, app, document, tag, c=["A"])
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == tag
    assert "content-length" not in again.headers
    assert counted.sessions == 0
    one, other = reads(hub)
    assert other["outcome"] == "NOT_MODIFIED"
    assert (other["rows"], other["reply_bytes"]) == (0, 0)
    for same in ("columns", "grants", "purposes", "version", "operation", "client"):
        assert one[same] == other[same]
    assert again.headers["x-usage-id"] != first.headers["x-usage-id"]


def test_other_values_versions_and_grants_have_other_tags(
    hub: Hub, app: str, document: str
) -> None:
    tags = [get(hub, app, document, c=["A"]).headers["etag"]]
    tags.append(get(hub, app, document, c=["B"]).headers["etag"])
    hub.republish_stations("A", "C")
    changed = get(hub, app, document, tags[0], c=["A"])
    assert (changed.status_code, changed.json()["data"]) == (200, {"station": [{"code": "A"}]})
    tags.append(changed.headers["etag"])
    hub.granted("app", grant(DatasetCode("station"), ["code"]), *whole()[1:])
    tags.append(get(hub, app, document, tags[-1], c=["A"]).headers["etag"])
    assert len({*tags}) == len(tags)


def test_the_first_answer_and_the_kept_one_have_one_tag(hub: Hub, app: str, document: str) -> None:
    assert get(hub, app, document).headers["etag"] == get(hub, app, document).headers["etag"]


def test_nothing_but_an_answer_by_get_has_a_tag(hub: Hub, app: str, document: str) -> None:
    assert "etag" not in hub.post(app, "{ station { code } }").headers
    wrong = get(hub, app, document, c=3)
    assert wrong.json()["errors"]
    assert "etag" not in wrong.headers


def test_a_right_that_ended_is_told_before_a_tag_is_looked_at(
    hub: Hub, app: str, document: str
) -> None:
    tag = get(hub, app, document).headers["etag"]
    hub.granted("app")
    assert get(hub, app, document, tag).json()["errors"]


def test_what_is_not_sent_counts_as_a_call(hub: Hub, app: str, document: str) -> None:
    limited = replace(grant(DatasetCode("station"), STATION_COLUMNS), quota=Quota(calls=2))
    hub.granted("app", limited)
    tag = get(hub, app, document).headers["etag"]
    assert get(hub, app, document, tag).status_code == 304
    assert get(hub, app, document, tag).status_code == 429


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ('W/"a"', True),
        ('"a"', True),
        ('"b", W/"a" , "c"', True),
        ('W/"b"', False),
        ("a", False),
        ("*", False),
        ("", False),
        ('"a', False),
    ],
)
def test_a_tag_is_found_in_whatever_list_it_comes(given: str, found: bool) -> None:
    assert holds(given, 'W/"a"') is found
