"""How an example is asked: over HTTP as the page says, a subscription until its first message."""

from typing import Any

import httpx
import orjson
from websockets.sync.client import connect

from schema.live.frames import PROTOCOL
from tests.acceptance.calls import Caller, People
from tests.examples.documents import Example


def answer_of(example: Example, people: People, variables: dict[str, object]) -> Any:
    """The whole answer: data, errors and extensions."""
    caller = people[example.client]
    if example.subscribes:
        return _first_message(example, caller, variables)
    headers = {"Authorization": f"Bearer {caller.token}"}
    if "header" in example.marks:
        name, value = example.marks["header"].split(":", 1)
        headers[name] = value.strip()
    reply = httpx.post(
        f"{caller.hub.address}/graphql",
        json={"query": example.text, "variables": variables},
        headers=headers,
        timeout=120,
        trust_env=False,
    )
    return reply.json()


def _first_message(example: Example, caller: Caller, variables: dict[str, object]) -> Any:
    address = caller.hub.address.replace("http", "ws", 1) + "/graphql"
    asked = {"query": example.text, "variables": variables}
    with connect(address, subprotocols=[PROTOCOL], proxy=None, open_timeout=60) as socket:  # type: ignore[list-item]
        for message in (
            {
                "type": "connection_init",
                "payload": {"authorization": f"Bearer {caller.token}"},
            },
            {"type": "subscribe", "id": "1", "payload": asked},
        ):
            socket.send(orjson.dumps(message).decode())
            told = orjson.loads(socket.recv(timeout=120))
    return {"errors": told["payload"]} if told["type"] == "error" else told["payload"]
