"""A server that misbehaves in every way a live service can, on a raw socket: one thread a connection.

What a request path's last segment names is what the server does; it counts what it was asked.
"""

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

LOT = {
    "code": "A-1", "free": 3, "fee": "2.50", "seen": "2026-08-01T08:00:00+08:00",
    "opened": "2020-05-01", "ratio": 0.5, "serial": 9007199254740993, "open": True,
    "owner": {"name": "示例", "phones": ["023-00000000"]}, "undeclared": "left out",
}  # fmt: skip
ENOUGH = 64 << 20
HELD = 120.0
"""Seconds that a silent connection is held, longer than any interface may be waited for."""


def reply(
    body: bytes, status: str = "200 OK", headers: str = "", kind: str = "application/json"
) -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    )
    return head.encode() + body


def lot(**changes: object) -> bytes:
    return reply(json.dumps(LOT | changes).encode())


PLAIN: dict[str, bytes] = {
    "garbage": reply(b"\x00\xff not json at all"),
    "html": reply(b"<html>login</html>", kind="text/html"),
    "nothing": reply(b""),
    "list": reply(b"[]"),
    "wrong-type": lot(free="three"),
    "missing": reply(json.dumps({"free": 1}).encode()),
    "not-a-number": reply(b'{"code": "A-1", "free": NaN}'),
    "past-32-bits": lot(free=2**31),
    "deep": reply(b"[" * 100_000),
    "long-digits": reply(b'{"code": "A-1", "free": ' + b"9" * 10_000 + b"}"),
    "no-such-day": lot(opened="2026-02-31"),
    "no-zone": lot(seen="2026-08-01T08:00:00"),
    "wrong-pattern": lot(code="javascript:alert(1)"),
    "surrogate": reply(b'{"code": "A-1", "free": 1, "owner": {"name": "\\ud800"}}'),
    "huge-exponent": reply(b'{"code": "A-1", "free": 1, "ratio": 1e999999999}'),
    "redirect": reply(b"", "302 Found", "Location: http://169.254.169.254/latest/meta-data/\r\n"),
    "error-500": reply(b'{"password": "hunter2"}', "500 Internal Server Error"),
    "refuses-us": reply(b"{}", "401 Unauthorized"),
    "forbidden": reply(b"{}", "403 Forbidden"),
    "gone": reply(b"{}", "410 Gone"),
    "uri-too-long": reply(b"{}", "414 URI Too Long"),
    "absent": reply(b"{}", "404 Not Found"),
    "unprocessable": reply(b"{}", "422 Unprocessable Entity"),
    "too-many": reply(b"{}", "429 Too Many Requests", "Retry-After: 7\r\n"),
    "compressed": reply(b"\x1f\x8b", headers="Content-Encoding: gzip\r\n"),
    "not-http": b"\x16\x03\x01 what is this\r\n\r\n",
    "endless-header": b"HTTP/1.1 200 OK\r\n" + b"X-A: " + b"a" * 300_000,
    "closes-midway": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{",
    "closes-at-once": b"",
}


@dataclass(slots=True)
class Hostile:
    """`asked` counts request lines, `sent` the bytes of the endless answer; once `stopping` is set, nobody
    is held any more.
    """

    port: int
    asked: Counter[str] = field(default_factory=Counter)
    heads: list[bytes] = field(default_factory=list)
    sent: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def pair(self) -> str:
        return f"127.0.0.1:{self.port}"

    def serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(HELD)
            head = b""
            while b"\r\n\r\n" not in head:
                chunk = connection.recv(65536)
                if not chunk:
                    return
                head += chunk
                if head.startswith(b"\x16"):  # a TLS greeting, to which this server has no answer
                    connection.sendall(PLAIN["garbage"])
                    return
            self.heads.append(head)
            target = head.split(b" ", 2)[1].decode()
            self.asked[target] += 1
            self._behave(target.partition("?")[0].rpartition("/")[2], connection)

    def _behave(self, name: str, connection: socket.socket) -> None:
        ways: dict[str, Callable[[socket.socket], None]] = {
            "never": self._never,
            "drips-header": self._drips_header,
            "drips-body": self._drips_body,
            "endless": self._endless,
        }
        if name in ways:
            ways[name](connection)
        elif name == "lots":
            connection.sendall(reply(json.dumps([LOT, LOT]).encode()))
        else:
            connection.sendall(PLAIN.get(name, lot()))

    def _never(self, _: socket.socket) -> None:
        self.stopping.wait(HELD)

    def _drips_header(self, connection: socket.socket) -> None:
        for byte in b"HTTP/1.1 200 OK\r\n" + b"X-Slow: 1\r\n" * 300:
            connection.sendall(bytes([byte]))
            if self.stopping.wait(0.05):
                return

    def _drips_body(self, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        while not self.stopping.wait(0.05):
            connection.sendall(b" ")

    def _endless(self, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[")
        chunk = b"1," * 4096
        while self.sent < ENOUGH and not self.stopping.is_set():
            connection.sendall(chunk)
            self.sent += len(chunk)


@contextmanager
def hostile_server() -> Iterator[Hostile]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        listener.settimeout(0.05)
        server = Hostile(listener.getsockname()[1])
        threads: list[threading.Thread] = []
        closing = threading.Event()

        def accept() -> None:
            while not closing.is_set():
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                threads.append(threading.Thread(target=server.serve, args=(connection,)))
                threads[-1].start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield server
        finally:
            server.stopping.set()
            closing.set()
            accepting.join()
            for thread in threads:
                thread.join()


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.01)
