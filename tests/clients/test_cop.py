"""What `graphql-cop` looks for, asked as it asks: by somebody without a token.

It is no package, so its twelve requests stand here; each names the check it comes from.
"""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.running_hub import RunningHub

Send = Callable[[httpx.Client], httpx.Response]
CIRCULAR = (
    "{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }"
)


def posted(body: object) -> Send:
    return lambda http: http.post("/graphql", json=body)


def asked(query: str) -> Send:
    return posted({"query": query})


def by_address(query: str) -> Send:
    return lambda http: http.get("/graphql", params={"query": query})


CHECKS: dict[str, Send] = {
    "Alias Overloading": asked(
        "query cop { " + " ".join(f"a{i}:__typename" for i in range(101)) + " }"
    ),
    "Array-based Query Batching": posted([{"query": "query cop { __typename }"}] * 10),
    "Directive Overloading": asked("query cop { __typename " + "@aa" * 10 + " }"),
    "Field Suggestions": asked("query cop { __schema { directive } }"),
    "GET Method Query Support": by_address("query cop {__typename}"),
    "Introspection": asked("query cop { __schema { types { name fields { name } } } }"),
    "Introspection-based Circular Query": asked("query cop " + CIRCULAR),
    "Mutation is allowed over GET": by_address("mutation cop {__typename}"),
    "POST based url-encoded query": lambda http: http.post(
        "/graphql", data={"query": "query cop { __typename }"}
    ),
    "Trace Mode": asked("query cop { __typename }"),
    "Unhandled Errors Detection": asked("qwerty cop { abc }"),
}


@pytest.mark.parametrize("check", CHECKS)
def test_a_stranger_learns_nothing(hub: RunningHub, check: str) -> None:
    with httpx.Client(base_url=hub.address, timeout=60, trust_env=False) as http:
        reply = CHECKS[check](http)
    assert reply.status_code in {401, 405}, reply.text
    body: dict[str, Any] = reply.json()
    assert set(body) == {"errors"}
    (error,) = body["errors"]
    assert set(error["extensions"]) == {"code", "messageEn", "requestId"}
    assert "Did you mean" not in reply.text


def test_a_stranger_finds_no_query_editor(hub: RunningHub) -> None:
    with httpx.Client(base_url=hub.address, timeout=60, trust_env=False) as http:
        page = http.get("/graphql", headers={"Accept": "text/html"}).text
    for word in ("graphiql.min.css", "GraphQL Playground", "GraphiQL", "graphql-playground"):
        assert word not in page
