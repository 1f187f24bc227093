"""What is sent to harm: refused with a clear code and bounded in memory, while others are served."""

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import psutil
import pytest

from tests.running_hub import RunningHub

GOOD = "{ riverStation(limit: 1) { stationCode } }"
STEWARD = "water-steward"
"""May send a catalogue, and so a body of 8 MiB."""
GROWTH = 150 * 2**20
"""Bytes that the server may keep of all the abuse below; a single answer has some."""
SHORT = 20_000
"""Bytes of a refusal."""
DRIPPING = 500
DRIP_SECONDS = 120.0
"""Long after the hub's own limit; without one a header drips for ever."""
SLOW_READERS = 40


def asked(query: str, **variables: object) -> bytes:
    return json.dumps({"query": query, "variables": variables}).encode()


def fragment_bomb(depth: int) -> str:
    pairs = (f"fragment f{i} on RiverStation {{ ...f{i + 1} ...f{i + 1} }}" for i in range(depth))
    last = f"fragment f{depth} on RiverStation {{ stationCode }}"
    return " ".join(["{ riverStation { ...f0 } }", *pairs, last])


def nested(depth: int) -> str:
    return "{ a " * depth + "}" * depth


def nested_value(depth: int) -> dict[str, object]:
    value: dict[str, object] = {}
    for _ in range(depth):
        value = {"not": value}
    return value


WHERE = "query ($w: RiverStationFilter) { riverStation(where: $w) { stationCode } }"
CYCLE = "{ riverStation { ...a } } fragment a on RiverStation { ...b } fragment b on RiverStation { ...a }"
ALIASES = "{ " + " ".join(f"a{i}: me {{ clientId }}" for i in range(200_000)) + " }"
IN_LIST = {"stationCode": {"in": ["x"] * 5_000}}
OR_LIST = {"or": [{"stationCode": {"eq": "x"}}] * 1_500}
ABUSES: dict[str, tuple[bytes, set[str]]] = {
    "fragment bomb": (asked(fragment_bomb(60)), {"DOCUMENT_TOO_LARGE"}),
    "cyclic fragments": (asked(CYCLE), {"GRAPHQL_VALIDATION_FAILED"}),
    "aliases": (asked("{ " + "a:__typename " * 1_000 + "}"), {"DOCUMENT_TOO_LARGE"}),
    "200,000 aliases": (asked(ALIASES), {"BODY_TOO_LARGE"}),
    "3 MB": (asked("{ a }", v="x" * 3_000_000), {"BODY_TOO_LARGE"}),
    "deep selections": (asked(nested(10_000)), {"DOCUMENT_TOO_LARGE"}),
    "deep lists": (asked("{ a(b: " + "[" * 20_000 + ") }"), {"DOCUMENT_TOO_LARGE"}),
    "deep json": (b'{"query": "{ a }", "variables": ' + b"[" * 60_000, {"REQUEST_MALFORMED"}),
    "deep filter": (asked(WHERE, w=nested_value(200)), {"FILTER_INVALID", "VARIABLES_INVALID"}),
    "wide filter": (asked(WHERE, w=OR_LIST), {"FILTER_INVALID"}),
    "long list": (asked(WHERE, w=IN_LIST), {"FILTER_INVALID"}),
    "same field": (asked("{ " + "__typename " * 1_900 + "}"), {"DOCUMENT_TOO_LARGE"}),
    "directives": (
        asked("{ me { clientId " + "@skip(if: true)" * 50 + " } }"),
        {"DOCUMENT_TOO_LARGE"},
    ),
    "huge limit": (
        asked("{ riverStation(limit: 2147483647) { stationCode } }"),
        {"PAGE_OUT_OF_RANGE"},
    ),
    "limit of many digits": (
        asked("{ riverStation(limit: " + "9" * 20_000 + ") { stationCode } }"),
        {"GRAPHQL_VALIDATION_FAILED"},
    ),
    "huge offset": (
        asked("{ riverStation(offset: 2000000000) { stationCode } }"),
        {"PAGE_OUT_OF_RANGE"},
    ),
    "wrong type": (
        asked("{ riverStation(limit: {}) { stationCode } }"),
        {"GRAPHQL_VALIDATION_FAILED"},
    ),
    "batch": (b"[" + asked(GOOD) + b"," + asked(GOOD) + b"]", {"REQUEST_MALFORMED"}),
    "comments": (asked("#" * 60_000 + "\n{ nothing }"), {"GRAPHQL_VALIDATION_FAILED"}),
}


@pytest.fixture
def http(hub: RunningHub, token: str) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with httpx.Client(base_url=hub.address, headers=headers, timeout=60, trust_env=False) as client:
        yield client


def codes_of(reply: httpx.Response) -> set[str]:
    return {error["extensions"]["code"] for error in reply.json()["errors"]}


def serves(http: httpx.Client) -> bool:
    reply = http.post("/graphql", content=asked(GOOD))
    return len(reply.json().get("data", {}).get("riverStation", [])) == 1


def memory(hub: RunningHub) -> int:
    return int(psutil.Process(hub.process.pid).memory_info().rss)


@contextmanager
def meanwhile(work: Callable[[], object], times: int) -> Iterator[list[BaseException]]:
    """`work` again and again in four threads; what went wrong in them."""
    wrong: list[BaseException] = []

    def run() -> None:
        try:
            for _ in range(times):
                work()
        except BaseException as error:  # noqa: BLE001 - told to the test
            wrong.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield wrong
    finally:
        for thread in threads:
            thread.join()


@pytest.mark.parametrize("abuse", ABUSES)
def test_abuse_is_refused_with_a_clear_code_and_a_short_answer(
    http: httpx.Client, abuse: str
) -> None:
    body, codes = ABUSES[abuse]
    reply = http.post("/graphql", content=body)
    assert reply.status_code in {200, 400, 413}
    assert codes_of(reply) <= codes
    assert len(reply.content) < SHORT
    assert "data" not in reply.json() or set(reply.json()["data"] or {None}) == {None}


def test_who_may_send_a_catalogue_may_not_send_a_long_document(hub: RunningHub) -> None:
    headers = {
        "Authorization": f"Bearer {hub.clients[STEWARD].token()}",
        "Content-Type": "application/json",
    }
    with httpx.Client(base_url=hub.address, headers=headers, timeout=60, trust_env=False) as http:
        assert codes_of(http.post("/graphql", content=asked(ALIASES))) == {"DOCUMENT_TOO_LARGE"}
        nine = asked("{ me { clientId } }", v="x" * 9 * 2**20)
        assert codes_of(http.post("/graphql", content=nine)) == {"BODY_TOO_LARGE"}


def test_abuse_without_end_costs_no_memory_and_others_are_served(
    hub: RunningHub, http: httpx.Client
) -> None:
    def all_of_it() -> None:
        for body, _ in ABUSES.values():
            http.post("/graphql", content=body)

    all_of_it()
    before = memory(hub)
    with meanwhile(all_of_it, times=5) as wrong:
        assert all(serves(http) for _ in range(20))
    assert not wrong
    assert memory(hub) - before < GROWTH
    assert serves(http)


def test_clients_that_do_not_read_cost_no_memory_and_others_are_served(
    hub: RunningHub, http: httpx.Client, token: str
) -> None:
    query = asked(
        "{ "
        + " ".join(
            f"a{i}: riverRegimeNational(limit: 1000) {{ stationCode observedAt levelM }}"
            for i in range(20)
        )
        + " }"
    )
    assert len(http.post("/graphql", content=query).content) > 10 * SHORT
    request = (
        f"POST /graphql HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(query)}\r\n\r\n"
    ).encode() + query
    before = memory(hub)
    address = httpx.URL(hub.address)
    with contextlib.ExitStack() as open_ones:
        for _ in range(SLOW_READERS):
            slow = open_ones.enter_context(
                socket.create_connection((address.host, address.port or 0))
            )
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.sendall(request)
        assert all(serves(http) for _ in range(20))
        assert memory(hub) - before < GROWTH
    assert serves(http)


def test_dripping_headers_are_cut_off_and_others_are_served(
    hub: RunningHub, http: httpx.Client
) -> None:
    address = httpx.URL(hub.address)

    async def drip() -> None:
        reader, writer = await asyncio.open_connection(address.host, address.port)
        with contextlib.suppress(ConnectionError):
            writer.write(b"POST /graphql HTTP/1.1\r\nx-drip: ")
            while not reader.at_eof():
                writer.write(b"a")
                await writer.drain()
                with contextlib.suppress(TimeoutError):
                    if await asyncio.wait_for(reader.read(1), 1) == b"":
                        break
        writer.close()

    async def everybody() -> None:
        dripping = asyncio.gather(*(drip() for _ in range(DRIPPING)))
        assert await asyncio.to_thread(lambda: all(serves(http) for _ in range(10)))
        async with asyncio.timeout(DRIP_SECONDS):
            await dripping

    asyncio.run(everybody())
