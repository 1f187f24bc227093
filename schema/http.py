"""GraphQL over HTTP: one endpoint; POST, and GET for queries that are persisted.

Rules: nobody gets further than the token check without a valid token; a body is never read past the
caller's limit, which is higher for those who may send a catalogue; both media types are spoken, and in application/graphql-response+json a request that could not
run is a 400; every reply, whatever its status, is GraphQL JSON and carries the request id.
"""

import re
import uuid
from collections.abc import Sequence

import anyio
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from access.errors import QuotaSpent, TokenExpired, TokenInvalid, TokenRevoked
from access.roles import Capability
from catalog.errors import SystemFault
from schema.caller import Caller, Callers
from schema.context import blocking
from schema.errors import (
    BodyTooLarge,
    BodyUnfinished,
    MediaTypeUnsupported,
    MethodNotAllowed,
    NotAcceptable,
    QueueFull,
    RequestRefused,
    TokenMissing,
    reply_of,
)
from schema.media import GRAPHQL_JSON, JSON, accepted, is_json
from schema.operation import Operations
from schema.presence import while_connected
from schema.purpose import CASE_HEADER, PURPOSE_HEADER, Stated, stated_in_headers
from schema.reply import Reply, Request, refusal, request_of, request_of_address
from schema.view import View, Views

MAX_BODY = 64 * 1024
MAX_CATALOGUE_BODY = 8 * 1024 * 1024
"""For callers who may import a catalogue: a workbook in base64 is a variable of its request."""
BODY_SECONDS = 10
POST = "POST"
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
TOKEN_ERRORS = (TokenMissing, TokenInvalid, TokenExpired, TokenRevoked)
TOO_MUCH = (QuotaSpent, QueueFull)
"""What a caller may repeat later; `details["seconds"]` says when."""
BAD_REQUEST, UNAUTHORIZED, TOO_MANY_REQUESTS, UNAVAILABLE = 400, 401, 429, 503


class GraphQLEndpoint:
    """`__call__` is the Starlette endpoint."""

    def __init__(
        self, callers: Callers, views: Views, operations: Operations, *, get_queries: bool = False
    ) -> None:
        """`get_queries`: whether GET takes any query."""
        self._get_queries = get_queries
        self._callers = callers
        self._views = views
        self._operations = operations
        self._observer = operations.observer

    async def __call__(self, request: HttpRequest) -> Response:
        request_id = request_id_of(request)
        with self._observer.call(request_id, "http"):
            return await self._response(request, request_id)

    async def _response(self, request: HttpRequest, request_id: str) -> Response:
        media = accepted(request.headers.get("accept"), (JSON, GRAPHQL_JSON))
        try:
            reply = await self._reply(request, media, request_id)
        except Exception as error:  # noqa: BLE001 - the edge: whatever it is leaves as GraphQL JSON
            return failure(error, media or JSON, request_id)
        strict = media == GRAPHQL_JSON and not reply.ran
        return _response(reply, BAD_REQUEST if strict else 200, media or JSON, request_id)

    async def _reply(self, request: HttpRequest, media: str | None, request_id: str) -> Reply:
        by_address = request.method == "GET" and self._may_get(request)
        if request.method != POST and not by_address:
            raise MethodNotAllowed(allowed=POST if request.method == "GET" else f"GET, {POST}")
        if media is None:
            raise NotAcceptable
        stated = stated_in_headers(
            request.headers.getlist(PURPOSE_HEADER), request.headers.getlist(CASE_HEADER)
        )
        caller, view = await blocking(self._admit, bearer_of(request), stated)
        if by_address:
            asked = request_of_address(request.query_params)
        else:
            asked = await _posted(request, caller)
        try:
            return await while_connected(
                request, self._operations.run(asked, caller, view, request_id)
            )
        except (RequestRefused, *TOO_MUCH):
            raise
        except SystemFault:
            raise
        except Exception as error:  # noqa: BLE001 - it could not run: a request error, not a failure of HTTP
            return refusal([reply_of(error, request_id)])

    def _may_get(self, request: HttpRequest) -> bool:
        """A query's text stands in an address, and so in logs, only where the operator wants it."""
        return self._get_queries or "query" not in request.query_params

    def _admit(self, bearer: str, stated: Stated) -> tuple[Caller, View]:
        caller = self._callers.of(bearer, stated)
        return caller, self._views.of(caller)


def request_id_of(request: HttpRequest) -> str:
    """The caller's own id when it is a plain one, so that it finds its request in our log."""
    given = request.headers.get("x-request-id", "")
    return given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def bearer_of(request: HttpRequest) -> str:
    """TokenMissing when the request has no bearer token, or more than one."""
    return bearer_in(request.headers.getlist("authorization"))


def bearer_in(given: Sequence[str]) -> str:
    """From the values of an Authorization header."""
    if len(given) != 1:
        raise TokenMissing
    scheme, _, token = given[0].partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenMissing
    return token.strip()


def _limit_of(caller: Caller) -> int:
    edits = Capability.EDIT_CATALOGUE in caller.capabilities
    return MAX_CATALOGUE_BODY if edits else MAX_BODY


async def _posted(request: HttpRequest, caller: Caller) -> Request:
    if not is_json(request.headers.get("content-type", "")):
        raise MediaTypeUnsupported
    body = await _body(request, _limit_of(caller))
    large = len(body) > MAX_BODY
    return await blocking(request_of, body) if large else request_of(body)


async def _body(request: HttpRequest, limit: int) -> bytes:
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length) > limit:
        raise BodyTooLarge(limit=limit)
    body = bytearray()
    try:
        with anyio.fail_after(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise BodyTooLarge(limit=limit)
    except (TimeoutError, ClientDisconnect):
        raise BodyUnfinished(seconds=BODY_SECONDS) from None
    return bytes(body)


def failure(error: Exception, media: str, request_id: str) -> Response:
    """The error as GraphQL JSON with the status that HTTP has for it."""
    status = UNAVAILABLE if isinstance(error, SystemFault) else 500
    if isinstance(error, RequestRefused):
        status = error.status
    elif isinstance(error, TOKEN_ERRORS):
        status = UNAUTHORIZED
    elif isinstance(error, TOO_MUCH):
        status = TOO_MANY_REQUESTS
    response = _response(refusal([reply_of(error, request_id)]), status, media, request_id)
    if isinstance(error, TOKEN_ERRORS):
        missing = isinstance(error, TokenMissing)
        detail = "" if missing else ', error="invalid_token"'
        response.headers["WWW-Authenticate"] = f'Bearer realm="vitalhub"{detail}'
    if isinstance(error, TOO_MUCH):
        response.headers["Retry-After"] = str(error.details["seconds"])
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = str(error.details["allowed"])
    if isinstance(error, (BodyTooLarge, BodyUnfinished)):
        response.headers["Connection"] = "close"
    return response


def _response(reply: Reply, status: int, media: str, request_id: str) -> Response:
    headers = {
        "Content-Type": f"{media}; charset=utf-8",
        "X-Request-Id": request_id,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    if reply.usage is not None:
        headers["X-Usage-Id"] = reply.usage
    return Response(reply.content, status, headers)
