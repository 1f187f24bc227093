"""Clients that departments use, over a real server."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from gql import Client, gql
from gql.transport.exceptions import TransportQueryError
from gql.transport.httpx import HTTPXTransport

from tests.schema.hub import Hub

SECONDS = 60
"""How long an answer is waited for, on a busy machine."""


@contextmanager
def served(hub: Hub) -> Iterator[str]:
    config = uvicorn.Config(hub.app, host="127.0.0.1", port=0, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    started = threading.Event()
    thread = threading.Thread(target=server.run)
    startup = server.startup

    async def announce(*arguments: object, **options: object) -> None:
        await startup(*arguments, **options)  # type: ignore[arg-type]
        started.set()

    server.startup = announce  # type: ignore[method-assign]
    thread.start()
    assert started.wait(60)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(60)


@pytest.fixture
def address(hub: Hub) -> Iterator[str]:
    with served(hub) as url:
        yield url


def client(address: str, token: str) -> Client:
    transport = HTTPXTransport(
        url=f"{address}/graphql", headers={"Authorization": f"Bearer {token}"}, timeout=SECONDS
    )
    return Client(transport=transport, fetch_schema_from_transport=True, execute_timeout=SECONDS)


def test_gql_reads_the_schema_and_asks_with_variables(address: str, app: str) -> None:
    with client(address, app) as session:
        query = gql("query ($c: String!) { stationByKey(code: $c) { name readings { levelM } } }")
        query.variable_values = {"c": "B"}
        assert session.execute(query) == {
            "stationByKey": {"name": "北碚", "readings": [{"levelM": "200.230"}]}
        }


def test_gql_sees_our_codes(address: str, app: str) -> None:
    with client(address, app) as session, pytest.raises(TransportQueryError) as refused:
        session.execute(gql("{ station(limit: 2000) { code } }"))
    assert refused.value.errors is not None
    assert refused.value.errors[0]["extensions"]["code"] == "PAGE_OUT_OF_RANGE"


def test_a_token_comes_from_the_same_server(address: str, hub: Hub) -> None:
    reply = httpx.post(
        f"{address}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=("app", hub.secrets["app"]),
        timeout=SECONDS,
    )
    token = reply.json()["access_token"]
    answer = httpx.post(
        f"{address}/graphql",
        json={"query": "{ me { clientId } }"},
        headers={"Authorization": f"Bearer {token}"},
        timeout=SECONDS,
    )
    assert answer.json() == {"data": {"me": {"clientId": "app"}}}


def test_the_query_page_and_all_it_loads_are_local(address: str) -> None:
    page = httpx.get(
        f"{address}/graphql", headers={"Accept": "text/html,*/*;q=0.8"}, timeout=SECONDS
    )
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "http://" not in page.text
    assert "https://" not in page.text
    for part in page.text.split('"'):
        if part.startswith("/console/"):
            assert httpx.get(address + part, timeout=SECONDS).status_code == 200
