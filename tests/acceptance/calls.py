"""How the acceptance tests speak to a running hub: over HTTP alone, as one of the demo's clients."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any, TypeVar

import httpx

from tests.running_hub import RunningHub

SECONDS = 120.0
"""How long anything is waited for; only what goes wrong takes it."""
TOKEN_SECONDS = 240.0
"""A token is used so long; it lives for ten minutes."""
LOOK_SECONDS = 0.1
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Reply:
    """`text` is the reply as it came, so that a test can look for what must not be in it."""

    status: int
    text: str
    body: Mapping[str, Any]

    @property
    def data(self) -> Any:
        """AssertionError when there is any error."""
        assert "errors" not in self.body, self.text
        return self.body["data"]

    @property
    def codes(self) -> list[str]:
        return [error["extensions"]["code"] for error in self.body.get("errors", [])]

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The errors without the request's own id."""
        told = json.loads(self.text).get("errors", [])
        for error in told:
            error["extensions"].pop("requestId")
        return list(told)

    def provenance(self, name: str) -> Any:
        """What `extensions.data` says of a data set."""
        return self.body["extensions"]["data"][name]


def send(hub: RunningHub, token: str | None, body: object) -> Reply:
    """`body` as JSON, or as it is when it is bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    reply = httpx.post(
        f"{hub.address}/graphql", content=content, headers=headers, timeout=SECONDS, trust_env=False
    )
    return Reply(reply.status_code, reply.text, reply.json())


def new_token(hub: RunningHub, name: str) -> str:
    """An access token of one of the demo's clients."""
    reply = httpx.post(
        f"{hub.address}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(name, hub.clients[name].secret),
        timeout=SECONDS,
        trust_env=False,
    )
    return str(reply.raise_for_status().json()["access_token"])


@dataclass(slots=True)
class Caller:
    """One of the demo's clients; logs in when first needed, and again before its token ends."""

    hub: RunningHub
    name: str
    _token: str = field(init=False, default="")
    _since: float = field(init=False, default=-inf)

    @property
    def token(self) -> str:
        if time.monotonic() - self._since > TOKEN_SECONDS:
            self._since = time.monotonic()
            self._token = new_token(self.hub, self.name)
        return self._token

    def call(self, query: str, **variables: object) -> Reply:
        return send(self.hub, self.token, {"query": query, "variables": variables})

    def ask(self, query: str, **variables: object) -> Any:
        """The data of a call that must succeed."""
        return self.call(query, **variables).data

    def health(self) -> dict[str, Any]:
        """The data sets that the hub's health page shows this client, by name."""
        headers = {"Authorization": f"Bearer {self.token}"}
        reply = httpx.get(
            f"{self.hub.address}/health", headers=headers, timeout=SECONDS, trust_env=False
        )
        return {one["name"]: one for one in reply.json()["dataSets"]}


class People:
    """Everybody of the demo, each logged in when first needed."""

    def __init__(self, hub: RunningHub) -> None:
        self._hub = hub
        self._known: dict[str, Caller] = {}

    def __getitem__(self, name: str) -> Caller:
        if name not in self._known:
            self._known[name] = Caller(self._hub, name)
        return self._known[name]


def until(look: Callable[[], Found | None], seconds: float = SECONDS) -> Found:
    """What `look` finds, as soon as it finds anything; AssertionError when it never does."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(LOOK_SECONDS)
    raise AssertionError(f"waited {seconds} s in vain")
