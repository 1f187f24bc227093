"""A load client for where wrk is missing: `python -m bench.city.client ADDRESS SECONDS`.

The same environment and the same line of JSON as `load.lua`. It is dearer than wrk, so point reads come
out lower; ratios between contenders still stand.
"""

import asyncio
import json
import os
import sys
from itertools import cycle
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit

import httptools
import uvloop

CONNECTIONS = 8


class Asker(asyncio.Protocol):
    """One connection: asks, waits for the whole reply, asks the next."""

    def __init__(self, load: "Load") -> None:
        self._load = load
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._load.bytes += len(data)
        self._parser.feed_data(data)

    def connection_lost(self, _: Exception | None) -> None:
        if not self._load.over:
            self._load.broken += 1

    def on_message_complete(self) -> None:
        took = perf_counter() - self._began
        if not self._load.over:
            self._load.took.append(took)
            self._load.failed += self._parser.get_status_code() >= 400
        self._parser = httptools.HttpResponseParser(self)
        self._ask()

    def _ask(self) -> None:
        if self._transport is not None and not self._load.over:
            self._began = perf_counter()
            self._transport.write(next(self._load.requests))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class Load:
    def __init__(self, host: str) -> None:
        bodies = Path(os.environ["BODIES"]).read_bytes().splitlines()
        token = os.environ.get("TOKEN")
        head = f"POST {os.environ['PATH_']} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        head += f"Authorization: Bearer {token}\r\n" if token else ""
        self.requests = cycle(
            head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body for body in bodies
        )
        self.took: list[float] = []
        self.bytes = self.failed = self.broken = 0
        self.over = False


async def main(address: str, seconds: float) -> None:
    parts = urlsplit(address)
    load, loop = Load(parts.netloc), asyncio.get_running_loop()
    began = perf_counter()
    made = [
        await loop.create_connection(lambda: Asker(load), parts.hostname or "", parts.port or 80)
        for _ in range(CONNECTIONS)
    ]
    await asyncio.sleep(seconds)
    load.over = True
    passed = perf_counter() - began
    for _, asker in made:
        asker.close()
    took = sorted(load.took) or [0.0]
    said = {
        "requests": len(load.took),
        "microseconds": int(passed * 1e6),
        "bytes": load.bytes,
        "p50": took[len(took) // 2] * 1e6,
        "p99": took[len(took) * 99 // 100] * 1e6,
        "failed": load.failed,
        "broken": load.broken,
    }
    print(json.dumps(said))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], float(sys.argv[2])))
