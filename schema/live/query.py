"""One live query: executed once for a change, however many read it.

Rules: readers share it only when document, variables and the grants of their scopes are equal; it runs
again when a data set it read has a new version, and tells its readers only when the data differ; what
changes while it runs makes it run once more.
"""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Sequence

from access.errors import QuotaSpent
from catalog.ids import DatasetCode
from schema.errors import ErrorBody, QueueFull, reply_of
from schema.live.reader import Reader
from schema.live.state import State
from schema.reply import Reply, refused

log = logging.getLogger(__name__)

RETRY_SECONDS = 0.5
"""How long a live query waits when its client's queue is full."""

Execute = Callable[[Reader, str], Awaitable[State | Reply]]
"""One execution for a reader, under a request id; a refusal when nothing could run."""


class LiveQuery:
    """`executions` counts those that came to an answer, for whoever doubts it."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute
        self._readers: dict[Reader, None] = {}
        self._state: State | None = None
        self._stale = True
        self._running: asyncio.Task[None] | None = None
        self.executions = 0

    @property
    def is_read(self) -> bool:
        return bool(self._readers)

    @property
    def readers(self) -> int:
        return len(self._readers)

    def reads(self, changed: frozenset[DatasetCode]) -> bool:
        """Before its first answer nobody knows what it reads, so it may be any data set."""
        if self._state is None or not self._state.outcome.source.columns:
            return True
        return not changed.isdisjoint(self._state.outcome.source.columns)

    def join(self, reader: Reader) -> None:
        """The reader gets the state there is when it is current, and each one after it."""
        self._readers[reader] = None
        if self._stale:
            self._wake()
        elif self._state is not None and not self.is_running:
            reader.offer(self._state)

    def leave(self, reader: Reader) -> None:
        self._readers.pop(reader, None)

    def changed(self) -> None:
        """A data set it reads has a new version."""
        self._stale = True
        self._wake()

    def stop(self) -> None:
        if self._running is not None:
            self._running.cancel()

    @property
    def is_running(self) -> bool:
        return self._running is not None and not self._running.done()

    def _wake(self) -> None:
        if not self.is_running:
            self._running = asyncio.create_task(self._run())
            self._running.add_done_callback(_ran)

    async def _run(self) -> None:
        while self._stale and self._readers:
            self._stale = False
            request_id = uuid.uuid4().hex
            reader = next(iter(self._readers))
            try:
                state = await self._execute(reader, request_id)
            except QueueFull:  # others are before it; what is told a little later is as true
                self._stale = True
                await asyncio.sleep(RETRY_SECONDS)
                continue
            except QuotaSpent as spent:  # nothing has run, and the others may still be told
                self._stale = True
                reader.mailbox.refuse(reader, [reply_of(spent, request_id)])
                continue
            except Exception as error:  # noqa: BLE001 - whatever it is, the readers are told by its code
                self._refuse([reply_of(error, request_id)])
                continue
            if isinstance(state, Reply):
                self._refuse(refused(state))
                continue
            self.executions += 1
            self._state = state
            for reader in tuple(self._readers):
                reader.offer(state)

    def _refuse(self, errors: Sequence[ErrorBody]) -> None:
        """It can no longer run, for anybody; the next who asks finds out anew."""
        self._state, self._stale = None, True
        for reader in tuple(self._readers):
            reader.mailbox.refuse(reader, errors)


def _ran(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("a live query failed", exc_info=task.exception())
