"""HTTP messages as values: the head of a request, read once, and a reply, sent whole.

Rules: the names of headers are lower case; where one that must stand alone is sent twice, none of the two
counts; a caller's own request id is kept when it is a plain one, so that it finds its request in our log.
"""

import re
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from schema.errors import TokenMissing

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Header = tuple[bytes, bytes]

NOT_MODIFIED = 304
_NUMBERS = Random()  # noqa: S311 - an id is no secret; the system's own numbers let other threads go first
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


class Head:
    """A request without its body."""

    __slots__ = ("_all", "_each_once", "_first", "method", "query")

    def __init__(self, scope: Scope) -> None:
        self.method: str = scope["method"]
        self.query: bytes = scope["query_string"]
        self._all: Sequence[Header] = scope["headers"]
        first: dict[bytes, bytes] = {}
        for name, value in self._all:
            first.setdefault(name, value)
        self._first = first
        self._each_once = len(first) == len(self._all)

    def text(self, name: bytes) -> str | None:
        """The first header of this name."""
        value = self._first.get(name)
        return None if value is None else value.decode("latin-1")

    def has(self, names: frozenset[bytes]) -> bool:
        """Any of these headers."""
        return not names.isdisjoint(self._first)

    def texts(self, name: bytes) -> Sequence[str]:
        """All headers of this name."""
        first = self._first.get(name)
        if first is None:
            return ()
        if self._each_once:
            return [first.decode("latin-1")]
        return [value.decode("latin-1") for each, value in self._all if each == name]


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply to be sent; `content` is the whole of its body."""

    status: int
    headers: Sequence[Header]
    content: bytes

    async def send(self, send: Send) -> None:
        headers = list(self.headers)
        if self.status != NOT_MODIFIED:  # its length would be that of the answer it stands for
            headers.append((b"content-length", b"%d" % len(self.content)))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.content})

    def response(self) -> Response:
        """For an endpoint of Starlette's."""
        response = Response(self.content, self.status)
        response.raw_headers[:0] = list(self.headers)
        return response


def request_id_of(request: HttpRequest) -> str:
    return request_id_from(request.headers.get("x-request-id"))


def request_id_from(given: str | None) -> str:
    if given is not None and REQUEST_ID.fullmatch(given):
        return given
    return f"{_NUMBERS.getrandbits(128):032x}"


def bearer_of(request: HttpRequest) -> str:
    """TokenMissing when the request has no bearer token, or more than one."""
    return bearer_in(request.headers.getlist("authorization"))


def bearer_in(given: Sequence[str]) -> str:
    """From the values of an Authorization header."""
    if len(given) != 1:
        raise TokenMissing
    scheme, _, token = given[0].partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise TokenMissing
    return token
