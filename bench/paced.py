"""A client that asks at its own pace, in a process of its own: `python -m bench.paced PORT TOKEN BODIES OUT`.

Rules: what is asked when is fixed beforehand, whether the answers come or not, and a latency counts from
that moment, so that a stall is seen by everything that was due in it. Connections are kept. `BODIES` is a
JSON file: for each kind its requests a second and its bodies, asked in turn. A line for each reply goes to
`OUT`: when it was due (seconds since 1970), its kind, milliseconds. A line of its standard input is the token from
then on; it ends when that input does.
"""

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter, time
from typing import Any, TextIO

KEPT_SECONDS = 20.0
"""The hub closes a connection that is not used for longer."""
HEAD = (
    "POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
    "Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
)


class Client:
    def __init__(self, port: int, token: str, out: TextIO) -> None:
        self.token = token
        self._port, self._out = port, out
        self._kept: list[tuple[float, asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._asking: set[asyncio.Task[None]] = set()

    async def run(self, kind: str, rate: float, bodies: list[str]) -> None:
        began, wall, number = perf_counter(), time(), 0
        while True:
            due = number / rate
            await asyncio.sleep(began + due - perf_counter())
            body = bodies[number % len(bodies)].encode()
            task = asyncio.create_task(self._ask(kind, wall + due, began + due, body))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)
            number += 1

    async def _ask(self, kind: str, at: float, due: float, body: bytes) -> None:
        try:
            well = await self._answered(body)
        except (OSError, EOFError):  # the hub has ended
            well = False
        milliseconds = (perf_counter() - due) * 1000
        self._out.write(f"{at:.6f} {kind if well else 'refused'} {milliseconds:.3f}\n")

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The one used last, while the hub keeps it; those before it are older."""
        if self._kept:
            used, reader, writer = self._kept.pop()
            if perf_counter() - used < KEPT_SECONDS:
                return reader, writer
            for _, _, stale in [*self._kept, (used, reader, writer)]:
                stale.close()
            self._kept.clear()
        return await asyncio.open_connection("127.0.0.1", self._port)

    async def _answered(self, body: bytes) -> bool:
        reader, writer = await self._connected()
        writer.write(HEAD.format(token=self.token, length=len(body)).encode() + body)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        )
        content = await reader.readexactly(length)
        self._kept.append((perf_counter(), reader, writer))
        return head.startswith(b"HTTP/1.1 200") and b'"errors"' not in content


async def ask(client: Client, kinds: Mapping[str, Any]) -> None:
    asking = [
        asyncio.create_task(client.run(kind, each["rate"], each["bodies"]))
        for kind, each in kinds.items()
    ]
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        client.token = line.strip()
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)


def main(port: int, token: str, bodies: Path, out: Path) -> None:
    kinds = json.loads(bodies.read_text("utf-8"))
    with out.open("w", encoding="ascii") as file:
        asyncio.run(ask(Client(port, token, file), kinds))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
