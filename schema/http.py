"""GraphQL over HTTP: one endpoint; POST, and GET for queries that are persisted.

Rules: nobody gets further than the token check without a valid token; a body is never read past the
caller's limit, which is higher for those who may send a catalogue; both media types are spoken, and in
application/graphql-response+json a request that could not run is a 400; every reply, whatever its status,
is GraphQL JSON and carries the request id. It is an ASGI application of its own, because what stands
around an endpoint costs more than a reply that is at hand.
"""

import asyncio

from starlette.datastructures import QueryParams

from access.errors import QuotaSpent, TokenExpired, TokenInvalid, TokenRevoked
from access.roles import Capability
from catalog.errors import SystemFault
from schema.admission import Admission
from schema.caller import Caller, Callers
from schema.context import blocking
from schema.encoding import LEAST, encoding_for
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
from schema.media import GRAPHQL_JSON, JSON, answer_media, is_json
from schema.message import (
    NOT_MODIFIED,
    Answer,
    Head,
    Header,
    Scope,
    Send,
    bearer_in,
    request_id_from,
)
from schema.operation import Operations
from schema.presence import Begun, Interruption, Receive, while_connected
from schema.purpose import CASE_HEADER, NOTHING_STATED, PURPOSE_HEADER, Stated, stated_in_headers
from schema.reply import Reply, Request, refusal, request_of, request_of_address
from schema.rounds import Rounds
from schema.view import Views

MAX_BODY = 64 * 1024
MAX_CATALOGUE_BODY = 8 * 1024 * 1024
"""For callers who may import a catalogue: a workbook in base64 is a variable of its request."""
BODY_SECONDS = 10
INLINE = 64 * 1024
"""Bytes that are compressed where they are; more are in a worker thread."""
POST = "POST"
TOKEN_ERRORS = (TokenMissing, TokenInvalid, TokenExpired, TokenRevoked)
TOO_MUCH = (QuotaSpent, QueueFull)
"""What a caller may repeat later; `details["seconds"]` says when."""
BAD_REQUEST, UNAUTHORIZED = 400, 401
TOO_MANY_REQUESTS, UNAVAILABLE = 429, 503
OF_EACH = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)
PURPOSE, CASE = PURPOSE_HEADER.encode(), CASE_HEADER.encode()
CONTENT_TYPES = {
    media: (b"content-type", f"{media}; charset=utf-8".encode()) for media in (JSON, GRAPHQL_JSON)
}


class GraphQLEndpoint:
    """`__call__` is the ASGI application."""

    def __init__(
        self, callers: Callers, views: Views, operations: Operations, *, get_queries: bool = False
    ) -> None:
        """`get_queries`: whether GET takes any query."""
        self._get_queries = get_queries
        self.admission = Admission(callers, views)
        self._operations = operations
        self._rounds = Rounds()
        self.observer = operations.observer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        head = Head(scope)
        request_id = request_id_from(head.text(b"x-request-id"))
        with self.observer.call(request_id, "http"):
            answer = await self._answer(head, receive, request_id)
        await answer.send(send)

    async def _answer(self, head: Head, receive: Receive, request_id: str) -> Answer:
        media = answer_media(head.text(b"accept"))
        try:
            reply = await self._reply(head, receive, media, request_id)
            strict = media == GRAPHQL_JSON and not reply.ran
            status = NOT_MODIFIED if reply.unchanged else BAD_REQUEST if strict else 200
            answer = answer_of(reply, status, media or JSON, request_id)
            return await encoded(answer, head)
        except Exception as error:  # noqa: BLE001 - the edge: whatever it is leaves as GraphQL JSON
            return failure(error, media or JSON, request_id)

    async def _reply(
        self, head: Head, receive: Receive, media: str | None, request_id: str
    ) -> Reply:
        self.check_method(head)
        if media is None:
            raise NotAcceptable
        caller, view = await self.admission.admit(*credentials_in(head))
        turn = self._rounds.wait(caller.principal.client)
        if turn is not None:
            await turn
        body = await body_in(head, receive, caller)
        try:
            known = self._operations.repeats.reply(body, caller, view, request_id)
            if known is not None:
                return known
            asked = await request_in(head, body)
            return await while_connected(
                receive, self._operations.run(asked, caller, view, request_id)
            )
        except (RequestRefused, *TOO_MUCH):
            raise
        except SystemFault:
            raise
        except Exception as error:  # noqa: BLE001 - it could not run: a request error, not a failure of HTTP
            return refusal([reply_of(error, request_id)])

    def check_method(self, head: Head) -> None:
        """MethodNotAllowed."""
        if head.method != POST and not (head.method == "GET" and self._may_get(head)):
            raise MethodNotAllowed(allowed=POST if head.method == "GET" else f"GET, {POST}")

    def _may_get(self, head: Head) -> bool:
        """A query's text stands in an address, and so in logs, only where the operator wants it."""
        return self._get_queries or "query" not in _parameters(head)


def _parameters(head: Head) -> QueryParams:
    return QueryParams(head.query)


def _stated(head: Head) -> Stated:
    purpose, case = head.texts(PURPOSE), head.texts(CASE)
    return stated_in_headers(purpose, case) if purpose or case else NOTHING_STATED


def credentials_in(head: Head) -> tuple[str, Stated]:
    """TokenMissing, RequestMalformed."""
    return bearer_in(head.texts(b"authorization")), _stated(head)


async def asked_in(head: Head, receive: Receive, caller: Caller) -> Request:
    """From the address of a GET, from the body of a POST."""
    return await request_in(head, await body_in(head, receive, caller))


async def body_in(head: Head, receive: Receive, caller: Caller) -> bytes:
    """Of a POST; a GET has none."""
    if head.method != POST:
        return b""
    if not is_json(head.text(b"content-type") or ""):
        raise MediaTypeUnsupported
    return await _body(head, receive, caller)


async def request_in(head: Head, body: bytes) -> Request:
    if head.method != POST:
        return request_of_address(_parameters(head), head.text(b"if-none-match") or "")
    return await blocking(request_of, body) if len(body) > MAX_BODY else request_of(body)


def _check_size(size: int, caller: Caller) -> None:
    """BodyTooLarge."""
    if size <= MAX_BODY:
        return
    edits = Capability.EDIT_CATALOGUE in caller.capabilities
    limit = MAX_CATALOGUE_BODY if edits else MAX_BODY
    if size > limit:
        raise BodyTooLarge(limit=limit)


async def _body(head: Head, receive: Receive, caller: Caller) -> bytes:
    length = head.text(b"content-length") or ""
    if length.isascii() and length.isdigit():
        _check_size(int(length), caller)
    arriving = Begun(_read(receive, caller))
    return await (_in_time(arriving) if arriving.waits else arriving)


async def _in_time(arriving: Begun[bytes]) -> bytes:
    """BodyUnfinished."""
    late = Interruption()
    timer = asyncio.get_running_loop().call_later(BODY_SECONDS, late)
    try:
        return await arriving
    except asyncio.CancelledError:
        if late.taken_back():
            raise BodyUnfinished(seconds=BODY_SECONDS) from None
        raise
    finally:
        timer.cancel()
        late.end()


async def _read(receive: Receive, caller: Caller) -> bytes:
    """BodyUnfinished, BodyTooLarge. The body of most requests is one message."""
    pieces: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BodyUnfinished(seconds=BODY_SECONDS)
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        _check_size(size, caller)
        more = message.get("more_body", False)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def answer_of(reply: Reply, status: int, media: str, request_id: str) -> Answer:
    headers = [CONTENT_TYPES[media], (b"x-request-id", request_id.encode("ascii")), *OF_EACH]
    if reply.usage is not None:
        headers.append((b"x-usage-id", reply.usage.encode("ascii")))
    if reply.tag is not None:
        headers.append((b"etag", reply.tag.encode("ascii")))
    return Answer(status, headers, reply.content)


async def encoded(answer: Answer, head: Head) -> Answer:
    """Compressed where it pays and the caller takes it so."""
    if len(answer.content) < LEAST:
        return answer
    accept_encoding = head.text(b"accept-encoding")
    headers = [*answer.headers, (b"vary", b"accept-encoding")]
    encoding, content = encoding_for(accept_encoding), answer.content
    if encoding is None:
        return Answer(answer.status, headers, content)
    headers.append((b"content-encoding", encoding.name.encode("ascii")))
    large = len(content) > INLINE
    content = (
        await blocking(encoding.compressed, content) if large else encoding.compressed(content)
    )
    return Answer(answer.status, headers, content)


def failure(error: Exception, media: str, request_id: str) -> Answer:
    """The error as GraphQL JSON with the status that HTTP has for it."""
    answer = answer_of(refusal([reply_of(error, request_id)]), _status(error), media, request_id)
    return Answer(answer.status, [*answer.headers, *_of_failure(error)], answer.content)


def _status(error: Exception) -> int:
    if isinstance(error, RequestRefused):
        return error.status
    if isinstance(error, TOKEN_ERRORS):
        return UNAUTHORIZED
    if isinstance(error, TOO_MUCH):
        return TOO_MANY_REQUESTS
    return UNAVAILABLE if isinstance(error, SystemFault) else 500


def _of_failure(error: Exception) -> list[Header]:
    """The headers that belong to an error."""
    headers = []
    if isinstance(error, TOKEN_ERRORS):
        missing = isinstance(error, TokenMissing)
        detail = "" if missing else ', error="invalid_token"'
        headers.append((b"www-authenticate", f'Bearer realm="vitalhub"{detail}'.encode()))
    if isinstance(error, TOO_MUCH):
        headers.append((b"retry-after", str(error.details["seconds"]).encode()))
    if isinstance(error, MethodNotAllowed):
        headers.append((b"allow", str(error.details["allowed"]).encode()))
    if isinstance(error, (BodyTooLarge, BodyUnfinished)):
        headers.append((b"connection", b"close"))
    return headers
