"""What one client may do beside its grants: how dear its queries may be, and whether it may write its own.

A client without a row has the hub's defaults. One process sets limits, so they are kept in memory: `of` is
fit for the event loop, the rest blocks. Other processes of the hub look again when it says so.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select

from access.errors import UnknownClient
from access.models import Client, ClientLimit
from catalog.ids import ClientId
from registry.store import Registry


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """`price_budget`, `page_limit` (rows) None: the hub's. `documents_only`: only persisted documents
    run.
    """

    price_budget: int | None = None
    documents_only: bool = False
    page_limit: int | None = None


DEFAULT = ClientLimits()


class LimitStore:
    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._listeners: list[Callable[[], None]] = []
        self.read()

    def listen(self, listener: Callable[[], None]) -> None:
        """Hear of each change once it is made, from the thread that made it."""
        self._listeners.append(listener)

    def read(self) -> None:
        """As they stand in the registry."""
        with self._registry.read() as session:
            self._known = {
                ClientId(row.client_id): ClientLimits(
                    row.price_budget, row.documents_only, row.page_limit
                )
                for row in session.scalars(select(ClientLimit))
            }

    def of(self, client: ClientId) -> ClientLimits:
        return self._known.get(client, DEFAULT)

    def set(self, client: ClientId, limits: ClientLimits) -> None:
        """UnknownClient."""
        with self._registry.write() as session:
            if session.get(Client, client) is None:
                raise UnknownClient(client=client)
            session.merge(
                ClientLimit(
                    client_id=client,
                    price_budget=limits.price_budget,
                    documents_only=limits.documents_only,
                    page_limit=limits.page_limit,
                )
            )
        self._known[client] = limits
        for listener in self._listeners:
            listener()
