"""What resolvers are given: the hub's services and the operation they answer for.

Every service is synchronous; `blocking` runs a call in a worker thread, because a registry or engine
call on the event loop would stall every other caller.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import ParamSpec, TypeVar

import anyio.to_thread
import strawberry

from access.clients import ClientStore
from access.documents import DocumentStore
from access.limits import LimitStore
from access.principal import Principal
from access.record import Replayed
from access.usage import UsageLog
from catalog.catalogue import Catalogue
from catalog.clock import Clock, SystemClock
from catalog.ids import ClientId
from catalog.sharing.service import SharingService
from catalog.store import CatalogueStore
from connectors.calling.service import InterfaceService
from connectors.connections import Connections
from connectors.ledger import Ledger
from jobs.queue import JobQueue
from quality.record import QualityRecord
from query.price import Price
from schema.caller import Caller
from schema.data.interface import Calls, LiveContext
from schema.data.plan import DataContext, Reading
from schema.data.planning import Plan
from schema.explanation import Explained
from schema.observation import Observer
from schema.provenance import GradeOf
from schema.reply import Request
from warehouse.engine import Engine
from warehouse.mirror.standing import MirrorStandings

P = ParamSpec("P")
T = TypeVar("T")


def unconnected() -> InterfaceService:
    """Knows no connection, so that every interface is unavailable."""
    return InterfaceService(lambda: Connections({}), SystemClock())


@dataclass(frozen=True, slots=True)
class Services:
    """The hub behind the API."""

    clock: Clock
    catalogue: Callable[[], Catalogue]
    store: CatalogueStore
    engine: Engine
    sharing: SharingService
    clients: ClientStore
    ledger: Ledger
    quality: QualityRecord
    queue: JobQueue
    usage: UsageLog
    mask_key: str = field(repr=False)
    documents: DocumentStore
    limits: LimitStore
    query_seconds: float = 10.0
    query_threads: int = 2
    price_budget: int = 50_000_000
    """Rows that one operation may read."""
    result_cache_bytes: int = 64 * 1024 * 1024
    """What answers may be kept of; 0: none are."""
    export_rows: int = 10_000_000
    """Rows that one export may bring."""
    export_seconds: float = 600.0
    """How long one may take."""
    get_queries: bool = False
    """Whether GET takes any query, not persisted ones alone."""
    observer: Observer = field(default_factory=Observer)
    interfaces: InterfaceService = field(default_factory=unconnected)
    parts: Mapping[str, Callable[[], bool]] = field(default_factory=dict)
    """What else has to run beside the server, by name, and whether it does."""
    mirror: MirrorStandings | None = None
    """What the row mirror holds; None when there is none."""


Replay = Callable[[str, ClientId], Awaitable[Replayed]]
"""Reads what a usage record names again, in a turn of the client that wants to know."""


@dataclass(frozen=True)
class Operation(DataContext, LiveContext):
    """One operation under way: who asks, its data side and its live side."""

    services: Services
    caller: Caller
    reading: Reading
    plan: Plan
    grade: GradeOf
    request_id: str
    replay: Replay
    explain: Callable[[Request], Awaitable[Explained]]
    """What another operation of the caller's would do."""
    calls: Calls
    price: Price | None = None
    """What the data fields may read; None when there are none."""

    @property
    def principal(self) -> Principal:
        return self.caller.principal


Info = strawberry.Info[Operation, None]


async def blocking(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The call's result, from a worker thread."""
    return await anyio.to_thread.run_sync(partial(call, *args, **kwargs))
