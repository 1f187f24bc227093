"""The flood application in Python, with gql: a query, all pages of a connection, a live query.

HUB, CLIENT_ID and CLIENT_SECRET come from the environment.
"""

import asyncio
import json
import os
from typing import Any

import httpx
from gql import Client, gql
from gql.transport.httpx import HTTPXAsyncTransport
from gql.transport.websockets import WebsocketsTransport

HUB = os.environ["HUB"]
SECONDS = 60
"""How long a busy hub is waited for; libraries give up after five or ten."""
LEVELS = gql("""
query Levels($stations: [String!]!) {
  riverStation(where: {stationCode: {in: $stations}}, orderBy: [{stationCode: ASC}]) {
    stationName
    nationalReadings(orderBy: [{observedAt: DESC}], limit: 1) { observedAt levelM }
    municipalReadings(orderBy: [{observedAt: DESC}], limit: 1) { observedAt levelM datum }
  }
}""")
FORECASTS = gql("""
query Forecasts($after: String) {
  floodPeakForecastConnection(first: 20, after: $after, orderBy: [{issuedAt: DESC}]) {
    totalCount
    edges { node { stationCode issuedAt peakLevelM } }
    pageInfo { hasNextPage endCursor }
  }
}""")
LIVE = gql("""
subscription Live {
  riverRegimeMunicipal(orderBy: [{observedAt: DESC}], limit: 1) { stationCode observedAt levelM }
}""")


def token() -> str:
    """An access token; it lives ten minutes, so a long-running program fetches a new one in time."""
    credentials = os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]
    asked = {"grant_type": "client_credentials"}
    reply = httpx.post(f"{HUB}/oauth/token", data=asked, auth=credentials, timeout=SECONDS)
    return str(reply.raise_for_status().json()["access_token"])


def over_http() -> Client:
    bearer = {"Authorization": f"Bearer {token()}"}
    transport = HTTPXAsyncTransport(url=f"{HUB}/graphql", headers=bearer, timeout=SECONDS)
    return Client(transport=transport, execute_timeout=SECONDS)


def over_websocket() -> Client:
    transport = WebsocketsTransport(
        url=f"{HUB.replace('http', 'ws', 1)}/graphql",
        init_payload={"Authorization": f"Bearer {token()}"},
        subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
        connect_timeout=SECONDS,
        ack_timeout=SECONDS,
    )
    return Client(transport=transport, execute_timeout=SECONDS)


async def newest_levels() -> list[dict[str, Any]]:
    """One question over the ministry's readings and the bureau's."""
    LEVELS.variable_values = {"stations": ["CQ-BEIBEI3", "CQ-CIQIKOU"]}
    async with over_http() as hub:
        found = await hub.execute(LEVELS)
    return list(found["riverStation"])


async def every_forecast() -> list[dict[str, Any]]:
    """Page by page: a cursor is where the last page ended, whatever came since."""
    rows: list[dict[str, Any]] = []
    after = None
    async with over_http() as hub:
        while True:
            FORECASTS.variable_values = {"after": after}
            page = (await hub.execute(FORECASTS))["floodPeakForecastConnection"]
            rows += [edge["node"] for edge in page["edges"]]
            if not page["pageInfo"]["hasNextPage"]:
                return rows
            after = page["pageInfo"]["endCursor"]


async def first_live_answer() -> dict[str, Any]:
    """The first comes at once; leave the loop running to be told of each change."""
    async with over_websocket() as hub:
        async for answer in hub.subscribe(LIVE):
            return dict(answer)
    raise RuntimeError("the subscription ended without an answer")


async def main() -> None:
    told = {
        "levels": await newest_levels(),
        "forecasts": len(await every_forecast()),
        "live": await first_live_answer(),
    }
    print(json.dumps(told, ensure_ascii=False))


if __name__ == "__main__":
    asyncio.run(main())
