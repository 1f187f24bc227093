"""The places that operations run in, on the event loop: `schema/turns.py` says whose turn it is.

Rules: who is cancelled while waiting leaves no trace; a place is given back whatever happened in it; who
waits too long is told so, as who finds its queue full.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from catalog.ids import ClientId
from schema.errors import QueueFull
from schema.turns import Ticket, Turns, Weight

KEPT = 64
"""Operations of one client that may wait."""
PATIENCE = 30.0
"""Seconds that one may wait."""
RETRY_SECONDS = 5
HEAVY = 200_000
"""From how many rows on an operation counts as heavy, by its price."""


def weight_of(price: int) -> Weight:
    return Weight.HEAVY if price >= HEAVY else Weight.CHEAP


class Places:
    """For one event loop."""

    def __init__(self, places: int, *, kept: int = KEPT, patience: float = PATIENCE) -> None:
        self._turns = Turns(places, kept)
        self._patience = patience
        self._called: dict[Ticket, anyio.Event] = {}

    @property
    def number(self) -> int:
        return self._turns.places

    @property
    def waiting(self) -> int:
        return sum(1 for called in self._called.values() if not called.is_set())

    @asynccontextmanager
    async def place(self, client: ClientId, weight: Weight) -> AsyncIterator[None]:
        """QueueFull when the client has too many waiting, or this one waits too long."""
        ticket = self._turns.ask(client, weight)
        if ticket is None:
            raise QueueFull(seconds=RETRY_SECONDS)
        called = self._called[ticket] = anyio.Event()
        self._call()
        try:
            if not called.is_set():
                with anyio.move_on_after(self._patience):
                    await called.wait()
            if not called.is_set():
                raise QueueFull(seconds=RETRY_SECONDS)
            yield
        finally:
            del self._called[ticket]
            if called.is_set():
                self._turns.end(ticket)
            else:
                self._turns.give_up(ticket)
            self._call()

    def _call(self) -> None:
        """Everybody whose turn it is."""
        while (ticket := self._turns.next()) is not None:
            self._called[ticket].set()
