"""A demo city hub of the examples' own, since they decide, revoke and end things for good."""

import base64
import json
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from commands.client import HubClient
from tests.acceptance.calls import People, new_token
from tests.acceptance.cities import watchful_city
from tests.acceptance.exchange import csv_file, drop, gauge_row, load_of
from tests.examples.documents import ROOT
from tests.running_hub import RunningHub, running_hub

FILE = "water-level-examples.csv"
OTHERS = (("retired-app", "cq_hightech", "app"),)
"""Clients that the demo has not: one to be ended."""


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    city = watchful_city(tmp_path_factory.mktemp("examples-city") / "chongqing")
    home = tmp_path_factory.mktemp("examples")
    with running_hub(home, environment={"VITALHUB_CITY": str(city)}) as running:
        for name, organisation, role in OTHERS:
            running.clients[name] = _registered(running, name, organisation, role)  # type: ignore[index]  # the running hub's own dict
        yield running


@pytest.fixture(scope="session")
def people(hub: RunningHub) -> People:
    return People(hub)


@pytest.fixture(scope="session")
def given(hub: RunningHub, people: People) -> dict[str, object]:
    """What the examples take as `${given...}`: things that happened before anybody asked."""
    drop(hub.home, FILE, csv_file(*_rows()))
    load = load_of(people["shapingba-steward"], "districtWaterLevel", FILE)
    used = new_token(hub, "hightech-flood")
    me = people["hightech-flood"].ask("{ me { clientId } }")["me"]
    return {"load": load["id"], "tokenId": _token_id(used), "client": me["clientId"]}


def _rows() -> list[str]:
    """Two good rows, and two that the gate sets apart but a steward may release."""
    good = [gauge_row("SPB-EX-01", minute) for minute in (1, 2)]
    return [*good, *(gauge_row("SPB-EX-01", minute, level="149.00") for minute in (3, 4))]


def _token_id(token: str) -> str:
    payload = token.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["jti"])


def _registered(hub: RunningHub, name: str, organisation: str, role: str) -> HubClient:
    command = [sys.executable, "server.py", "--home", str(hub.home), "client", "add", name]
    told = subprocess.run(
        [*command, "--organisation", organisation, "--role", role],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    found = re.search(r"VITALHUB_CLIENT_SECRET=(\S+)", told.stdout)
    assert found is not None, told.stdout
    return HubClient(hub.address, name, found[1])
