"""Exports over HTTP: the same address, methods and bodies as GraphQL, with another Accept.

Rules: what is refused is GraphQL JSON with the status of its error, as in application/graphql-response+json; a
status of 200 is a file.
"""

from functools import partial

from starlette.types import ASGIApp

from catalog.errors import SystemFault
from schema.caller import Callers
from schema.encoding import encoding_for
from schema.errors import RequestRefused, reply_of, wrong_variable
from schema.export.form import Form, form_of
from schema.export.run import Exports
from schema.export.sending import Sender, TransferCut
from schema.export.wanted import Refused, Wanted
from schema.http import (
    BAD_REQUEST,
    TOKEN_ERRORS,
    TOO_MUCH,
    GraphQLEndpoint,
    answer_of,
    asked_in,
    credentials_in,
    failure,
)
from schema.media import GRAPHQL_JSON
from schema.message import Answer, Head, Scope, Send, request_id_from
from schema.presence import Receive
from schema.reply import refusal

ACCEPT = b"accept"
OF_HTTP = (RequestRefused, SystemFault, *TOKEN_ERRORS, *TOO_MUCH)
"""Errors that have a status of their own."""


class ExportEndpoint:
    """`__call__` answers an export."""

    def __init__(
        self, graphql: GraphQLEndpoint, callers: Callers, exports: Exports, seconds: float
    ) -> None:
        self._graphql = graphql
        self._callers = callers
        self._exports = exports
        self._seconds = seconds

    async def __call__(self, form: Form, scope: Scope, receive: Receive, send: Send) -> None:
        head = Head(scope)
        request_id = request_id_from(head.text(b"x-request-id"))
        with self._graphql.observer.call(request_id, "http"):
            try:
                wanted = await self._wanted(form, head, receive, request_id)
                await self._exports.run(wanted, Sender(scope, receive, send, self._seconds))
            except TransferCut:
                raise
            except Exception as error:  # noqa: BLE001 - the edge: whatever it is leaves as GraphQL JSON
                await _refusal(error, request_id).send(send)

    async def _wanted(self, form: Form, head: Head, receive: Receive, request_id: str) -> Wanted:
        self._graphql.check_method(head)
        bearer, stated = credentials_in(head)
        caller, view = await self._graphql.admission.admit(bearer, stated)
        asked = await asked_in(head, receive, caller)
        encoding = None if form.packed else encoding_for(head.text(b"accept-encoding"))
        again = partial(self._callers.of, bearer, stated)
        return Wanted(asked, caller, view, form, request_id, encoding, again)


class ByAccept:
    """An ASGI application: exports where a form of file is asked for, and else GraphQL."""

    def __init__(self, graphql: ASGIApp, exports: ExportEndpoint) -> None:
        self._graphql = graphql
        self._exports = exports

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for name, accept in scope["headers"]:
            if name == ACCEPT:
                form = form_of(accept.decode("latin-1"))
                if form is not None:
                    await self._exports(form, scope, receive, send)
                    return
                break
        await self._graphql(scope, receive, send)


def _refusal(error: Exception, request_id: str) -> Answer:
    if isinstance(error, OF_HTTP):
        return failure(error, GRAPHQL_JSON, request_id)
    if isinstance(error, Refused):
        told = wrong_variable if error.variables else reply_of
        body = refusal([told(each, request_id) for each in error.errors])
    else:
        body = refusal([reply_of(error, request_id)])
    return answer_of(body, BAD_REQUEST, GRAPHQL_JSON, request_id)
