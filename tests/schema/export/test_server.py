"""A real server's memory while it exports more than it may hold, to readers that read and to one that stops."""

import socket
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import orjson
import pytest

from bench.exported import QUERY, Server, events, served
from schema.export.form import ARROW, CSV, NDJSON, PARQUET

ROWS = 300_000
LARGEST = 64
"""MiB."""
PATIENCE = 300.0
"""Seconds that a loaded machine may take."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exported")


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Server]:
    with served(events(home, ROWS)) as running:
        yield running


def outcomes(home: Path) -> list[str]:
    """Of the exports, as the usage log has them."""
    files = sorted(home.rglob("usage/*.log"))
    lines = [line for file in files for line in file.read_bytes().split(b"\n")[:-1]]
    records = (orjson.loads(line.split(b" ", 1)[1])["record"] for line in lines)
    return [record["outcome"] for record in records if record.get("media")]


@pytest.mark.parametrize("media", [ARROW, NDJSON, CSV, PARQUET])
def test_the_server_grows_by_less_than_a_file_of_any_form(server: Server, media: str) -> None:
    assert server.growth(lambda: server.export(media)) < LARGEST


def test_the_file_is_larger_than_that_and_whole(server: Server) -> None:
    lines = size = 0
    with server.file(NDJSON) as reply:
        for piece in reply.iter_raw():
            lines, size = lines + piece.count(b"\n"), size + len(piece)
    assert lines == ROWS
    assert size > 1.5 * LARGEST * 2**20


def test_a_reader_that_stops_makes_the_server_wait_and_not_grow(server: Server, home: Path) -> None:
    before = len(outcomes(home))

    def stall() -> None:
        host, port = server.address.removeprefix("http://").split(":")
        body = orjson.dumps({"query": QUERY})
        head = (
            f"POST /graphql HTTP/1.1\r\nhost: {host}\r\naccept: {NDJSON}\r\nauthorization: Bearer "
        )
        head += f"{server.token}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        with socket.create_connection((host, int(port))) as reader:
            reader.sendall(head.encode() + body)
            assert reader.recv(1_024).startswith(b"HTTP/1.1 200")
            sleep(1)
            assert server.ask("{ cityEvent(limit: 1) { id } }")

    assert server.growth(stall) < LARGEST
    until = monotonic() + PATIENCE
    while len(outcomes(home)) < before + 2 and monotonic() < until:
        sleep(0.05)
    assert outcomes(home)[before:] == ["EXPORT_BEGUN", "READER_LEFT"]
