"""What the demo city's live services have in common: their key, and the switch that breaks them.

Rules: a request without the hub's key is refused with 401; what stands in the file
`services/<name>.mode` of the home decides how the next request goes, so that anybody can break a
service and mend it while the hub runs: `ok`, `slow`, `wrong`, `garbage`, `down`.
"""

import asyncio
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from demo.key import write_private
from demo.lifeline import arguments, follow_parent

SLOW_SECONDS = 60.0
Answer = Callable[[Request], Response]


class Mode(StrEnum):
    OK = "ok"
    SLOW = "slow"
    """Answers after a minute: longer than anybody waits."""
    WRONG = "wrong"
    """Well-formed JSON that is not what the document promises."""
    GARBAGE = "garbage"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Service:
    """`path` and what answers there."""

    name: str
    path: str
    answer: Answer
    home: Path

    def app(self) -> Starlette:
        return Starlette(
            routes=[Route(self.path, self.endpoint), Route("/health", self.health, methods=["GET"])]
        )

    async def endpoint(self, request: Request) -> Response:
        wanted = f"Bearer {service_key(self.home, self.name)}"
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(wanted.encode(), given.encode()):
            return JSONResponse({"error": "unknown key"}, status_code=401)
        mode = mode_of(self.home, self.name)
        if mode is Mode.SLOW:
            await asyncio.sleep(SLOW_SECONDS)
        if mode is Mode.DOWN:
            return JSONResponse({"error": "maintenance"}, status_code=503)
        if mode is Mode.GARBAGE:
            return Response("<html>登录</html>", media_type="text/html")
        if mode is Mode.WRONG:
            return JSONResponse({"unexpected": [1, 2, 3]})
        return self.answer(request)

    async def health(self, _: Request) -> Response:
        return JSONResponse({"service": self.name})


def service_key(home: Path, name: str) -> str:
    """The key the hub shows to the service; made by the first who asks."""
    file = home / "services" / f"{name}.key.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        write_private(file, json.dumps({"key": secrets.token_urlsafe(32)}))
    return str(json.loads(file.read_text("utf-8"))["key"])


def mode_of(home: Path, name: str) -> Mode:
    """What the switch says; anything else is `ok`."""
    try:
        return Mode(mode_file(home, name).read_text("utf-8").strip())
    except (OSError, ValueError):
        return Mode.OK


def mode_file(home: Path, name: str) -> Path:
    return home / "services" / f"{name}.mode"


def run(name: str, path: str, answer: Answer) -> None:
    """The program of a service, until it is told to stop."""
    parser = arguments(f"The live service {name} of the demo city")
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    if given.lifeline:
        follow_parent()
    service = Service(name, path, answer, given.home)
    uvicorn.run(
        service.app(),
        host="127.0.0.1",
        port=given.port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
    )
