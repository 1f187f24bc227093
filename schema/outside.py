"""What is answered where no endpoint answers: an unknown address, a wrong method, a fault.

Rules: JSON in both languages with a stable code and the request id, like every other error; under
/oauth/ in the shape of RFC 6749. Nothing of the request and nothing of the fault is repeated.
"""

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from access.replies import Reply, invalid_request
from schema.errors import AddressUnknown, MethodUnsuitable, RequestRefused, reply_of
from schema.message import request_id_of

HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
OAUTH = "/oauth/"
METHOD_NOT_ALLOWED = 405


async def http_error(request: Request, error: Exception) -> Response:
    """For Starlette's own refusals: 404 and 405, of which the latter names what is allowed."""
    assert isinstance(error, HTTPException)  # noqa: S101 - Starlette's handlers are typed so
    headers = HEADERS | dict(error.headers or {})
    wrong = error.status_code == METHOD_NOT_ALLOWED
    refused = MethodUnsuitable() if wrong else AddressUnknown()
    if request.url.path.startswith(OAUTH):
        return _oauth(refused, error.status_code, headers)
    return _answer(refused, error.status_code, headers, request)


async def fault(request: Request, error: Exception) -> Response:
    """For what nobody foresaw."""
    return _answer(error, 500, HEADERS, request)


def _oauth(refused: RequestRefused, status: int, headers: dict[str, str]) -> Response:
    reply: Reply = invalid_request(refused.message_en, refused.message_zh, status)
    return JSONResponse(dict(reply.body), status, headers | dict(reply.headers))


def _answer(error: Exception, status: int, headers: dict[str, str], request: Request) -> Response:
    request_id = request_id_of(request)
    content = orjson.dumps({"errors": [reply_of(error, request_id)]})
    headers = headers | {"X-Request-Id": request_id}
    return Response(content, status, headers, media_type="application/json")
