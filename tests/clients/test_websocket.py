"""The clients of others over graphql-transport-ws: the reference client, Apollo Client, urql, gql."""

import asyncio

import pytest
from gql import Client, gql
from gql.transport.websockets import WebsocketsTransport

from tests.clients import node
from tests.clients.conftest import ASKS
from tests.running_hub import RunningHub

FORBIDDEN = 4403
LIVE = "subscription ($n: Int!) { riverStation(limit: $n, orderBy: [{stationCode: ASC}]) { stationCode } }"


@pytest.mark.usefixtures("packages")
def test_graphql_ws_apollo_and_urql_subscribe_ask_and_are_refused(
    hub: RunningHub, token: str
) -> None:
    told = node.run("live.mjs", hub, token)
    assert len(told["graphqlWs"]) == 2
    assert told["graphqlWs"] == told["apollo"] == told["urql"]
    assert told["me"] == ASKS
    assert told["refused"] == "PAGE_OUT_OF_RANGE"
    assert told["wrong"] == "GRAPHQL_VALIDATION_FAILED"
    assert told["closed"] == FORBIDDEN


def test_gql_subscribes_and_asks_over_one_socket(hub: RunningHub, token: str) -> None:
    async def scenario() -> None:
        transport = WebsocketsTransport(
            url=f"{hub.address.replace('http', 'ws')}/graphql",
            init_payload={"Authorization": f"Bearer {token}"},
            subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
            connect_timeout=60,
            ack_timeout=60,
            close_timeout=60,
        )
        live, asked = gql(LIVE), gql("{ me { clientId } }")
        live.variable_values = {"n": 2}
        async with Client(transport=transport, execute_timeout=60) as session:
            assert await session.execute(asked) == {"me": {"clientId": ASKS}}
            async for answer in session.subscribe(live):
                assert len(answer["riverStation"]) == 2
                break

    asyncio.run(scenario())
