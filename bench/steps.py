"""Where the time of a point read goes: another row of the row mirror each time, in one process and without a
network, step by step.

Rules: the application is the hub's own, asked as a server asks it; a step is a function of the product that
is timed where it stands, none within another; figures are medians of many requests, so a pause of the
machine is nobody's.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from itertools import chain
from statistics import median
from time import perf_counter_ns
from typing import Any

import httpx

import schema.http
import schema.operation
import schema.recall
from access.usage import UsageLog
from bench.measure import Table
from hub.composition import Hub
from schema.admission import Admission
from schema.outcome import Outcome
from schema.templates import Templates
from warehouse.mirror.read import MirrorReader
from warehouse.mirror.standing import MirrorState

REQUESTS = 2_000
WARM = 100
READY_SECONDS = 120.0
MIRROR = "the row mirror"
STEPS: Mapping[str, tuple[tuple[Any, str], ...]] = {
    "token, grants and view": ((Admission, "recall"),),
    "the request's JSON": ((schema.http, "request_of"),),
    "variables and plan": ((Templates, "coerced"), (Templates, "filled")),
    MIRROR: ((MirrorReader, "read"),),
    "the answer and its bytes": ((schema.recall, "recalled"), (Outcome, "content")),
    "usage record: made": ((schema.operation, "usage_of"),),
    "usage record: chained and counted": ((UsageLog, "record"),),
}
WHOLE, REST = "the whole of it, in the application", "the rest: HTTP, checks, metrics, log"
Taken = dict[str, list[list[int]]]
"""Of each step the nanoseconds of each of its functions."""


def steps(hub: Hub, secret: str, bodies: list[bytes]) -> Table:
    """`bodies`: requests that differ in their variables alone."""
    table = Table("A point read from the row mirror, step by step: microseconds, medians")
    assert hub.mirror is not None
    mirror = threading.Thread(target=hub.mirror.run, name="mirror")
    mirror.start()
    try:
        _await_mirror(hub)
        with _timed() as taken:
            asyncio.run(_asked(hub, secret, bodies, taken))
    finally:
        hub.mirror.stop()
        mirror.join()
    told = {step: sum([median(times) for times in parts]) for step, parts in taken.items()}
    whole = told.pop(WHOLE)
    table.figure(WHOLE, f"{whole / 1e3:>10.1f} us")
    for name, own in {**told, REST: whole - sum(told.values())}.items():
        table.figure(f"  {name}", f"{own / 1e3:>10.1f} us  {own / whole:>4.0%}")
    return table


def _await_mirror(hub: Hub) -> None:
    assert hub.mirror is not None
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        now = hub.mirror.standings.now
        if any(one.state is MirrorState.READY for one in now.values()):
            return  # the others were never published
        time.sleep(0.1)
    raise RuntimeError(f"the row mirror is not ready: {hub.mirror.standings.now}")


@contextmanager
def _timed() -> Iterator[Taken]:
    """Each step of each request from now on, by its name."""
    taken: Taken = {WHOLE: [[]]}
    before = [
        (owner, name, getattr(owner, name)) for step in STEPS.values() for owner, name in step
    ]
    try:
        for step, parts in STEPS.items():
            taken[step] = [[] for _ in parts]
            for (owner, name), times in zip(parts, taken[step], strict=True):
                setattr(owner, name, _timing(getattr(owner, name), times))
        yield taken
    finally:
        for owner, name, plain in before:
            setattr(owner, name, plain)


def _timing(plain: Callable[..., object], times: list[int]) -> Callable[..., object]:
    def timing(*arguments: object, **options: object) -> object:
        began = perf_counter_ns()
        found = plain(*arguments, **options)
        times.append(perf_counter_ns() - began)
        return found

    return timing


async def _asked(hub: Hub, secret: str, bodies: list[bytes], taken: Taken) -> None:
    token = await _token(hub, secret)
    for number in range(WARM + REQUESTS):
        if number == WARM:
            for times in chain.from_iterable(taken.values()):
                times.clear()
        body = bodies[number % len(bodies)]
        began = perf_counter_ns()
        reply = await _ask(hub, token, body)
        taken[WHOLE][0].append(perf_counter_ns() - began)
        assert not reply.startswith(b'{"errors"'), reply
    (read,) = map(len, taken[MIRROR])
    assert read == REQUESTS, f"{REQUESTS - read} rows were not asked of the row mirror"


async def _token(hub: Hub, secret: str) -> str:
    transport = httpx.ASGITransport(hub.app)
    async with httpx.AsyncClient(transport=transport, base_url=hub.settings.issuer) as http:
        asked = {"grant_type": "client_credentials"}
        reply = await http.post("/oauth/token", data=asked, auth=("bench", secret))
        return str(reply.json()["access_token"])


async def _ask(hub: Hub, token: str, body: bytes) -> bytes:
    """As a server asks: the body is there when it is fetched."""
    waiting = [body]
    sent: list[bytes] = []

    async def receive() -> MutableMapping[str, Any]:
        if not waiting:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": waiting.pop(), "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message.get("body", b""))

    headers = [
        (b"host", b"localhost"),
        (b"authorization", b"Bearer " + token.encode()),
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
    ]
    scope = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b""}
    await hub.app({**scope, "headers": headers}, receive, send)
    return b"".join(sent)
