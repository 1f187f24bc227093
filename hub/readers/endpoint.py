"""A reader's ASGI application: answers what it can answer exactly as the hub would, and leaves all else to it.

Rules: only a whole, small, plain POST is looked at; its caller is admitted by the hub's own steps and has no
quota; an answer leaves here only if it holds data and was recorded. Whatever is refused or goes wrong goes
back to the hub with its connection, so every error is told in one place. What is left is not counted here.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from time import perf_counter

from hub.readers.board import Row
from hub.readers.connection import CONNECTION, ReaderProtocol
from hub.readers.operations import ReaderOperations
from schema.admission import Admission
from schema.export.form import form_of
from schema.http import MAX_BODY, POST, answer_of, credentials_in, encoded
from schema.media import JSON, answer_media, is_json
from schema.message import Answer, Head, Scope, Send, request_id_from
from schema.observation import CALL, Call
from schema.presence import Receive, while_connected
from schema.reply import Reply, request_of
from schema.rounds import Rounds

LOG = logging.getLogger(__name__)
BODY_SECONDS = 1.0
"""For a body to come whole; the hub has more patience."""
GRAPHQL = "/graphql"
UNUSUAL = frozenset({b"transfer-encoding", b"expect", b"upgrade"})


class ReaderEndpoint:
    """`__call__` is the ASGI application. `fresh`: whether everything here is as the hub has it."""

    def __init__(
        self,
        admission: Admission,
        operations: ReaderOperations,
        fresh: Callable[[], bool],
        row: Row,
        log: Callable[[Call], None],
    ) -> None:
        self._admission = admission
        self._operations = operations
        self._rounds = Rounds()
        self._fresh = fresh
        self._row = row
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection: ReaderProtocol = scope[CONNECTION]
        head = Head(scope)
        if scope["path"] != GRAPHQL or not is_plain(head):
            connection.give_back()
            return
        body = await self._body(connection, receive)
        if body is None:
            return
        answer = None
        if connection.claim():
            answer = await self._answer(head, body, receive)
        if answer is None:
            connection.give_back()
            return
        connection.answer()
        await answer.send(send)

    async def _body(self, connection: ReaderProtocol, receive: Receive) -> bytes | None:
        """None where the connection is no longer here."""
        late = asyncio.get_running_loop().call_later(BODY_SECONDS, connection.give_back)
        pieces: list[bytes] = []
        try:
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return None
                pieces.append(message.get("body", b""))
                if not message.get("more_body", False):
                    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
        finally:
            late.cancel()

    async def _answer(self, head: Head, body: bytes, receive: Receive) -> Answer | None:
        """None: it is the hub's."""
        if not self._fresh():
            return None
        request_id = request_id_from(head.text(b"x-request-id"))
        call = Call(request_id, "http", datetime.now(UTC))
        began = perf_counter()
        token = CALL.set(call)
        try:
            reply = await self._reply(head, body, receive, request_id)
            if reply is None or reply.usage is None:
                return None
            media = answer_media(head.text(b"accept")) or JSON
            answer = await encoded(answer_of(reply, 200, media, request_id), head)
        except Exception as error:  # noqa: BLE001 - whatever it is, the hub finds and tells it
            LOG.debug("left to the hub: %r", error)
            return None
        finally:
            CALL.reset(token)
        call.size, call.seconds = len(reply.content), perf_counter() - began
        self._count(call)
        return answer

    def _count(self, call: Call) -> None:
        self._row.answered(call.seconds, call.rows, call.size)
        kept, repeats = self._operations.kept, self._operations.repeats
        self._row.kept(kept.hits + repeats.hits, kept.misses, kept.bytes + repeats.bytes)
        self._log(call)

    async def _reply(
        self, head: Head, body: bytes, receive: Receive, request_id: str
    ) -> Reply | None:
        caller, view = await self._admission.admit(*credentials_in(head))
        if caller.metered:
            return None
        turn = self._rounds.wait(caller.principal.client)
        if turn is not None:
            await turn
        known = self._operations.repeats.reply(body, caller, view, request_id)
        if known is not None:
            return known
        work = self._operations.run(request_of(body), caller, view, request_id)
        return await while_connected(receive, work)


def is_plain(head: Head) -> bool:
    """Whether it may be one that is answered here, as far as its header tells."""
    accept, length = head.text(b"accept"), head.text(b"content-length") or ""
    return (
        head.method == POST
        and length.isascii()
        and length.isdigit()
        and int(length) <= MAX_BODY
        and not head.has(UNUSUAL)
        and is_json(head.text(b"content-type") or "")
        and answer_media(accept) is not None
        and form_of(accept) is None
    )
