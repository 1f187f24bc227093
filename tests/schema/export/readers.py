"""Readers of exports, as ASGI sees them: one that takes all, and one that does what a test wants."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import pyarrow as pa

from schema.export.sending import CUT, TransferCut
from tests.schema.hub import Hub
from tests.shared_data import START, reading

STATIONS = 50
ALL = "{ reading { stationCode observedAt levelM placeCode } }"


def publish_many(hub: Hub, rows: int, load: str = "many") -> None:
    """So many readings more, of stations X00 to X49."""
    numbers = range(rows)
    begin = int(START.timestamp()) * 1_000_000
    at = pa.array([begin + n * 1_000_000 for n in numbers], pa.timestamp("us", "UTC"))
    table = pa.table(
        {
            "station_code": [f"X{n % STATIONS:02}" for n in numbers],
            "observed_at": at,
            "level_m": pa.array([str(n % 900) for n in numbers]).cast(pa.decimal128(9, 3)),
            "place_code": pa.array([500106004000000] * rows, pa.int64()),
        }
    )
    hub.publish(reading(), table, load)


@dataclass
class Transfer:
    """What one reader got. `on_piece` is called with the number of pieces so far; it may wait."""

    hub: Hub
    token: str
    query: str = ALL
    accept: str = "application/x-ndjson"
    on_piece: Callable[["Transfer"], object] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 0
    got: dict[str, str] = field(default_factory=dict)
    pieces: list[bytes] = field(default_factory=list)
    whole: bool = False
    broken: bool = False
    left: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def errors(self) -> list[str]:
        return [error["extensions"]["code"] for error in orjson.loads(self.body)["errors"]]

    async def run(self, *, cut: bool = True) -> "Transfer":
        """With `cut`, the server can end the connection, as ours can."""
        sent = {"authorization": f"Bearer {self.token}", "accept": self.accept}
        sent |= {"content-type": "application/json", **self.headers}
        body = orjson.dumps({"query": self.query})
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": "/graphql",
            "raw_path": b"/graphql",
            "root_path": "",
            "query_string": b"",
            "headers": [(k.encode(), v.encode()) for k, v in sent.items()],
            "server": ("127.0.0.1", 8000),
            "client": ("127.0.0.1", 1),
        }
        if cut:
            scope[CUT] = self._cut
        asked = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> Any:
            message = next(asked, None)
            if message is None:
                await self.left.wait()
                return {"type": "http.disconnect"}
            return message

        try:
            await self.hub.app(scope, receive, self._send)
        except TransferCut:
            self.broken = True
        return self

    def _cut(self) -> None:
        self.broken = True
        self.left.set()

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.got = {k.decode(): v.decode() for k, v in message["headers"]}
            return
        if message.get("body"):
            self.pieces.append(message["body"])
            if self.on_piece is not None:
                waiting = self.on_piece(self)
                if asyncio.iscoroutine(waiting):
                    await waiting
        self.whole = not message.get("more_body", False)


def export(hub: Hub, token: str, query: str, accept: str, **headers: str) -> Transfer:
    """A whole one."""

    async def run() -> Transfer:
        return await Transfer(hub, token, query, accept, headers=headers).run()

    return asyncio.run(run())


def records_of(hub: Hub) -> list[dict[str, Any]]:
    """Usage records of exports, oldest first."""
    return [record for record in hub.usage_records() if record.get("media")]
