import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from time import monotonic

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from hub import protocol
from hub.protocol import HEADER_BYTES, PatientProtocol

DRIPPING = 500
LARGE = 16 * 2**20


async def echo(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def large(_: Request) -> Response:
    return Response(b"x" * LARGE)


@pytest.fixture
def port() -> Iterator[int]:
    """A real server on the protocol under test."""
    app = Starlette(routes=[Route("/", echo, methods=["POST"]), Route("/large", large)])
    config = uvicorn.Config(app, http=PatientProtocol, log_level="error", timeout_keep_alive=30)
    server = uvicorn.Server(config)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    while not server.started:
        threading.Event().wait(0.01)
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEADER_SECONDS", 0.5)
    monkeypatch.setattr(protocol, "READ_SECONDS", 0.5)


async def drip(port: int, until: float) -> float:
    """Begin a request and send its header a byte at a time; when the server hung up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.suppress(ConnectionError):
        writer.write(b"GET / HTTP/1.1\r\nx-drip: ")
        while monotonic() < until:
            writer.write(b"a")
            await writer.drain()
            if await _ended(reader):
                break
    writer.close()
    return monotonic()


async def _ended(reader: asyncio.StreamReader) -> bool:
    try:
        return await asyncio.wait_for(reader.read(1), 0.1) == b""
    except TimeoutError:
        return False


@pytest.mark.usefixtures("hurried")
def test_five_hundred_dripping_connections_are_closed_and_others_are_served(port: int) -> None:
    async def all_drip() -> float:
        start = monotonic()
        ends = asyncio.gather(*(drip(port, start + 8) for _ in range(DRIPPING)))
        await asyncio.sleep(0.2)
        async with httpx.AsyncClient(trust_env=False) as client:
            reply = await client.post(f"http://127.0.0.1:{port}/", content=b"hello")
        assert reply.text == "5"
        return max(await ends) - start

    assert asyncio.run(all_drip()) < 8


def test_a_header_without_end_is_refused_by_its_size(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nx-long: " + b"a" * (HEADER_BYTES + 1))
        assert client.recv(64).startswith(b"HTTP/1.1 431 ")


def test_a_large_body_behind_a_short_header_is_no_large_header(port: int) -> None:
    body = b"b" * (4 * HEADER_BYTES)
    assert httpx.post(f"http://127.0.0.1:{port}/", content=body).text == str(len(body))


def test_requests_on_one_connection_each_have_their_time(port: int) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        assert [client.post("/", content=b"x" * n).text for n in range(5)] == list("01234")


@pytest.mark.usefixtures("hurried")
def test_a_client_that_does_not_read_is_cut_off(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n")
        threading.Event().wait(2)
        received = 0
        with contextlib.suppress(ConnectionError):
            while chunk := client.recv(2**16):
                received += len(chunk)
        assert received < LARGE
