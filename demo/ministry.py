"""The ministry's REST service of river readings: `GET /v1/river-regime?after=<cursor>&limit=500`.

Rules: rows come in the order of their number `seq`, at most 500 to a page; the cursor is the last
`seq` as text; `total` is the number of the last row there is. Each request is signed (HMAC-SHA256
over method, path with query, time and nonce); a wrong, old or repeated signature is refused with 401.
Every seventh request finds the service busy: 503 with `Retry-After`. `X-Content-SHA256` is the digest
of the whole body, so that a page cut short is seen. For tests it can cut a page short or die in the
middle of one.
"""

import hashlib
import hmac
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from catalog.clock import CITY_ZONE, Clock, SystemClock
from demo.key import Key, ministry_key
from demo.lifeline import arguments, follow_parent, scenario_of
from demo.scenario import NationalReading, Scenario

PATH = "/v1/river-regime"
PAGE = 500
BUSY_EVERY = 7
RETRY_SECONDS = 1
WINDOW_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong on purpose; pages are counted from 1, 0 is never."""

    busy_every: int = BUSY_EVERY
    truncate_page: int = 0
    """This page and, as the hub asks again, `truncate_times` - 1 further ones are cut short."""
    truncate_times: int = 1
    die_page: int = 0
    """The process dies in the middle of this page."""


@dataclass(slots=True)
class Gate:
    """Who may ask: the holder of the key, now, and each nonce once."""

    key: Key
    _seen: dict[str, float] = field(default_factory=dict)

    def refusal(self, request: Request) -> str | None:
        """Why the request is refused, or None."""
        headers, now = request.headers, time.time()
        stamp, nonce = headers.get("x-timestamp", ""), headers.get("x-nonce", "")
        if headers.get("x-key-id") != self.key.key_id:
            return "unknown key"
        if not stamp.isdigit() or abs(now - int(stamp)) > WINDOW_SECONDS:
            return "timestamp missing or outside the window"
        wanted = signature(self.key.secret, request.method, _target(request), stamp, nonce)
        if not nonce or not hmac.compare_digest(wanted, headers.get("x-signature", "")):
            return "wrong signature"
        self._seen = {n: at for n, at in self._seen.items() if now - at <= 2 * WINDOW_SECONDS}
        if nonce in self._seen:
            return "replayed"
        self._seen[nonce] = now
        return None


def signature(secret: str, method: str, target: str, timestamp: str, nonce: str) -> str:
    """`target` is the path with its query, as sent."""
    text = f"{method}\n{target}\n{timestamp}\n{nonce}"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


@dataclass(slots=True)
class Ministry:
    scenario: Scenario
    gate: Gate
    clock: Clock
    faults: Faults = field(default_factory=Faults)
    _requests: int = 0
    _pages: int = 0

    def app(self) -> Starlette:
        return Starlette(
            routes=[Route(PATH, self.river_regime), Route("/health", _health, methods=["GET"])]
        )

    async def river_regime(self, request: Request) -> Response:
        self._requests += 1
        if self.faults.busy_every and self._requests % self.faults.busy_every == 0:
            return _problem(503, "busy", {"Retry-After": str(RETRY_SECONDS)})
        refusal = self.gate.refusal(request)
        if refusal is not None:
            return _problem(401, refusal)
        after, limit = request.query_params.get("after", ""), request.query_params.get("limit", "")
        if not (after or "0").isdigit() or not (limit or "1").isdigit() or limit == "0":
            return _problem(400, "after and limit are whole numbers")
        return self._page(int(after or 0), min(int(limit or PAGE), PAGE))

    def _page(self, after: int, limit: int) -> Response:
        now = self.clock.now()
        rows, total = self.scenario.national(now, after, limit), self.scenario.national_total(now)
        more = bool(rows) and rows[-1].seq < total
        content = {
            "rows": [row_json(row) for row in rows],
            "next": str(rows[-1].seq) if more else None,
            "total": total,
        }
        body = json.dumps(content, ensure_ascii=False).encode()
        self._pages += 1
        if self._pages == self.faults.die_page:
            return _DyingResponse(body)
        first = self.faults.truncate_page
        cut = first and first <= self._pages < first + self.faults.truncate_times
        return Response(
            body[: len(body) // 2] if cut else body,
            media_type="application/json",
            headers={"X-Content-SHA256": hashlib.sha256(body).hexdigest()},
        )


def row_json(row: NationalReading) -> dict[str, object]:
    """A row under the ministry's own names; levels and flows are texts there."""
    return {
        "seq": row.seq,
        "stcd": row.station_code,
        "tm": row.observed_at.astimezone(CITY_ZONE).isoformat(),
        "z": row.level,
        "q": row.flow,
        "otq": row.outflow,
        "wptn": row.trend,
        "scenario_id": row.scenario_id,
        "synthetic": row.synthetic,
    }


class _DyingResponse(Response):
    """Announces the whole body, sends half of it and ends the process."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        )
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        os._exit(1)


def _target(request: Request) -> str:
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


def _problem(status: int, reason: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"error": reason}, status_code=status, headers=headers)


async def _health(_: Request) -> Response:
    return JSONResponse({"service": "ministry"})


def main() -> None:
    parser = arguments("The ministry's REST service of the demo city")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--busy-every", type=int, default=BUSY_EVERY, help="0: never")
    parser.add_argument("--truncate-page", type=int, default=0)
    parser.add_argument("--truncate-times", type=int, default=1)
    parser.add_argument("--die-page", type=int, default=0)
    given = parser.parse_args()
    if given.lifeline:
        follow_parent()
    faults = Faults(given.busy_every, given.truncate_page, given.truncate_times, given.die_page)
    ministry = Ministry(scenario_of(given), Gate(ministry_key(given.home)), SystemClock(), faults)
    uvicorn.run(
        ministry.app(),
        host="127.0.0.1",
        port=given.port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=2,
    )


if __name__ == "__main__":
    main()
