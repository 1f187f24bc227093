"""Patience that ends, of a real server on a real port.

Rules: a limit is hurried only once whoever shall be served has said what it must say in time; what shall
happen is waited for, not the time it may take.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from hub import protocol
from hub.protocol import HEADER_BYTES, PatientProtocol, PatientWebSocket
from schema.export.sending import CUT
from tests.connectors.calling.hostile import wait_until

DRIPPING = 500
LARGE = 16 * 2**20
PATIENCE = 120.0
"""Seconds that only what goes wrong takes."""
SHIPPED = protocol.HEADER_SECONDS
HURRIED = 0.5
ADMITTED = 2.0
"""Seconds for a header that is sent at once; who waits for its end waits as long."""
UPGRADE = (
    b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


async def echo(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def large(_: Request) -> Response:
    return Response(b"x" * LARGE)


class Counted(PatientProtocol):
    """Tells how many connections there were."""

    made = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        Counted.made += 1


@dataclass(frozen=True, slots=True)
class Running:
    server: uvicorn.Server
    port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait_until_all_have_gone(self) -> None:
        wait_until(lambda: not self.server.server_state.connections)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch, HEADER_SECONDS=PATIENCE, READ_SECONDS=PATIENCE)


def hurry(monkeypatch: pytest.MonkeyPatch, **limits: float) -> None:
    """From now on; a time that runs already goes on."""
    for name, seconds in limits.items():
        monkeypatch.setattr(protocol, name, seconds)


@pytest.fixture
def web() -> Iterator[Running]:
    """A real server on the protocol under test."""
    yield from running(
        Starlette(routes=[Route("/", echo, methods=["POST"]), Route("/large", large)])
    )


@pytest.fixture
def port(web: Running) -> int:
    return web.port


def running(app: ASGIApp) -> Iterator[Running]:
    config = uvicorn.Config(
        app,
        http=Counted,
        ws=PatientWebSocket,
        ws_per_message_deflate=False,
        log_level="critical",
        timeout_keep_alive=int(PATIENCE),
    )
    server = uvicorn.Server(config)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    while not server.started:
        threading.Event().wait(0.01)
    yield Running(server, listening.getsockname()[1])
    server.should_exit = True
    thread.join()


async def drip(port: int) -> None:
    """Begin a request and send its header a byte at a time until the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.suppress(ConnectionError):
        writer.write(b"GET / HTTP/1.1\r\nx-drip: ")
        while not await _ended(reader):
            writer.write(b"a")
            await writer.drain()
    writer.close()


async def _ended(reader: asyncio.StreamReader) -> bool:
    try:
        return await asyncio.wait_for(reader.read(1), 0.1) == b""
    except TimeoutError:
        return False


def test_a_header_that_drips_is_given_up_within_ten_seconds_as_shipped() -> None:
    assert SHIPPED < 10


def test_five_hundred_dripping_connections_are_closed_and_others_are_served(
    web: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def all_drip() -> None:
        hurry(monkeypatch, HEADER_SECONDS=HURRIED)
        before = Counted.made
        async with asyncio.timeout(PATIENCE):
            dripping = asyncio.gather(*(drip(web.port) for _ in range(DRIPPING)))
            await asyncio.to_thread(wait_until, lambda: Counted.made >= before + DRIPPING)
            hurry(monkeypatch, HEADER_SECONDS=PATIENCE)
            async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as client:
                assert (await client.post(web.address, content=b"hello")).text == "5"
            await dripping

    asyncio.run(all_drip())


def test_a_header_without_end_is_refused_by_its_size(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nx-long: " + b"a" * (HEADER_BYTES + 1))
        assert client.recv(64).startswith(b"HTTP/1.1 431 ")


def test_a_later_header_without_end_is_refused_by_its_size_too(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")
        assert client.recv(1024).startswith(b"HTTP/1.1 200 ")
        client.sendall(b"GET / HTTP/1.1\r\nx-long: " + b"a" * (HEADER_BYTES + 1))
        assert b"HTTP/1.1 431 " in rest(client)


def test_a_later_header_that_ends_in_the_middle_is_given_up(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")
        assert client.recv(1024).startswith(b"HTTP/1.1 200 ")
        hurry(monkeypatch, HEADER_SECONDS=HURRIED)
        client.sendall(b"GET / HTTP/1.1\r\nhost:")
        rest(client)


def test_a_large_body_behind_a_short_header_is_no_large_header(port: int) -> None:
    body = b"b" * (4 * HEADER_BYTES)
    reply = httpx.post(f"http://127.0.0.1:{port}/", content=body, timeout=PATIENCE)
    assert reply.text == str(len(body))


def test_requests_on_one_connection_each_have_their_time(port: int) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client:
        assert [client.post("/", content=b"x" * n).text for n in range(5)] == list("01234")


def rest(client: socket.socket) -> bytes:
    """What is still to come until the server hangs up; TimeoutError where it does not."""
    client.settimeout(PATIENCE / 2)
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
def test_the_rest_of_a_body_that_has_its_answer_is_not_waited_for(
    port: int, late: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever lacks a token is answered at once, so the body's own time does not run."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"POST /nowhere HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nb")
        assert client.recv(1024).startswith(b"HTTP/1.1 404 ")
        hurry(monkeypatch, HEADER_SECONDS=HURRIED)
        client.sendall(late)
        rest(client)


def test_an_empty_line_between_requests_holds_no_connection(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")
        assert client.recv(1024).startswith(b"HTTP/1.1 200 ")
        hurry(monkeypatch, HEADER_SECONDS=HURRIED)
        client.sendall(b"\r\n")
        rest(client)


def test_a_large_body_that_was_answered_early_leaves_its_connection_fit(port: int) -> None:
    body = b"b" * (4 * HEADER_BYTES)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client:
        assert client.post("/nowhere", content=body).status_code == 404
        assert client.post("/", content=body).text == str(len(body))


def test_a_client_that_does_not_read_is_cut_off(
    web: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(monkeypatch, READ_SECONDS=HURRIED)
    with socket.create_connection(("127.0.0.1", web.port)) as client:
        client.sendall(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n")
        received = len(client.recv(1))
        web.wait_until_all_have_gone()
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

    for web in running(Starlette(routes=[WebSocketRoute("/", echo_socket)])):
        yield web.port


def test_a_websocket_that_is_silent_outlives_the_time_for_headers(
    socket_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that says nothing at all began later, and tells when that time is over."""
    hurry(monkeypatch, HEADER_SECONDS=ADMITTED)
    with (
        connect(f"ws://127.0.0.1:{socket_port}/", proxy=None, open_timeout=PATIENCE) as client,
        socket.create_connection(("127.0.0.1", socket_port)) as mute,
    ):
        assert rest(mute) == b""
        client.send("still here")
        assert client.recv(timeout=PATIENCE) == "still here"


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
    with connect(f"ws://127.0.0.1:{socket_port}/", proxy=None, open_timeout=PATIENCE) as client:
        client.socket.sendall(frames)
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=PATIENCE)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == code


def test_a_message_in_many_fragments_is_one_message(socket_port: int) -> None:
    with connect(f"ws://127.0.0.1:{socket_port}/", proxy=None, open_timeout=PATIENCE) as client:
        client.send(["ab"] * 500)
        assert client.recv(timeout=PATIENCE) == "ab" * 500


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param((b"\x89\xfd" + bytes(4) + b"p" * 125) * 500, id="pings"),
        pytest.param(b"\x81\xfe\xff\xff" + bytes(4) + b"x" * 65_535, id="texts"),
    ],
)
def test_a_websocket_that_is_answered_and_never_reads_is_cut_off(
    socket_port: int, frames: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(monkeypatch, READ_SECONDS=HURRIED)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", socket_port))
        client.sendall(UPGRADE)
        assert client.recv(1024).startswith(b"HTTP/1.1 101 ")
        client.settimeout(PATIENCE / 2)
        with pytest.raises(ConnectionError):
            send_on(client, frames)


def send_on(client: socket.socket, frames: bytes) -> None:
    """Up to a gigabyte: far more than any buffer between the two holds."""
    for _ in range(2**30 // len(frames)):
        client.sendall(frames)


async def endless(scope: Scope, receive: Receive, send: Send) -> None:
    """Begins a reply and breaks it off."""
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"half", "more_body": True})
    scope[CUT]()
    while (await receive())["type"] != "http.disconnect":
        pass


def test_a_reply_that_is_cut_is_no_whole_reply_to_its_reader(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for web in running(endless):
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.post(web.address, timeout=PATIENCE, trust_env=False)
    assert not caplog.records
