"""Many subscribers of one live query, in a process of their own: `python -m bench.readers PORT TOKEN COUNT QUERY`.

Each has a socket of its own. A line of JSON is printed when all have their first answer, whenever all were
told a change, and when all have come to their end.
"""

import asyncio
import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from time import time

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from schema.live.frames import PROTOCOL

AT_ONCE = 50
"""Sockets that are opened side by side."""


@dataclass
class Readers:
    port: str
    token: str
    count: int
    query: str
    told: Counter[int] = field(default_factory=Counter)
    ended: int = 0

    async def run(self) -> None:
        turn = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(self._read(turn) for _ in range(self.count)))

    async def _read(self, turn: asyncio.Semaphore) -> None:
        async with turn:
            connection = await connect(
                f"ws://127.0.0.1:{self.port}/graphql",
                subprotocols=[PROTOCOL],  # type: ignore[list-item]
                compression=None,
                proxy=None,
                open_timeout=60,
            )
            await self._subscribe(connection)
            self._count(await connection.recv(), 0)
        number = 0
        try:
            while True:
                frame = await connection.recv()
                if '"type":"next"' not in str(frame)[:40]:
                    break
                number += 1
                self._count(frame, number)
        except ConnectionClosed:
            pass
        self.ended += 1
        if self.ended == self.count:
            say(event="ended")

    async def _subscribe(self, connection: ClientConnection) -> None:
        payload = {"authorization": f"Bearer {self.token}"}
        await connection.send(json.dumps({"type": "connection_init", "payload": payload}))
        await connection.recv()
        asked = {"type": "subscribe", "id": "1", "payload": {"query": self.query}}
        await connection.send(json.dumps(asked))

    def _count(self, _frame: str | bytes, number: int) -> None:
        self.told[number] += 1
        if self.told[number] == self.count:
            say(event="told", change=number)


def say(**members: object) -> None:
    print(json.dumps({**members, "at": time()}), flush=True)


if __name__ == "__main__":
    asyncio.run(Readers(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]).run())
