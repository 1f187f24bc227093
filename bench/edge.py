"""What stands around an answer: fixed bytes, what the schema alone answers, and rows of data, side by side.

A real server in a process of its own serves all of them over keep-alive connections: a raw ASGI
application that answers the very same request with fixed bytes, `{ __typename }` (token, document and reply, no data), the same row again
and again, and another row each time, usage record and all. The figure is the server's own processor time
for a request, best of several rounds in turn: that is what a core is worth, whoever else uses the machine.
"""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import orjson

from access.roles import Role
from bench.measure import Table
from bench.readings import START, STATIONS, contract, texts
from bench.steps import steps
from bench.town import publish_all, published
from catalog.ids import ClientId, OrganisationCode
from hub.composition import build_hub
from hub.serve import WebServer
from settings import Settings

ROOT = Path(__file__).parents[1]
ROWS = 10_000
CONNECTIONS = 8
REQUESTS = 1_000
ROUNDS = 5
HALF = 0.5
FIXED = "/fixed"
BODY = b"x" * 440
"""As long as the reply with one row."""
QUERY = """query ($station: String!, $at: DateTime!) {
  riverRegimeMunicipalByKey(stationCode: $station, observedAt: $at) {
    stationCode observedAt levelM datum flowM3s placeCode } }"""

Bytes = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Best:
    """Of all rounds: the least processor time of a request, and the most requests in a second."""

    seconds: float = float("inf")
    rate: float = 0.0


def edge() -> Table:
    folder = Path(tempfile.mkdtemp(prefix="vitalhub-bench-"))
    try:
        secret = _prepared(folder)
        with _served(folder) as (process, port):
            best = asyncio.run(_measured(process, port, secret))
        within = _within(folder, secret)
    finally:
        shutil.rmtree(folder)
    table = Table(f"The edge of a request, {CONNECTIONS} connections: processor time of the server")
    fixed = best["fixed bytes, raw ASGI"]
    for name, one in best.items():
        table.figure(name, f"{one.seconds * 1e6:>10.1f} us  {one.rate:>9,.0f} requests/s")
    for name in ("the schema alone", "the same row", "another row each time"):
        share = fixed.seconds / best[name].seconds
        table.ratio(f"{name}, of the fixed reply's", share, "at least 0.5", met=share >= HALF)
    table.lines += [within.title, *within.lines]
    return table


def _within(folder: Path, secret: str) -> Table:
    """The same rows from the row mirror; nothing is kept of them."""
    hub = build_hub(Settings(home=folder, result_cache_mb=0))
    try:
        return steps(hub, secret, [_body(_key(number)) for number in range(ROWS)])
    finally:
        hub.close()


def _prepared(folder: Path) -> str:
    hub = build_hub(Settings(home=folder))
    publish_all(hub)
    published(hub, contract(), texts(ROWS))
    secret = hub.clients.register(ClientId("bench"), OrganisationCode("cq_water"), [Role.APP])
    hub.engine.maintain()
    hub.close()
    return secret


@contextmanager
def _served(folder: Path) -> Iterator[tuple[int, int]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "bench.edge", str(folder), str(port)]
    server = subprocess.Popen(command, cwd=ROOT, env=os.environ, stdout=subprocess.PIPE)
    try:
        assert server.stdout is not None
        assert server.stdout.readline(), "the server did not start"
        yield server.pid, port
    finally:
        server.terminate()
        server.wait(30)


async def _measured(process: int, port: int, secret: str) -> dict[str, Best]:
    token = _token(port, secret)
    contenders = _contenders(token)
    best = dict.fromkeys(contenders, Best())
    connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(CONNECTIONS)]
    loop = asyncio.get_running_loop()
    for turn in range(ROUNDS + 1):
        for name, request in contenders.items():
            since, before = loop.time(), _used(process)
            shares = [
                _ask(*each, request, REQUESTS // CONNECTIONS, len(BODY)) for each in connections
            ]
            await asyncio.gather(*shares)
            seconds, used = loop.time() - since, _used(process) - before
            if turn:  # the first one warms
                one = best[name]
                best[name] = Best(
                    min(one.seconds, used / REQUESTS), max(one.rate, REQUESTS / seconds)
                )
    for _, writer in connections:
        writer.close()
    return best


def _used(process: int) -> float:
    """Processor seconds of all its threads, to the nanosecond."""
    threads = Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


def _contenders(token: str) -> dict[str, Bytes]:
    numbers = count()
    variables = [_key(n) for n in range(ROWS)]
    same = _post(token, QUERY, variables[0])
    schema = _post(token, "{ __typename }", {})
    fixed = same.replace(b"/graphql", FIXED.encode(), 1)
    return {
        "fixed bytes, raw ASGI": lambda: fixed,
        "the schema alone": lambda: schema,
        "the same row": lambda: same,
        "another row each time": lambda: _post(token, QUERY, variables[next(numbers) % ROWS]),
    }


def _key(number: int) -> dict[str, str]:
    at = START + timedelta(minutes=10) * (number // STATIONS)
    return {"station": f"BENCH-{number % STATIONS:04}", "at": at.isoformat()}


def _post(token: str, query: str, variables: dict[str, str]) -> bytes:
    body = _body(variables, query)
    head = (
        "POST /graphql HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\n"
        f"authorization: Bearer {token}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _body(variables: dict[str, str], query: str = QUERY) -> bytes:
    return orjson.dumps({"query": query, "variables": variables})


async def _ask(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    request: Bytes,
    times: int,
    most: int,
) -> None:
    for _ in range(times):
        writer.write(request())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        body = await reader.readexactly(length)
        assert length <= most * 2, body
        assert not body.startswith(b'{"errors"'), body


def _token(port: int, secret: str) -> str:
    reply = httpx.post(
        f"http://127.0.0.1:{port}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=("bench", secret),
        trust_env=False,
    )
    return str(reply.json()["access_token"])


def serve(folder: Path, port: int) -> None:
    """The hub as it is served, and beside it the fixed reply, on the same event loop."""
    hub = build_hub(Settings(home=folder, port=port))
    server = WebServer(hub)

    async def beside(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - an ASGI application
        if scope["type"] == "http" and scope["path"] == FIXED:
            headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(BODY))]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": BODY})
        else:
            await hub.app(scope, receive, send)

    server.config.app = beside
    server.run()
    hub.close()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
