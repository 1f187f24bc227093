"""Reads of the row mirror that bring too many rows for the event loop: in a thread, and in a place of the queue.

Rules: a client has its turn as with any other operation, so who asks for long lists without end keeps nobody
from the next ones; a read that nobody waits for any more keeps its place until it ends, which is soon.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import TypeVar

import anyio

from catalog.ids import ClientId
from schema.observation import note_wait
from schema.places import Places
from schema.turns import Weight

T = TypeVar("T")
INLINE_ROWS = 2_500
"""That an operation may bring and still be answered on the event loop: about 2 ms of work."""


class LongReads:
    """For one event loop."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._threads = ThreadPoolExecutor(places.number, "mirror")

    async def run(self, client: ClientId, read: Callable[[], T]) -> T:
        """QueueFull."""
        waiting = perf_counter()
        async with self._places.place(client, Weight.CHEAP):
            note_wait(perf_counter() - waiting)
            reading = asyncio.get_running_loop().run_in_executor(self._threads, read)
            with anyio.CancelScope(shield=True):
                await asyncio.wait([reading])
            return reading.result()
