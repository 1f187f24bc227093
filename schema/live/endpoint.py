"""The websocket side of /graphql.

Rules: pages from elsewhere are refused before the upgrade, and so is everybody when the hub is full; a
socket that does not speak graphql-transport-ws is closed with 4406.
"""

from urllib.parse import urlsplit

from starlette.responses import Response
from starlette.websockets import WebSocket

from schema.live.frames import PROTOCOL, CloseCode
from schema.live.hub import LiveHub
from schema.live.session import Session

FORBIDDEN, UNAVAILABLE = 403, 503
RETRY_SECONDS = 5


class LiveEndpoint:
    """`__call__` is the Starlette endpoint."""

    def __init__(self, hub: LiveHub) -> None:
        self._hub = hub

    async def __call__(self, socket: WebSocket) -> None:
        if not _from_here(socket, self._hub.limits.origins):
            await socket.send_denial_response(Response(status_code=FORBIDDEN))
            return
        if self._hub.is_full:
            later = {"Retry-After": str(RETRY_SECONDS)}
            await socket.send_denial_response(Response(status_code=UNAVAILABLE, headers=later))
            return
        if PROTOCOL not in socket.scope.get("subprotocols", ()):
            await socket.accept()
            await socket.close(CloseCode.SUBPROTOCOL, "Subprotocol not acceptable")
            return
        await socket.accept(PROTOCOL)
        await self._hub.run(Session(socket, self._hub))


def _from_here(socket: WebSocket, origins: tuple[str, ...]) -> bool:
    """Browsers say where their page is from, and only they do."""
    given = socket.headers.getlist("origin")
    if not given:
        return True
    if len(given) != 1:
        return False
    return given[0] in origins or _host_of(given[0]) == socket.headers.get("host")


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # brackets that hold no address
        return None
