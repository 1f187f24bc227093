"""All sockets and live queries of the server, and the one task that keeps them true.

Rules: publications and changes of grants only wake it, from whatever thread; then it first looks who may
still read, each bearer once however many sockets it has, and only after that runs the queries that read
what changed. It also looks at short intervals, because tokens and grants end by time. Without sockets
nothing runs.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress

from catalog.ids import DatasetCode
from schema.caller import Callers
from schema.context import Services, blocking
from schema.live.credentials import Credentials
from schema.live.deliveries import Deliveries, Delivery
from schema.live.frames import CloseCode, Closing
from schema.live.key import LiveKey
from schema.live.limits import LiveLimits
from schema.live.query import LiveQuery
from schema.live.reader import Reader
from schema.live.session import Admitted, Session
from schema.live.state import State
from schema.metered import Metered
from schema.operation import Operations
from schema.reply import Reply
from schema.view import Views

log = logging.getLogger(__name__)

STOPPING = "The hub stops: connect again after 1 to 10 seconds, chosen at random"


class LiveHub:
    """Its sessions' hall; one event loop."""

    def __init__(
        self,
        callers: Callers,
        views: Views,
        operations: Operations,
        services: Services,
        limits: LiveLimits,
    ) -> None:
        self.limits = limits
        self.operations = operations
        self.clock = services.clock
        self._callers = callers
        self._views = views
        self._meter = services.usage.meter
        self._deliveries = Deliveries(services.usage)
        self._sessions: set[Session] = set()
        self._queries: dict[LiveKey, LiveQuery] = {}
        self._changed: set[DatasetCode] = set()
        self._woken = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pulse: asyncio.Task[None] | None = None
        self._stopping = False
        services.engine.listen(self._published)
        services.sharing.listen(self._wake)
        services.store.listen(self._wake)

    @property
    def is_full(self) -> bool:
        return self._stopping or len(self._sessions) >= self.limits.sockets

    @property
    def sessions(self) -> int:
        return len(self._sessions)

    @property
    def queries(self) -> Sequence[LiveQuery]:
        """The live queries that somebody reads."""
        return tuple(self._queries.values())

    @property
    def is_busy(self) -> bool:
        """Whether a change waits or a query runs."""
        return bool(self._changed) or any(query.is_running for query in self.queries)

    async def run(self, session: Session) -> None:
        """The life of a socket in this hub."""
        self._sessions.add(session)
        self._empty.clear()
        if self._pulse is None:
            self._loop = asyncio.get_running_loop()
            self._pulse = asyncio.create_task(self._keep())
        try:
            await session.run()
        finally:
            self._sessions.discard(session)
            if not self._sessions:
                self._empty.set()
                self._pulse.cancel()
                self._pulse = self._loop = None

    async def stop(self) -> None:
        """Tell everybody when to come back; each socket has its time to close."""
        self._stopping = True
        for session in tuple(self._sessions):
            session.end(Closing(CloseCode.GOING_AWAY, STOPPING))
        with suppress(TimeoutError):
            async with asyncio.timeout(2 * self.limits.close_seconds):
                await self._empty.wait()

    # -- the hall of a session -----------------------------------------------------------------

    async def admit(self, session: Session, credentials: Credentials) -> Admitted:
        admitted = await blocking(self._admitted, credentials)
        client = admitted[0].principal.client
        if session.caller is None:
            others = (s.caller for s in self._sessions if s is not session and s.caller)
            if sum(c.principal.client == client for c in others) >= self.limits.client_sockets:
                raise Closing(CloseCode.TRY_AGAIN, "This client has too many sockets")
        return admitted

    async def record(self, delivery: Delivery) -> None:
        await self._deliveries.record(delivery)

    def join(self, reader: Reader) -> None:
        query = self._queries.get(reader.key)
        if query is None:
            query = self._queries[reader.key] = LiveQuery(self._execute)
        query.join(reader)

    def leave(self, reader: Reader) -> None:
        query = self._queries.get(reader.key)
        if query is not None:
            query.leave(reader)
            if not query.is_read:
                del self._queries[reader.key]

    # -- what keeps it true --------------------------------------------------------------------

    def _published(self, data_set: DatasetCode) -> None:
        """From the thread that published."""
        self._call(self._note, data_set)

    def _wake(self) -> None:
        """From the thread that changed a grant or the catalogue."""
        self._call(self._woken.set)

    def _call(self, call: object, *arguments: object) -> None:
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # it has just ended
                loop.call_soon_threadsafe(call, *arguments)  # type: ignore[arg-type]

    def _note(self, data_set: DatasetCode) -> None:
        self._changed.add(data_set)
        self._woken.set()

    async def _keep(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self.limits.look_seconds):
                    await self._woken.wait()
                await asyncio.sleep(self.limits.gather_seconds)
            except TimeoutError:
                pass
            self._woken.clear()
            changed, self._changed = frozenset(self._changed), set()
            try:
                await self._look()
            except Exception:
                log.exception("who may still read could not be looked at: nothing is told")
                self._changed |= changed
                continue
            for query in self.queries:
                if changed and query.reads(changed):
                    query.changed()

    async def _look(self) -> None:
        """Who may still read, and what: whoever may not is told before anybody else is moved."""
        sessions = [s for s in self._sessions if s.credentials is not None]
        asked = {s.credentials for s in sessions if s.credentials is not None}
        found = await blocking(self._admit_all, asked)
        for session in sessions:
            session.check_idle()
        looked = [(s, found[s.credentials]) for s in sessions if s.credentials is not None]
        moving = [(s, reader, now) for s, now in looked for reader in s.looked(now)]
        for session, reader, now in moving:
            if not isinstance(now, Exception):
                await session.move(reader, *now)

    def _admit_all(self, asked: set[Credentials]) -> Mapping[Credentials, Admitted | Exception]:
        found: dict[Credentials, Admitted | Exception] = {}
        for credentials in asked:
            try:
                found[credentials] = self._admitted(credentials)
            except Exception as error:  # noqa: BLE001 - its sessions are told
                found[credentials] = error
        return found

    def _admitted(self, credentials: Credentials) -> Admitted:
        caller = self._callers.of(credentials.bearer, credentials.stated)
        return caller, self._views.of(caller)

    async def _execute(self, reader: Reader, request_id: str) -> State | Reply:
        """QuotaSpent: this reader may not be told, and nothing has run."""
        with Metered(self._meter, reader.caller) as call:
            outcome = await self.operations.execute(
                reader.prepared, reader.request, reader.caller, reader.view, request_id, call
            )
        if isinstance(outcome, Reply):
            return outcome
        return await blocking(State, outcome, self.clock.now())
