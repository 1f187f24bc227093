"""The issuer over HTTP: token, keys and metadata as Starlette routes.

The form is read here, on the event loop, and never past its limit; a parameter that comes twice is
refused. Everything that computes or reads the registry runs in a few worker threads of its own, and
callers beyond a queue's length are turned away, so that guessing secrets cannot starve the queries.
"""

from urllib.parse import parse_qsl

from anyio import CapacityLimiter, fail_after, to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from access.issuer import JWKS_PATH, METADATA_PATH, TOKEN_PATH, Issuer, Reply, invalid_request

FORM_TYPE = "application/x-www-form-urlencoded"
FORM_LIMIT = 8192
FIELD_LIMIT = 16
BODY_SECONDS = 10
THREADS = 2
QUEUE = 64
CACHED = {"Cache-Control": "public, max-age=300"}


class IssuerEndpoints:
    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer
        self._threads = CapacityLimiter(THREADS)
        self._waiting = 0

    def routes(self) -> list[Route]:
        return [
            Route(TOKEN_PATH, self.token_endpoint, methods=["POST"]),
            Route(JWKS_PATH, self.jwks_endpoint),
            Route(METADATA_PATH, self.metadata_endpoint),
        ]

    async def token_endpoint(self, request: Request) -> Response:
        form = await _form(request)
        if isinstance(form, Reply):
            return _response(form)
        if len(request.headers.getlist("authorization")) > 1:
            return _response(invalid_request("Send one Authorization header."))
        if self._waiting >= QUEUE:
            return _response(_busy())
        self._waiting += 1
        try:
            authorization = request.headers.get("authorization")
            reply = await to_thread.run_sync(
                self._issuer.token, authorization, form, limiter=self._threads
            )
        finally:
            self._waiting -= 1
        return _response(reply)

    async def jwks_endpoint(self, _request: Request) -> Response:
        keys = await to_thread.run_sync(self._issuer.jwks)
        return JSONResponse(keys, headers=CACHED)

    async def metadata_endpoint(self, _request: Request) -> Response:
        return JSONResponse(self._issuer.metadata(), headers=CACHED)


async def _form(request: Request) -> dict[str, str] | Reply:
    """The body's parameters, each once; or the refusal."""
    if request.url.query:
        return invalid_request("Send parameters in the body, not in the address.")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM_TYPE:
        return invalid_request(f"Send the body as {FORM_TYPE}.")
    body = bytearray()
    try:
        with fail_after(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > FORM_LIMIT:
                    return invalid_request("The body is too large.", 413)
    except (TimeoutError, ClientDisconnect):
        return invalid_request("The body did not arrive whole.", 408)
    try:
        pairs = parse_qsl(
            body.decode(),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=FIELD_LIMIT,
        )
    except ValueError:
        return invalid_request("The body is not a well-formed form.")
    form = dict(pairs)
    if len(form) != len(pairs):
        return invalid_request("A parameter is repeated.")
    if "client_secret" in form:
        return invalid_request("Send the client id and secret by HTTP Basic, not in the body.")
    return form


def _busy() -> Reply:
    body = {"error": "temporarily_unavailable", "error_description": "Try again in a second."}
    return Reply(503, body, (("Retry-After", "1"), ("Cache-Control", "no-store")))


def _response(reply: Reply) -> Response:
    response = JSONResponse(dict(reply.body), status_code=reply.status)
    for name, value in reply.headers:
        if name.lower() != "content-type":
            response.headers[name] = value
    return response
