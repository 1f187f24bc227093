"""Requests over real connections: several on one, and those whose callers leave."""

import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import orjson
import pytest

from catalog.ids import DatasetCode, GrantId
from schema.data.plan import Reading
from schema.encoding import LEAST
from tests.hub.test_protocol import running
from tests.schema.hub import Hub, whole
from tests.schema.test_encoding import READERS
from tests.shared_data import grant, station, station_rows

PATIENCE = 120
STATION = DatasetCode("station")
QUERY = "{ station(orderBy: [{code: ASC}]) { code } }"


@pytest.fixture
def port(hub: Hub) -> Iterator[int]:
    hub.serve(query_seconds=PATIENCE * 2.0)
    for served in running(hub.app):
        yield served.port


def post(token: str, query: str, **headers: str) -> bytes:
    content = orjson.dumps({"query": query})
    lines = [
        "POST /graphql HTTP/1.1",
        "host: x",
        f"authorization: Bearer {token}",
        "content-type: application/json",
        f"content-length: {len(content)}",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "\r\n"]).encode() + content


class Replies:
    """What comes back over a connection, one reply after the other."""

    def __init__(self, connection: socket.socket) -> None:
        self._stream = connection.makefile("rb")

    def next(self) -> tuple[dict[str, str], Any]:
        status = self._stream.readline()
        assert status.startswith(b"HTTP/1.1 "), status
        headers = {}
        while (line := self._stream.readline().strip()) != b"":
            name, _, value = line.decode("latin-1").partition(": ")
            headers[name.lower()] = value
        return headers, orjson.loads(self._stream.read(int(headers["content-length"])))


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


def test_two_requests_that_are_sent_at_once_are_answered_in_their_order(
    port: int, app: str
) -> None:
    with connected(port) as connection:
        first = post(app, QUERY, x_request_id="first")
        connection.sendall(first + post(app, "{ me { clientId } }", x_request_id="second"))
        replies = Replies(connection)
        for name, field in (("first", "station"), ("second", "me")):
            headers, body = replies.next()
            assert headers["x-request-id"] == name
            assert list(body["data"]) == [field]


def test_each_request_of_a_connection_is_read_for_what_it_states(port: int, hub: Hub) -> None:
    token = hub.client("two")
    purposes = ("防汛避险", "设备检修")
    hub.granted(
        "two",
        *(
            replace(grant(STATION, ("code", column)), id=GrantId(f"g-{column}"), purpose=purpose)
            for purpose, column in zip(purposes, ("name", "phone"), strict=True)
        ),
    )
    with connected(port) as connection:
        replies = Replies(connection)
        for number in range(6):
            purpose = purposes[number % 2]
            stated = {"x_vitalhub_purpose": quote(purpose), "x_vitalhub_case": f"case-{number}"}
            connection.sendall(post(token, "{ station { name } }", **stated))
            _, body = replies.next()
            assert ("data" in body) is (number % 2 == 0)
            record = hub.usage_records()[-1]
            if "data" in body:
                assert (record["purposes"], record["case"]) == ([purpose], f"case-{number}")
        connection.sendall(post(token, "{ station { name } }"))
        _, body = replies.next()
        assert body["errors"][0]["extensions"]["code"] == "PURPOSE_REQUIRED"


def test_a_token_revoked_between_two_requests_of_a_connection_ends_with_the_first(
    port: int, hub: Hub, app: str
) -> None:
    with connected(port) as connection:
        replies = Replies(connection)
        for _ in range(2):
            connection.sendall(post(app, QUERY))
            assert "data" in replies.next()[1]
        hub.clients.revoke_client(hub.principal(app).client)
        connection.sendall(post(app, QUERY))
        _, body = replies.next()
    assert body["errors"][0]["extensions"]["code"] == "TOKEN_REVOKED"


def test_the_reading_of_a_caller_who_leaves_is_ended(
    hub: Hub, app: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ended = threading.Event(), threading.Event()
    expire = Reading._expire  # noqa: SLF001 - only its call shows that nobody waits any more

    def told(reading: Reading) -> None:
        ended.set()
        expire(reading)

    def waits(_: DatasetCode) -> None:
        begun.set()
        ended.wait(PATIENCE)

    monkeypatch.setattr(hub.services.sharing, "check_inputs", waits)
    hub.serve(query_seconds=PATIENCE * 2.0)
    monkeypatch.setattr(Reading, "_expire", told)
    for served in running(hub.app):
        with connected(served.port) as connection:
            connection.sendall(post(app, QUERY))
            assert begun.wait(PATIENCE)
        assert ended.wait(PATIENCE)


def test_a_reply_that_is_large_leaves_compressed_for_who_accepts_it(
    port: int, hub: Hub, app: str
) -> None:
    rows = station_rows(*((f"S{number:04}", "磁器口", None) for number in range(1_000)))
    hub.publish(station(), rows, "many")
    bodies = []
    for encoding in ("identity", "gzip", "zstd, gzip"):
        with connected(port) as connection:
            query = "{ station(limit: 1000) { code name } }"
            connection.sendall(post(app, query, accept_encoding=encoding))
            stream = connection.makefile("rb")
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += stream.readline()
            length = re.search(rb"content-length: (\d+)", head)
            assert length is not None
            content = stream.read(int(length[1]))
            assert b"vary: accept-encoding\r\n" in head
            bodies.append(unpacked(head, content))
    plain, *others = (orjson.loads(body)["data"] for body in bodies)
    assert len(plain["station"]) == 1_000
    assert others == [plain, plain]
    assert [record["reply_bytes"] for record in hub.usage_records()[-3:]] == [*map(len, bodies)]


def unpacked(head: bytes, content: bytes) -> bytes:

    for encoding, reader in READERS.items():
        if b"content-encoding: %s\r\n" % encoding.name.encode() in head:
            assert len(content) < LEAST
            return reader(content)
    return content


def test_who_holds_everything_is_answered_by_the_same_memory_as_before(hub: Hub, app: str) -> None:
    """The grants of one client are never those of another who asks on the same hub."""
    other = hub.client("narrow", of="cq_hightech")
    hub.granted("narrow", grant(STATION, ("code",)))
    hub.granted("app", *whole())
    for _ in range(3):
        assert hub.ask(app, "{ station { code name } }")["station"]
        assert hub.codes(other, "{ station { code name } }") == ["GRAPHQL_VALIDATION_FAILED"]
