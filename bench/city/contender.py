"""The contenders: each is a process of its own on loopback, started by one command.

`python -m bench city serve NAME` runs one in the foreground; the benchmark runs the same command. Ours is
`server.py serve` on a real home, with token, scope, lock and usage record, with as many readers as cores
(`VITALHUB_READERS` says otherwise), and with its result cache off but where the question is what a cache
does.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from bench.city.asking import Asking, GraphQLAsking, PlainAsking
from bench.city.dialect import HUB, POSTGRAPHILE, STRAWBERRY
from bench.city.home import CLIENT, Home
from bench.city.layout import ROOT, Layout
from bench.city.node import node_in, postgraphile_in
from bench.city.postgres import Postgres
from demo.city import free_port

READY_SECONDS = 120.0
MIRROR_SECONDS = 3_600.0
BUILDING = "building"
UNCACHED, CACHED = "0", "64"
PRICES = "1000000000"
"""What one operation may cost: more than reading all 50 M readings."""
READERS = "VITALHUB_READERS"


@dataclass(frozen=True, slots=True)
class Contender:
    """`address` of the running one; `token` is a bearer token, where it wants one."""

    name: str
    asking: Asking
    address: str
    processes: tuple[int, ...]
    """The ids of those that do its work, with their children."""
    token: str = field(default="", repr=False)
    mirror: Mapping[str, str] = field(default_factory=dict)
    """What the hub's row mirror says of each set."""
    mirror_seconds: float = 0.0
    """How long it was waited for."""

    @property
    def headers(self) -> Mapping[str, str]:
        bearer = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return {"Content-Type": "application/json", **bearer}


@dataclass(frozen=True, slots=True)
class Grounds:
    """What the contenders stand on, made before: files, a PostgreSQL that runs (if there is one)."""

    layout: Layout
    home: Home
    postgres: Postgres | None


ASKING: Mapping[str, Asking] = {
    "hub": GraphQLAsking(HUB),
    "hub-cached": GraphQLAsking(HUB),
    "strawberry": GraphQLAsking(STRAWBERRY),
    "bare": PlainAsking(),
    "fixed": PlainAsking(compared=False),
    "postgraphile": GraphQLAsking(POSTGRAPHILE),
    "postgraphile-2": GraphQLAsking(POSTGRAPHILE),
}


@contextmanager
def running(name: str, grounds: Grounds, log: Path) -> Iterator[Contender]:
    """The contender, ready; its process is ended in the end."""
    port = free_port()
    command, environment = _command(name, grounds, str(port))
    address = f"http://127.0.0.1:{port}"
    with ExitStack() as stack:
        output = stack.enter_context(log.open("ab"))
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | environment, stdout=output, stderr=output
        )
        stack.callback(_ended, process)
        _ready(address, process, log)
        if not name.startswith("hub"):
            peer = grounds.postgres if name.startswith("postgraphile") else None
            works = (process.pid,) if peer is None else (process.pid, peer.process)
            yield Contender(name, ASKING[name], address, works)
            return
        token = bearer(address, grounds.home)
        began = time.monotonic()
        mirror = mirrored(address, token)
        waited = time.monotonic() - began
        yield Contender(name, ASKING[name], address, (process.pid,), token, mirror, waited)


def _command(name: str, grounds: Grounds, port: str) -> tuple[Sequence[str], Mapping[str, str]]:
    layout = grounds.layout
    if name.startswith("hub"):
        return [sys.executable, "server.py", "serve", "--port", port], _settings(name, grounds.home)
    if name.startswith("postgraphile"):
        assert grounds.postgres is not None
        node = node_in(layout.tools)
        folder = postgraphile_in(layout.tools, node)
        workers = "2" if name.endswith("-2") else "1"
        program = str(folder / "server.mjs")
        return (
            [str(node.program), program, port, workers, grounds.postgres.address],
            {"NODE_ENV": "production", "GRAPHILE_ENV": "production"},
        )
    folder = {"strawberry": layout.plain, "bare": layout.plain, "fixed": layout.fixed}[name]
    return [sys.executable, "-m", "bench.city.contenders", name, port, str(folder)], {}


def _settings(name: str, home: Home) -> Mapping[str, str]:
    return {
        "VITALHUB_HOME": str(home.home.absolute()),
        "VITALHUB_CITY": str(home.city.absolute()),
        "VITALHUB_RESULT_CACHE_MB": CACHED if name == "hub-cached" else UNCACHED,
        "VITALHUB_PRICE_BUDGET": PRICES,
        READERS: readers(),
        "VITALHUB_QUERY_SECONDS": "60",
    }


def readers() -> str:
    """How many processes of the hub answer from its row mirror."""
    return os.environ.get(READERS, str(os.cpu_count() or 1))


def bearer(address: str, home: Home) -> str:
    """A token of the bench's client."""
    reply = httpx.post(
        f"{address}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(CLIENT, home.secret),
        trust_env=False,
        timeout=30,
    )
    reply.raise_for_status()
    return str(reply.json()["access_token"])


def mirrored(address: str, token: str) -> Mapping[str, str]:
    """The state of each set's mirror, once none is being built."""
    deadline = time.monotonic() + MIRROR_SECONDS
    while True:
        headers = {"Authorization": f"Bearer {token}"}
        reply = httpx.get(f"{address}/health", headers=headers, timeout=30, trust_env=False)
        told = {one["name"]: one["mirror"] for one in reply.json()["dataSets"] if one["mirror"]}
        states = {name: str(one["state"]) for name, one in told.items()}
        if BUILDING not in states.values():
            return states
        if time.monotonic() > deadline:
            raise RuntimeError(f"the row mirror is not there after {MIRROR_SECONDS:g} s: {told}")
        time.sleep(1)


def _ready(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(f"{address}/health", timeout=5, trust_env=False)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"{address} does not get ready:\n{log.read_text('utf-8')[-2000:]}")


def _ended(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
