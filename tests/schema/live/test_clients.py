"""A client that others wrote, over a real socket."""

import re
from pathlib import Path
from typing import Any

from gql import Client as GqlClient
from gql import gql
from gql.transport.websockets import WebsocketsTransport

from schema.live.frames import PROTOCOL
from tests.schema.live.served import Served, run


def test_gql_asks_subscribes_and_hears_of_a_change(live: Served, app: str) -> None:
    async def test() -> None:
        transport = WebsocketsTransport(
            live.address,
            init_payload={"authorization": f"Bearer {app}"},
            subprotocols=[PROTOCOL],
        )
        async with GqlClient(transport=transport) as session:
            assert await session.execute(gql("{ station(limit: 1) { code } }")) == {
                "station": [{"code": "A"}]
            }
            asked = gql("subscription { station(orderBy: [{code: ASC}]) { code } }")
            states = session.subscribe(asked)
            assert len((await anext(states))["station"]) == 2
            live.hub.republish_stations("C")
            assert (await anext(states))["station"] == [{"code": "C"}]
            await states.aclose()

    run(test)


def test_the_python_example_of_the_documents_runs_as_it_stands(live: Served, app: str) -> None:
    page = (Path(__file__).parents[3] / "docs" / "live.md").read_text("utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - our own page

    async def test() -> None:
        states = names["watch"](live.address, app, "subscription { station { code } }")
        assert len((await anext(states))["station"]) == 2
        live.hub.republish_stations("C")
        assert [row["code"] for row in (await anext(states))["station"]] == ["C"]
        await states.aclose()

    run(test)
