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
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from hub import protocol
from hub.protocol import HEADER_BYTES, PatientProtocol, PatientWebSocket

DRIPPING = 500
LARGE = 16 * 2**20
UPGRADE = (
    b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


async def echo(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def large(_: Request) -> Response:
    return Response(b"x" * LARGE)


@pytest.fixture
def port() -> Iterator[int]:
    """A real server on the protocol under test."""
    yield from running(
        Starlette(routes=[Route("/", echo, methods=["POST"]), Route("/large", large)])
    )


def running(app: Starlette) -> Iterator[int]:
    config = uvicorn.Config(
        app,
        http=PatientProtocol,
        ws=PatientWebSocket,
        ws_per_message_deflate=False,
        log_level="critical",
        timeout_keep_alive=30,
    )
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


def rest(client: socket.socket) -> bytes:
    """What is still to come until the server hangs up; TimeoutError where it does not."""
    client.settimeout(10)
    received = b""
    with contextlib.suppress(ConnectionError):
        while chunk := client.recv(2**16):
            received += chunk
    return received


@pytest.mark.parametrize(
    "late",
    [
        pytest.param(b"bb", id="of which a little comes"),
        pytest.param(b"b" * 99, id="that ends late, after which nothing comes"),
        pytest.param(b"b" * 99 + b"\r\n", id="after which an empty line comes"),
    ],
)
@pytest.mark.usefixtures("hurried")
def test_the_rest_of_a_body_that_has_its_answer_is_not_waited_for(port: int, late: bytes) -> None:
    """Whoever lacks a token is answered at once, so the body's own time does not run."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"POST /nowhere HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nb")
        assert client.recv(1024).startswith(b"HTTP/1.1 404 ")
        client.sendall(late)
        rest(client)


@pytest.mark.usefixtures("hurried")
def test_an_empty_line_between_requests_holds_no_connection(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")
        assert client.recv(1024).startswith(b"HTTP/1.1 200 ")
        client.sendall(b"\r\n")
        rest(client)


def test_a_large_body_that_was_answered_early_leaves_its_connection_fit(port: int) -> None:
    body = b"b" * (4 * HEADER_BYTES)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        assert client.post("/nowhere", content=body).status_code == 404
        assert client.post("/", content=body).text == str(len(body))


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


@pytest.fixture
def socket_port() -> Iterator[int]:
    """A real server whose one websocket echoes, and tells nothing by itself."""

    async def echo_socket(websocket: WebSocket) -> None:
        await websocket.accept()
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                await websocket.send_text(await websocket.receive_text())

    yield from running(Starlette(routes=[WebSocketRoute("/", echo_socket)]))


@pytest.mark.usefixtures("hurried")
def test_a_websocket_that_is_silent_outlives_the_time_for_headers(socket_port: int) -> None:
    with connect(f"ws://127.0.0.1:{socket_port}/", proxy=None) as client:
        threading.Event().wait(1.5)
        client.send("still here")
        assert client.recv(timeout=10) == "still here"


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(UPGRADE.replace(b"host", b"content-length: 1\r\nhost"), id="a body"),
        pytest.param(
            UPGRADE.replace(b"host", b"x-long: " + b"a" * 10_000 + b"\r\nhost"), id="long"
        ),
        pytest.param(UPGRADE.replace(b"host", b"x-many: a\r\n" * 500 + b"host"), id="many lines"),
    ],
)
def test_an_upgrade_that_is_no_handshake_is_refused_and_closed(
    socket_port: int, request_: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", socket_port)) as client:
        client.sendall(request_)
        assert rest(client).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        pytest.param(
            b"\x01\x80" + bytes(4) + b"\x00\x80\0\0\0\0" * 1_001, 1009, id="empty fragments"
        ),
        pytest.param(b"\x89\x80\0\0\0\0" * 1_001, 1008, id="pings"),
        pytest.param(b"\x8a\x80\0\0\0\0" * 1_001, 1008, id="pongs"),
    ],
)
def test_frames_that_are_no_message_are_bounded_in_number(
    socket_port: int, frames: bytes, code: int
) -> None:
    with connect(f"ws://127.0.0.1:{socket_port}/", proxy=None) as client:
        client.socket.sendall(frames)
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=10)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == code


def test_a_message_in_many_fragments_is_one_message(socket_port: int) -> None:
    with connect(f"ws://127.0.0.1:{socket_port}/", proxy=None) as client:
        client.send(["ab"] * 500)
        assert client.recv(timeout=10) == "ab" * 500


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param((b"\x89\xfd" + bytes(4) + b"p" * 125) * 500, id="pings"),
        pytest.param(b"\x81\xfe\xff\xff" + bytes(4) + b"x" * 65_535, id="texts"),
    ],
)
@pytest.mark.usefixtures("hurried")
def test_a_websocket_that_is_answered_and_never_reads_is_cut_off(
    socket_port: int, frames: bytes
) -> None:
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", socket_port))
        client.sendall(UPGRADE)
        assert client.recv(1024).startswith(b"HTTP/1.1 101 ")
        client.settimeout(20)
        with pytest.raises(ConnectionError):
            send_on(client, frames)


def send_on(client: socket.socket, frames: bytes) -> None:
    """Up to a gigabyte: far more than any buffer between the two holds."""
    for _ in range(2**30 // len(frames)):
        client.sendall(frames)
