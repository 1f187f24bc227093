"""A real HTTP server on loopback that pages, signs, stumbles and lies as it is told."""

import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.connections import RestConnection

PATH = "/v1/river-regime"
SECRET = "the-ministry's-secret"
Row = Mapping[str, object]
Trick = Callable[[Request, bytes], Response | None]
"""May replace the answer to a request that was rightly signed."""


def plain(_: Request, __: bytes) -> Response | None:
    return None


@dataclass
class Ministry:
    rows: Sequence[Row]
    tricks: list[Trick] = field(default_factory=list)
    """One a request, in order; then plain answers."""
    seen: list[str] = field(default_factory=list)
    """The query of each request."""
    nonces: set[str] = field(default_factory=set)
    port: int = 0

    @property
    def connection(self) -> RestConnection:
        pair = f"127.0.0.1:{self.port}"
        return RestConnection(
            kind="rest", url=f"http://{pair}", allow=(pair,), key_id="hub", secret=SecretStr(SECRET)
        )

    async def answer(self, request: Request) -> Response:
        self.seen.append(request.url.query)
        if not self._signed(request):
            return JSONResponse({"error": "signature"}, 401)
        body = self._page(request)
        trick = self.tricks.pop(0) if self.tricks else plain
        digest = {"X-Content-SHA256": hashlib.sha256(body).hexdigest()}
        told = trick(request, body)
        return told or Response(body, media_type="application/json", headers=digest)

    def _page(self, request: Request) -> bytes:
        after, limit = int(request.query_params.get("after", -1)), request.query_params["limit"]
        following = [row for row in self.rows if int(str(row["seq"])) > after]
        page = following[: int(limit)]
        more = len(following) > len(page)
        total = self.rows[-1]["seq"] if self.rows else 0
        content = {"rows": page, "next": str(page[-1]["seq"]) if more else None, "total": total}
        return json.dumps(content, ensure_ascii=False).encode()

    def _signed(self, request: Request) -> bool:
        headers = request.headers
        target = f"{request.url.path}?{request.url.query}"
        text = "\n".join(("GET", target, headers["x-timestamp"], headers["x-nonce"]))
        wanted = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
        fresh = headers["x-nonce"] not in self.nonces
        self.nonces.add(headers["x-nonce"])
        return fresh and headers["x-key-id"] == "hub" and headers["x-signature"] == wanted


@contextmanager
def serving(ministry: Ministry) -> Iterator[Ministry]:
    """The ministry on a free port of loopback, in a thread."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        ministry.port = listener.getsockname()[1]
        app = Starlette(routes=[Route("/{rest:path}", ministry.answer)])
        config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        until = time.monotonic() + 60
        while not server.started and time.monotonic() < until:
            time.sleep(0.005)
        try:
            yield ministry
        finally:
            server.should_exit = True
            server.force_exit = True
            thread.join(60)
