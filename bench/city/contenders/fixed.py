"""The ceiling of HTTP on this machine: a raw-ASGI application that replies with bodies it has at hand.

Rules: it reads the request's body and says nothing of it; `/Q1` is answered with the file `Q1.json` of its
folder, which holds what the hub answers to that question, so that replies are of one size.
"""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
App = Callable[[Mapping[str, Any], Receive, Send], Awaitable[None]]


def fixed_app(folder: Path) -> App:
    bodies = {f"/{file.stem}": file.read_bytes() for file in sorted(folder.glob("*.json"))}

    async def app(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await lifespan(receive, send)
            return
        await body_of(receive)
        body = bodies.get(scope["path"])
        await reply(send, body or b"{}", 404 if body is None else 200)

    return app


async def lifespan(receive: Receive, send: Send) -> None:
    """Nothing to begin, nothing to end."""
    while True:
        kind = (await receive())["type"].removeprefix("lifespan.")
        await send({"type": f"lifespan.{kind}.complete"})
        if kind == "shutdown":
            return


async def body_of(receive: Receive) -> bytes:
    message = await receive()
    body = bytes(message.get("body", b""))
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
    return body


async def reply(send: Send, body: bytes, status: int = 200) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
