"""A heavy neighbour: what 64 heavy queries of one client do to the point reads of another.

A real server in a process of its own, two clients, one data set of some million rows. First the light
client alone, then beside 64 connections that ask for a sort of everything, each its next one as soon as
it is answered or refused. The figure is the light client's 95th percentile, beside over alone.
"""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import duckdb
import httpx

from access.roles import Role
from bench.measure import Table
from bench.readings import PLACES, STATIONS, contract
from bench.town import publish_all
from catalog.ids import ClientId, LoadId, OrganisationCode
from hub.composition import build_hub
from settings import Settings
from warehouse.engine import LoadPlan

ROOT = Path(__file__).parents[1]
ROWS = 3_000_000
CONNECTIONS = 64
READS = 150
ROUNDS = 3
PAUSE = 0.02
NOTHING_KEPT = {"VITALHUB_RESULT_CACHE_MB": "0"}
"""What is asked again has to be worked out again: an answer that is kept is no heavy query."""
HEAVY = """{ riverRegimeMunicipal(where: {flowM3s: {gt: "3001"}},
  orderBy: [{levelM: DESC}, {flowM3s: ASC}], limit: 1000, offset: %d) { stationCode levelM } }"""
LIGHT = """{ riverRegimeMunicipalByKey(stationCode: "BENCH-0007",
  observedAt: "2020-01-01T%02d:%02d:00Z") { levelM flowM3s } }"""
MAKE = f"""COPY (SELECT 'BENCH-' || lpad((i % {STATIONS})::VARCHAR, 4, '0') AS station_code,
    TIMESTAMPTZ '2020-01-01 00:00:00+00' + INTERVAL 10 MINUTE * (i // {STATIONS}) AS observed_at,
    (180 + (i * 7919 % 100003) / 10000.0)::DECIMAL(9, 3) AS level_m, '黄海' AS datum,
    (3000 + i % 700 + 0.5)::DECIMAL(12, 3) AS flow_m3s,
    list_extract({PLACES}::BIGINT[], (i % {len(PLACES)} + 1)::INT) AS place_code,
    'bench-1' AS scenario_id, true AS synthetic, i AS _row
  FROM range({ROWS}) AS t(i)) TO 'ROWS.parquet' (FORMAT parquet)"""


def fairness() -> Table:
    folder = Path(tempfile.mkdtemp(prefix="vitalhub-bench-"))
    try:
        secrets = _prepared(folder)
        with _served(folder) as address:
            return asyncio.run(_measured(address, secrets))
    finally:
        shutil.rmtree(folder)


def _prepared(folder: Path) -> Mapping[str, str]:
    """A home with the data set in it, and the two clients' secrets."""
    hub = build_hub(Settings(home=folder))
    publish_all(hub)
    load, promise = LoadId("f" * 32), contract()
    (hub.settings.landing / load).mkdir()
    rows = hub.settings.landing / load / "rows.parquet"
    duckdb.connect().execute(MAKE.replace("ROWS.parquet", str(rows)))
    hub.engine.publish(LoadPlan(load, promise, rows, "bench", rows.with_name("unfit.parquet")))
    hub.engine.maintain()
    owner = OrganisationCode("cq_water")
    secrets = {
        name: hub.clients.register(ClientId(name), owner, [Role.APP]) for name in ("heavy", "light")
    }
    hub.close()
    return secrets


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | NOTHING_KEPT | {"VITALHUB_HOME": str(folder)}
    command = [sys.executable, "server.py", "serve", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        _wait_for(f"http://127.0.0.1:{port}/health")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(address: str) -> None:
    deadline = perf_counter() + 60
    while True:
        try:
            httpx.get(address, timeout=5, trust_env=False)
        except httpx.TransportError:
            assert perf_counter() < deadline, "the server did not start"
        else:
            return


async def _measured(address: str, secrets: Mapping[str, str]) -> Table:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(
        base_url=address, timeout=120, limits=limits, trust_env=False
    ) as http:
        tokens = {name: await _token(http, name, secret) for name, secret in secrets.items()}
        started = perf_counter()
        assert "errors" not in (await _ask(http, tokens["heavy"], HEAVY % 0)).json()
        one_heavy = perf_counter() - started
        await _reads(http, tokens["light"])  # warm
        alone, beside, told = [], [], Counter[str]()
        for _ in range(ROUNDS):
            alone += await _reads(http, tokens["light"])
            async with _neighbour(http, tokens["heavy"], told):
                beside += await _reads(http, tokens["light"])
    idle, busy = _percentile(alone, 95), _percentile(beside, 95)
    table = Table(f"A neighbour with {CONNECTIONS} heavy queries over {ROWS:,} rows")
    table.seconds("one heavy query, alone", one_heavy)
    table.seconds("point read alone, p50", _percentile(alone, 50))
    table.seconds("point read beside them, p50", _percentile(beside, 50))
    table.seconds("point read alone, p95", idle)
    table.seconds("point read beside them, p95", busy)
    table.figure("what the heavy ones came to", ", ".join(f"{k}: {n}" for k, n in told.items()))
    table.ratio("of the idle p95", busy / idle, "at most 3", met=busy / idle <= 3)
    return table


class _neighbour:  # noqa: N801 - used as a context
    """64 connections of the heavy client, each with its next query at once."""

    def __init__(self, http: httpx.AsyncClient, token: str, told: Counter[str]) -> None:
        self._http, self._token, self._told = http, token, told
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> None:
        self._tasks = [asyncio.create_task(self._go_on(n)) for n in range(CONNECTIONS)]
        await asyncio.sleep(1)

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(1)

    async def _go_on(self, number: int) -> None:
        while True:
            reply = await _ask(self._http, self._token, HEAVY % (number * 10))
            errors = reply.json().get("errors")
            self._told[errors[0]["extensions"]["code"] if errors else "OK"] += 1
            await asyncio.sleep(float(reply.headers.get("retry-after", 0)))


async def _reads(http: httpx.AsyncClient, token: str) -> list[float]:
    found = []
    for number in range(READS):
        query = LIGHT % (number % 24, number % 6 * 10)
        started = perf_counter()
        reply = await _ask(http, token, query)
        found.append(perf_counter() - started)
        assert "errors" not in reply.json(), reply.text
        await asyncio.sleep(PAUSE)
    return found


async def _ask(http: httpx.AsyncClient, token: str, query: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return await http.post("/graphql", json={"query": query}, headers=headers)


async def _token(http: httpx.AsyncClient, name: str, secret: str) -> str:
    reply = await http.post(
        "/oauth/token", data={"grant_type": "client_credentials"}, auth=(name, secret)
    )
    return str(reply.json()["access_token"])


def _percentile(seconds: list[float], percent: int) -> float:
    return sorted(seconds)[len(seconds) * percent // 100]
