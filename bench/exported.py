"""A hub with a city's events in a process of its own, whose exports are read and thrown away.

Memory is what the server's process grows by at the most, over what it held when the row
mirror was built and all columns had been read once.
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep

import httpx
import psutil

from bench.city.contender import mirrored
from bench.city.generate import generate
from bench.city.home import CLIENT, Home, prepared_home
from bench.city.scale import Scale

ROOT = Path(__file__).parents[1]
CITY = ROOT / "cities" / "chongqing"
MIB = 2**20
LAST_CHUNK = b"0\r\n\r\n"
PLAIN = "identity"
FIELDS = "id type level district township grid longitude latitude reportedAt closedAt status source title"
QUERY = f"{{ cityEvent {{ {FIELDS} }} }}"
PLACES = {"district", "township"}
MEASURED = " ".join(f"{name} {{ max }}" for name in FIELDS.split() if name not in PLACES)
EVERYTHING = f"{{ cityEventAggregate {{ {MEASURED} district {{ countDistinct }} }} }}"


@dataclass(frozen=True, slots=True)
class Server:
    address: str
    token: str
    process: psutil.Process

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def ask(self, query: str) -> object:
        """The data of a JSON answer."""
        reply = httpx.post(
            f"{self.address}/graphql",
            json={"query": query},
            headers=self.bearer,
            timeout=120,
            trust_env=False,
        )
        body = reply.json()
        assert "errors" not in body, body
        return body["data"]

    @contextmanager
    def file(self, media: str, encoding: str = PLAIN) -> Iterator[httpx.Response]:
        headers = self.bearer | {"Accept": media, "Accept-Encoding": encoding}
        with httpx.stream(
            "POST",
            f"{self.address}/graphql",
            json={"query": QUERY},
            headers=headers,
            timeout=60,
            trust_env=False,
        ) as reply:
            assert reply.status_code == httpx.codes.OK, reply.read()
            yield reply

    def export(self, media: str, encoding: str = PLAIN) -> int:
        """The bytes that came, to a reader that costs next to nothing, as `psql` does that throws rows away."""
        host, port = self.address.removeprefix("http://").split(":")
        body = json.dumps({"query": QUERY}).encode()
        lines = [
            "POST /graphql HTTP/1.1",
            f"host: {host}",
            "connection: close",
            "content-type: application/json",
            f"content-length: {len(body)}",
            f"accept: {media}",
            f"accept-encoding: {encoding}",
            f"authorization: Bearer {self.token}",
        ]
        buffer, size, end = bytearray(MIB), 0, b""
        with socket.create_connection((host, int(port))) as reader:
            reader.sendall("\r\n".join([*lines, "", ""]).encode() + body)
            while read := reader.recv_into(buffer):
                assert size or buffer.startswith(b"HTTP/1.1 200 "), bytes(buffer[:read])
                size, end = size + read, (end + buffer[max(0, read - 8) : read])[-8:]
        assert end.endswith(LAST_CHUNK), "the transfer broke off"
        return size

    def growth(self, run: Callable[[], object]) -> float:
        """MiB at the most, while it runs."""
        before = most = self.process.memory_info().rss
        done = Event()

        def watch() -> None:
            nonlocal most
            while not done.wait(0.005):
                most = max(most, self.process.memory_info().rss)

        watching = Thread(target=watch)
        watching.start()
        try:
            run()
        finally:
            done.set()
            watching.join()
        return (most - before) / MIB


def events(folder: Path, rows: int) -> Home:
    """A home with so many events, made in `folder`."""
    scale = Scale("exports", events=rows, devices=1_000, rounds=1, grids=6_500, gated=False)
    generate(scale, CITY, folder / "rows")
    return prepared_home(folder / "home", folder / "rows", CITY, gate=False, memory="2GB")


@contextmanager
def served(home: Home) -> Iterator[Server]:
    """`server.py serve` on the home, warm."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"HOME": str(home.home), "CITY": str(home.city), "QUERY_SECONDS": "120"}
    environment = os.environ | {f"VITALHUB_{name}": value for name, value in settings.items()}
    process = subprocess.Popen(
        [sys.executable, "server.py", "serve", "--port", str(port)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address)
        reply = httpx.post(
            f"{address}/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(CLIENT, home.secret),
            trust_env=False,
        )
        hub = Server(address, reply.json()["access_token"], psutil.Process(process.pid))
        mirrored(hub.address, hub.token)
        hub.ask(EVERYTHING)
        yield hub
    finally:
        process.terminate()
        process.wait(60)


def _wait_for(address: str) -> None:
    until = monotonic() + 300
    while monotonic() < until:
        try:
            httpx.get(f"{address}/health", trust_env=False)
        except httpx.TransportError:
            sleep(0.1)
        else:
            return
    raise TimeoutError("the hub does not listen")
