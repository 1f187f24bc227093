"""One socket: what it said, what it may read, and its operations.

Rules: nothing but `connection_init` is heard before the caller is known; each operation is admitted anew;
a reader leaves its live query before its end is told; the first reason to close a socket is the one the
other side hears.
"""

import asyncio
import logging
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from starlette.websockets import WebSocket, WebSocketDisconnect

from access.errors import TokenExpired, TokenInvalid, TokenRevoked
from catalog.clock import Clock
from catalog.errors import UserError
from schema.caller import Caller
from schema.data.types import types_key
from schema.errors import ErrorBody, ScopeChanged, TokenMissing, TooManyOperations, reply_of
from schema.live.credentials import Credentials, credentials_of
from schema.live.deliveries import Delivery
from schema.live.frames import (
    ACK,
    PONG,
    CloseCode,
    Closing,
    Complete,
    Init,
    Message,
    Ping,
    Subscribe,
    complete_frame,
    error_frame,
    message_of,
    next_frame,
)
from schema.live.key import live_key
from schema.live.limits import LiveLimits
from schema.live.outbox import Outbox
from schema.live.reader import Reader
from schema.operation import Operations
from schema.outcome import usage_of
from schema.reply import Request, refused
from schema.view import View

log = logging.getLogger(__name__)

Admitted = tuple[Caller, View]
TOKEN_ERRORS = (TokenMissing, TokenInvalid, TokenExpired, TokenRevoked)


class Hall(Protocol):
    """What a session needs of the hub it is in."""

    limits: LiveLimits
    operations: Operations
    clock: Clock

    async def admit(self, session: "Session", credentials: Credentials) -> Admitted:
        """Errors of the token and the purpose; Closing when the client has too many sockets."""
        ...

    async def record(self, delivery: Delivery) -> None: ...

    def join(self, reader: Reader) -> None: ...

    def leave(self, reader: Reader) -> None: ...


class Session:
    """`caller` is None until it was admitted."""

    def __init__(self, socket: WebSocket, hall: Hall) -> None:
        self._socket = socket
        self._hall = hall
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[Closing | None] = self._loop.create_future()
        self._outbox = Outbox(hall.limits.outbox_bytes)
        self._operations: dict[str, asyncio.Task[None] | Reader] = {}
        self._quiet_since = self._loop.time()
        self._init_sent = False
        self.credentials: Credentials | None = None
        self.caller: Caller | None = None

    @property
    def is_heard(self) -> bool:
        """Whether it is read from; not while too much waits for its own reader."""
        return self._outbox.is_roomy

    # -- its life ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until either side ends it."""
        limits = self._hall.limits
        timeout = Closing(CloseCode.INIT_TIMEOUT, "Connection initialisation timeout")
        timer = self._loop.call_later(limits.init_seconds, self._expect_admitted, timeout)
        tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._write())]
        for task in tasks:
            task.add_done_callback(self._over)
        try:
            closing = await self._ended
        finally:
            timer.cancel()
            for operation in tuple(self._operations):
                self._drop(operation)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if closing is not None:
            with suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
                async with asyncio.timeout(limits.close_seconds):
                    await self._socket.close(closing.code, closing.reason)

    def end(self, closing: Closing | None) -> None:
        """The first one counts; None: the other side is gone."""
        if not self._ended.done():
            self._ended.set_result(closing)

    def check_idle(self) -> None:
        """A socket that nobody uses is closed."""
        quiet = self._loop.time() - self._quiet_since
        if self.caller and not self._operations and quiet > self._hall.limits.idle_seconds:
            self.end(Closing(CloseCode.NORMAL, "Idle"))

    def _expect_admitted(self, timeout: Closing) -> None:
        if self.caller is None:
            self.end(timeout)

    def _over(self, task: "asyncio.Task[None]") -> None:
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, Closing):
            self.end(error)
        elif error is None or isinstance(error, WebSocketDisconnect):
            self.end(None)
        else:
            log.error("a socket failed", exc_info=error)
            self.end(Closing(CloseCode.TRY_AGAIN, "Internal error: try again later"))

    # -- what it says --------------------------------------------------------------------------

    async def _read(self) -> None:
        while True:
            await self._outbox.room()
            received = await self._socket.receive()
            if received["type"] != "websocket.receive":
                return
            text = received.get("text")
            if text is None:
                raise Closing(CloseCode.BAD_REQUEST, "Only text frames are spoken")
            await self._hear(message_of(text))

    async def _hear(self, message: Message) -> None:
        self._quiet_since = self._loop.time()
        if isinstance(message, Init):
            await self._init(message.payload)
        elif isinstance(message, Ping):
            self._outbox.put(PONG)
        elif isinstance(message, Subscribe):
            self._subscribe(message)
        elif isinstance(message, Complete):
            self._drop(message.id)

    async def _init(self, payload: Mapping[str, object]) -> None:
        if self._init_sent:
            raise Closing(CloseCode.TOO_MANY_INITS, "Too many initialisation requests")
        self._init_sent = True
        try:
            credentials = credentials_of(payload, self._socket.headers)
            self.caller, _ = await self._hall.admit(self, credentials)
        except UserError as wrong:
            raise Closing(CloseCode.FORBIDDEN, f"Forbidden: {wrong.code}") from None
        self.credentials = credentials
        self._outbox.put(ACK)

    def _subscribe(self, message: Subscribe) -> None:
        if self.caller is None:
            raise Closing(CloseCode.UNAUTHORIZED, "Unauthorized")
        if message.id in self._operations:
            raise Closing(CloseCode.DUPLICATE, f"Subscriber for {message.id} already exists")
        limit = self._hall.limits.operations
        if len(self._operations) >= limit:
            self._tell_error(message.id, TooManyOperations(limit=limit), uuid.uuid4().hex)
            return
        running = asyncio.create_task(self._operate(message.id, message.request))
        self._operations[message.id] = running

    async def _operate(self, operation: str, request: Request) -> None:
        """A live query joins its readers; anything else is answered once."""
        request_id = uuid.uuid4().hex
        try:
            await self._answer(operation, request, request_id)
        except Closing as closing:
            self.end(closing)
        except Exception as error:  # noqa: BLE001 - the edge: whatever it is leaves as an error of this operation
            if isinstance(error, TOKEN_ERRORS):
                self.end(Closing(CloseCode.FORBIDDEN, f"Forbidden: {error.code}"))
            else:
                self._operations.pop(operation, None)
                self._tell_error(operation, error, request_id)

    async def _answer(self, operation: str, request: Request, request_id: str) -> None:
        assert self.credentials is not None  # noqa: S101 - nothing is subscribed before
        hall = self._hall
        caller, view = await hall.admit(self, self.credentials)
        request = await hall.operations.whole(request, caller)
        prepared = await hall.operations.prepare(request, caller, view)
        if not prepared.errors and prepared.is_live(request.operation_name):
            key = live_key(request, caller, hall.operations.allowance(caller))
            reader = Reader(operation, request, request_id, self, caller, view, prepared, key)
            self._operations[operation] = reader
            hall.join(reader)
            return
        reply = await hall.operations.run(request, caller, view, request_id)
        await self._outbox.room()
        self._operations.pop(operation, None)
        if reply.ran:
            self._outbox.put(next_frame(operation, reply.content.decode()))
            self._outbox.put(complete_frame(operation))
        else:
            self._outbox.put(error_frame(operation, refused(reply)))

    def _drop(self, operation: str) -> None:
        """No more of it; nothing of it leaves from now on."""
        found = self._operations.pop(operation, None)
        if isinstance(found, Reader):
            self._hall.leave(found)
        elif found is not None:
            found.cancel()

    # -- what it is told -----------------------------------------------------------------------

    async def _write(self) -> None:
        while True:
            item = await self._outbox.take()
            frame = await self._delivery(item) if isinstance(item, Reader) else item
            if frame is not None:
                await self._socket.send_text(frame)

    async def _delivery(self, reader: Reader) -> str | None:
        """The newest state as a frame, recorded; None when there is nothing new to tell."""
        state = reader.state
        if not self._has(reader) or state is None or state.outcome.mark == reader.told:
            return None
        content = state.content(self._hall.clock.now())
        outcome, caller = replace(state.outcome, started=datetime.now(UTC)), reader.caller
        usage = usage_of(outcome, content, reader.request, caller, reader.request_id)
        grants = tuple(caller.scope.grant(code) for code in outcome.source.columns)
        try:
            await self._hall.record(Delivery(usage, grants))
        except Exception as error:  # noqa: BLE001 - what cannot be recorded is not delivered
            self.refuse(reader, [reply_of(error, reader.request_id)])
            return None
        if not self._has(reader) or reader.caller is not caller:
            return None
        reader.told = state.outcome.mark
        return next_frame(reader.id, content.text)

    def _has(self, reader: Reader) -> bool:
        """Whether it is still one of ours."""
        return self._operations.get(reader.id) is reader

    def deliver(self, reader: Reader) -> None:
        if self._has(reader):
            self._outbox.offer(reader)

    def refuse(self, reader: Reader, errors: Sequence[ErrorBody]) -> None:
        if self._has(reader):
            self._drop(reader.id)
            self._quiet_since = self._loop.time()
            self._outbox.put(error_frame(reader.id, errors))

    def _tell_error(self, operation: str, error: Exception, request_id: str) -> None:
        self._outbox.put(error_frame(operation, [reply_of(error, request_id)]))

    # -- what it may read ----------------------------------------------------------------------

    def looked(self, found: Admitted | Exception) -> list[Reader]:
        """What its credentials are worth now; the readers that are to move to a new scope."""
        if isinstance(found, TOKEN_ERRORS):
            self.end(Closing(CloseCode.FORBIDDEN, f"Forbidden: {found.code}"))
            return []
        if isinstance(found, Exception) and not isinstance(found, UserError):
            self.end(Closing(CloseCode.TRY_AGAIN, "Nobody can be admitted now: try again later"))
            return []
        gone = isinstance(found, Exception)
        self.caller = self.caller if isinstance(found, Exception) else found[0]
        readers = [each for each in self._operations.values() if isinstance(each, Reader)]
        moved = [each for each in readers if gone or self._is_elsewhere(each)]
        for reader in moved:
            if gone or not self._has_types(reader):
                self.refuse(reader, [reply_of(ScopeChanged(), reader.request_id)])
        return [each for each in moved if self._has(each)]

    def _is_elsewhere(self, reader: Reader) -> bool:
        return self.caller is not None and reader.caller.scope is not self.caller.scope

    def _has_types(self, reader: Reader) -> bool:
        """Whether the schema it was made for is still the one."""
        assert self.caller is not None  # noqa: S101 - nobody else has readers
        return types_key(self.caller.scope) == types_key(reader.caller.scope)

    async def move(self, reader: Reader, caller: Caller, view: View) -> None:
        """To its new scope, where the document fits it; else it ends."""
        wrong: Exception | None = None
        try:
            prepared = await self._hall.operations.prepare(reader.request, caller, view)
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends this reader and no other
            wrong = ScopeChanged() if isinstance(error, UserError) else error
        else:
            wrong = ScopeChanged() if prepared.errors else None
        if wrong is not None:
            self.refuse(reader, [reply_of(wrong, reader.request_id)])
            return
        if self._has(reader):
            self._hall.leave(reader)
            reader.caller, reader.view, reader.prepared = caller, view, prepared
            reader.state = None  # what waits was made under the scope before
            reader.key = live_key(reader.request, caller, self._hall.operations.allowance(caller))
            self._hall.join(reader)
