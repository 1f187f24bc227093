"""The issuer over HTTP: tokens, their revocation and introspection, keys and metadata.

A parameter that comes twice, in the address or as a secret in the body is refused. Everything that
computes or reads the registry runs in worker threads of its own (`access/work.py`).
"""

from collections.abc import Callable, Mapping

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from access.form import read_form
from access.issuer import (
    INTROSPECT_PATH,
    JWKS_PATH,
    METADATA_PATH,
    REVOKE_PATH,
    TOKEN_PATH,
    Issuer,
)
from access.replies import Reply, busy, invalid_request
from access.work import QueueFull, WorkQueue

CACHED = {"Cache-Control": "public, max-age=300"}


class IssuerEndpoints:
    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer
        self._work = WorkQueue()

    def routes(self) -> list[Route]:
        return [
            Route(TOKEN_PATH, self.token_endpoint, methods=["POST"]),
            Route(REVOKE_PATH, self.revoke_endpoint, methods=["POST"]),
            Route(INTROSPECT_PATH, self.introspect_endpoint, methods=["POST"]),
            Route(JWKS_PATH, self.jwks_endpoint),
            Route(METADATA_PATH, self.metadata_endpoint),
        ]

    async def token_endpoint(self, request: Request) -> Response:
        return await self._answer(request, self._issuer.token)

    async def revoke_endpoint(self, request: Request) -> Response:
        return await self._answer(request, self._issuer.revoke)

    async def introspect_endpoint(self, request: Request) -> Response:
        return await self._answer(request, self._issuer.introspect)

    async def jwks_endpoint(self, _request: Request) -> Response:
        keys = await to_thread.run_sync(self._issuer.jwks)
        return JSONResponse(keys, headers=CACHED)

    async def metadata_endpoint(self, _request: Request) -> Response:
        return JSONResponse(self._issuer.metadata(), headers=CACHED)

    async def _answer(
        self, request: Request, answer: Callable[[str | None, Mapping[str, str]], Reply]
    ) -> Response:
        form = await _form(request)
        if isinstance(form, Reply):
            return _response(form)
        try:
            reply = await self._work.run(answer, request.headers.get("authorization"), form)
        except QueueFull:
            reply = busy()
        return _response(reply)


async def _form(request: Request) -> Mapping[str, str] | Reply:
    """The body's parameters, each once; or the refusal."""
    if request.url.query:
        return invalid_request(
            "Send parameters in the body, not in the address.",
            "参数须放在请求体中，不能放在地址中。",
        )
    form = await read_form(request)
    if isinstance(form, Reply):
        return form
    if "client_secret" in form:
        return invalid_request(
            "Send the client id and secret by HTTP Basic, not in the body.",
            "客户端编号和密钥须以 HTTP Basic 方式提供，不能放在请求体中。",
        )
    if len(request.headers.getlist("authorization")) > 1:
        return invalid_request("Send one Authorization header.", "只能有一个 Authorization 头。")
    return form


def _response(reply: Reply) -> Response:
    return JSONResponse(dict(reply.body), reply.status, dict(reply.headers))
