"""How an example is asked: over HTTP as the page says, a subscription until its first message."""

from typing import Any

import httpx

from tests.acceptance.calls import People
from tests.examples.documents import Example


def answer_of(example: Example, people: People, variables: dict[str, object]) -> Any:
    """The whole answer: data, errors and extensions."""
    caller = people[example.client]
    headers = {"Authorization": f"Bearer {caller.token}"}
    if "header" in example.marks:
        name, value = example.marks["header"].split(":", 1)
        headers[name] = value.strip()
    reply = httpx.post(
        f"{caller.hub.address}/graphql",
        json={"query": example.text, "variables": variables},
        headers=headers,
        timeout=30,
        trust_env=False,
    )
    return reply.json()
