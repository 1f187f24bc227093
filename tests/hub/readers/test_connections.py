"""One connection, many kinds of requests: each is answered once, in its turn, by whoever may."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import BinaryIO, cast

import pytest
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.connectors.calling.hostile import wait_until
from tests.hub.readers.running import (
    FIELDS,
    PATIENCE,
    ROW,
    Asking,
    RunningHub,
    key,
    raw_request,
    read_reply,
)

HEALTH = b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n"


@contextmanager
def connected(running: RunningHub) -> Iterator[tuple[socket.socket, BinaryIO]]:
    with (
        socket.create_connection(("127.0.0.1", running.port), PATIENCE) as connection,
        connection.makefile("rb") as stream,
    ):
        yield connection, cast("BinaryIO", stream)


def row_request(asking: Asking, number: int, *lines: str) -> bytes:
    body = json.dumps({"query": ROW, "variables": key(number)}).encode()
    return raw_request(asking.token, body, "/graphql", *lines)


def station_of(content: bytes) -> str:
    return str(json.loads(content)["data"]["riverRegimeMunicipalByKey"]["stationCode"])


def test_a_connection_goes_to_a_reader_and_back_with_each_request(running: RunningHub) -> None:
    asking, _ = running.granted()
    before = running.answered
    with connected(running) as (connection, stream):
        for number in range(20):
            connection.sendall(row_request(asking, number))
            assert station_of(read_reply(stream)[2]) == key(number)["station"]
            connection.sendall(HEALTH)
            assert json.loads(read_reply(stream)[2])["status"]
            connection.sendall(raw_request(asking.token, b'{"query":"{ __typename }"}'))
            assert json.loads(read_reply(stream)[2]) == {"data": {"__typename": "Query"}}
    assert running.answered > before


def test_what_a_reader_leaves_again_and_again_stays_with_the_hub_for_a_while(
    running: RunningHub,
) -> None:
    asking, _ = running.granted()
    with connected(running) as (connection, stream):
        for _ in range(100):
            connection.sendall(raw_request(asking.token, b'{"query":"{ __typename }"}'))
            assert read_reply(stream)[0] == 200
        before = running.answered
        for number in range(40):
            connection.sendall(row_request(asking, number))
            assert station_of(read_reply(stream)[2]) == key(number)["station"]
    assert 8 <= running.answered - before <= 40


def test_requests_that_come_together_are_answered_in_their_order(running: RunningHub) -> None:
    asking, _ = running.granted()
    asked = [row_request(asking, 1), HEALTH, row_request(asking, 2), row_request(asking, 3)]
    with connected(running) as (connection, stream):
        for _ in range(3):
            connection.sendall(b"".join(asked))
            assert station_of(read_reply(stream)[2]) == key(1)["station"]
            assert json.loads(read_reply(stream)[2])["status"]
            assert station_of(read_reply(stream)[2]) == key(2)["station"]
            assert station_of(read_reply(stream)[2]) == key(3)["station"]


def test_a_request_may_come_in_pieces_of_any_length(
    running: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.protocol.HEADER_SECONDS", PATIENCE)
    asking, _ = running.granted()
    with connected(running) as (connection, stream):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for length in (1, 7, 100, 400):
            asked = row_request(asking, length)
            for at in range(0, len(asked), length):
                connection.sendall(asked[at : at + length])
            assert station_of(read_reply(stream)[2]) == key(length)["station"]


def test_a_body_that_stops_is_taken_up_by_the_hub_and_finished(
    running: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schema.http.BODY_SECONDS", PATIENCE)
    asking, _ = running.granted()
    readers = running.hub.readers
    assert readers is not None
    running.close()
    wait_until(lambda: readers.open == 0)
    before, ended = running.answered, sum(row.ended for row in readers.rows())
    with connected(running) as (connection, stream):
        asked = row_request(asking, 5)
        connection.sendall(asked[:-10])
        wait_until(lambda: sum(row.ended for row in readers.rows()) > ended)  # given back
        connection.sendall(asked[-10:])
        assert station_of(read_reply(stream)[2]) == key(5)["station"]
    assert running.answered == before


@pytest.mark.parametrize("size", [60_000, 70_000, 9_000_000])
def test_large_bodies_are_taken_or_refused_as_the_hub_does(running: RunningHub, size: int) -> None:
    asking, _ = running.granted()
    body = json.dumps({"query": ROW, "variables": key(3), "x": "x" * size}).encode()
    with connected(running) as (connection, stream):
        try:
            connection.sendall(raw_request(asking.token, body))
        except OSError:
            assert size > 70_000  # it was refused before it was sent
        status, _, content = read_reply(stream)
        if size < 64 * 1024 - 1_000:
            assert station_of(content) == key(3)["station"]
        else:
            assert (status, json.loads(content)["errors"][0]["extensions"]["code"]) == (
                413,
                "BODY_TOO_LARGE",
            )


def test_who_expects_to_be_told_to_go_on_is_told_once(running: RunningHub) -> None:
    asking, _ = running.granted()
    with connected(running) as (connection, stream):
        head, _, body = row_request(asking, 4, "expect: 100-continue").partition(b"\r\n\r\n")
        connection.sendall(head + b"\r\n\r\n")
        assert stream.readline().startswith(b"HTTP/1.1 100")
        assert stream.readline() == b"\r\n"
        connection.sendall(body)
        assert station_of(read_reply(stream)[2]) == key(4)["station"]


def test_who_reads_slowly_gets_all_of_it_and_the_next_answer_after_it(running: RunningHub) -> None:
    asking, _ = running.granted()
    document = f"{{ riverRegimeMunicipal(limit: 1000, orderBy: [{{stationCode: ASC}}, {{observedAt: ASC}}]) {{ {FIELDS} }} }}"
    body = json.dumps({"query": document}).encode()
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(PATIENCE)
        connection.connect(("127.0.0.1", running.port))
        asked = raw_request(asking.token, body)
        connection.sendall(asked + asked + HEALTH)
        connection.sendall(row_request(asking, 6))
        with connection.makefile("rb", buffering=1024) as stream:
            for _ in range(2):
                rows = json.loads(read_reply(stream)[2])["data"]["riverRegimeMunicipal"]
                assert len(rows) == 1000
            assert json.loads(read_reply(stream)[2])["status"]
            assert station_of(read_reply(stream)[2]) == key(6)["station"]


def test_who_goes_away_in_the_middle_harms_nobody(running: RunningHub) -> None:
    asking, _ = running.granted()
    for cut in (10, 100, 300, 10_000):
        with connected(running) as (connection, _):
            connection.sendall(row_request(asking, 1)[:cut])
    readers = running.hub.readers
    assert readers is not None
    assert asking.row(1).status_code == 200
    running.close()
    wait_until(lambda: readers.open == 0)


def test_websockets_are_the_hubs_also_on_a_port_with_readers(running: RunningHub) -> None:
    asking, _ = running.granted()
    address = f"ws://127.0.0.1:{running.port}/graphql"
    headers = {"authorization": f"Bearer {asking.token}"}
    with connect(
        address,
        subprotocols=[Subprotocol("graphql-transport-ws")],
        additional_headers=headers,
        proxy=None,
    ) as ws:
        ws.send('{"type":"connection_init"}')
        assert json.loads(ws.recv())["type"] == "connection_ack"
        subscribe = {"id": "1", "type": "subscribe", "payload": {"query": ROW, "variables": key(1)}}
        ws.send(json.dumps(subscribe))
        told = json.loads(ws.recv())
        assert told["payload"]["data"]["riverRegimeMunicipalByKey"]["stationCode"] == "BENCH-0001"


def test_an_upgrade_on_a_connection_that_a_reader_has_is_the_hubs(running: RunningHub) -> None:
    asking, _ = running.granted()
    with connected(running) as (connection, stream):
        connection.sendall(row_request(asking, 1))
        assert read_reply(stream)[0] == 200
        connection.sendall(
            b"GET /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
            b"sec-websocket-version: 13\r\nsec-websocket-protocol: graphql-transport-ws\r\n"
            b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        assert stream.readline().startswith(b"HTTP/1.1 101")


def test_many_clients_at_once_each_get_their_own_answers(running: RunningHub) -> None:
    asking, _ = running.granted()

    def ask(first: int) -> bool:
        with connected(running) as (connection, stream):
            for number in range(first, first + 60):
                connection.sendall(row_request(asking, number))
                if station_of(read_reply(stream)[2]) != key(number)["station"]:
                    return False
                if number % 7 == 0:
                    connection.sendall(HEALTH)
                    read_reply(stream)
        return True

    with ThreadPoolExecutor(12) as pool:
        assert all(pool.map(ask, range(0, 1200, 100)))
