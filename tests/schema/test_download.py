from typing import Any

import pytest
from graphql import build_client_schema, build_schema, get_introspection_query, print_schema

from schema.download import PATH
from tests.schema.hub import Hub
from tests.shared_data import READINGS, STATIONS, grant


def fetched(hub: Hub, token: str | None, **headers: str) -> Any:
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    with hub.http() as http:
        return http.get(PATH, headers=headers)


def test_the_download_is_what_introspection_tells(hub: Hub, app: str) -> None:
    reply = fetched(hub, app)
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    told = print_schema(build_client_schema(hub.ask(app, get_introspection_query())))
    written = print_schema(build_schema(reply.text))
    assert written.replace(" @oneOf", "") == told  # the usual introspection does not ask for it


def test_what_is_not_granted_is_not_in_it(hub: Hub, app: str) -> None:
    hub.granted("app", grant(STATIONS, ["code"]))
    text = fetched(hub, app).text
    assert "type Station " in text
    assert "Reading" not in text
    assert "phone" not in text


def test_equal_callers_get_equal_bytes_and_an_unchanged_one_is_not_sent_again(
    hub: Hub, app: str
) -> None:
    other = hub.client("other")
    for client in ("app", "other"):
        hub.granted(client, grant(STATIONS, ["code", "name"]))
    first, second = fetched(hub, app), fetched(hub, other)
    assert (first.content, first.headers["etag"]) == (second.content, second.headers["etag"])
    again = fetched(hub, app, **{"If-None-Match": f'"x", W/{first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")


def test_a_new_grant_is_seen_by_the_next_download(hub: Hub, app: str) -> None:
    hub.granted("app", grant(STATIONS, ["code", "name"]))
    before = fetched(hub, app)
    hub.granted("app", grant(STATIONS, ["code", "name"]), grant(READINGS, ["station_code"]))
    after = fetched(hub, app, **{"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    assert "type Reading " in after.text


@pytest.mark.parametrize("token", [None, "nonsense"])
def test_strangers_get_an_error_and_no_schema(hub: Hub, token: str | None) -> None:
    reply = fetched(hub, token)
    assert reply.status_code == 401
    assert reply.json()["errors"][0]["extensions"]["code"] in {"TOKEN_MISSING", "TOKEN_INVALID"}
    assert "WWW-Authenticate" in reply.headers
