"""Makes the pieces of one file, each in a turn of its own.

Rules: a piece is made in a pool thread, one at a time, while the one before it is on its way, so that no
more than two are in memory; a turn is taken for each piece and given back, so that a slow reader keeps
nobody from the engine; what is cancelled is interrupted in the engine, and waited for.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar

import anyio

from catalog.ids import ClientId
from schema.encoding import LEAST, Compressor, Encoding
from schema.errors import QueueFull
from schema.export.account import Account
from schema.export.encoder import Facts, Piece, encoder_of
from schema.export.reading import ExportReading
from schema.places import Places
from schema.turns import Weight

INTERRUPT_SECONDS = 0.1
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where pieces are made: a place among the heavy operations, and a thread."""

    places: Places
    pool: Executor

    async def run(
        self,
        client: ClientId,
        work: Callable[[], Made],
        interrupt: Callable[[], None],
        *,
        patient: bool,
    ) -> Made:
        """QueueFull, unless `patient`: then it goes on waiting for its turn."""
        while True:
            try:
                async with self.places.place(client, Weight.HEAVY):
                    return await self._in_thread(work, interrupt)
            except QueueFull:
                if not patient:
                    raise
                await anyio.sleep(INTERRUPT_SECONDS)

    async def _in_thread(self, work: Callable[[], Made], interrupt: Callable[[], None]) -> Made:
        """A thread cannot be cancelled, a statement can."""
        running = asyncio.get_running_loop().run_in_executor(self.pool, work)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            with anyio.CancelScope(shield=True):
                while not running.done():
                    interrupt()
                    await asyncio.wait([running], timeout=INTERRUPT_SECONDS)
            if not running.cancelled():
                running.exception()  # looked at; nobody is left to be told
            raise


class Making:
    """`facts`: what the file says of itself."""

    def __init__(self, reading: ExportReading, account: Account, facts: Facts) -> None:
        self.begun = False
        self.ended = False
        self.encoding = account.wanted.encoding
        """Of the stream; settled with the first piece, as what is small is not compressed."""
        self._reading = reading
        self._encoder = encoder_of(account.wanted.form)
        self._account = account
        self._facts = facts
        self._compressor: Compressor | None = None

    def piece(self) -> Piece:
        """The next one, recorded; blocking. QueryTooLong, WarehouseFault, QuotaSpent, UsageLogUnavailable."""
        parts: list[Piece] = []
        first = not self.begun
        if first:
            parts.append(self._encoder.begin(self._reading.begin(), self._facts))
            self.begun = True
        rows, size = 0, 0
        while not self.ended and size < (LEAST if first else 1):
            batch = self._reading.next()
            if batch is None:
                self.ended = True
                parts.append(self._encoder.end())
            else:
                rows += self._reading.rows_of(batch)
                parts.append(self._encoder.piece(batch))
            size += len(parts[-1])
        content = parts[0] if len(parts) == 1 else b"".join(parts)
        if content:
            self._account.part(rows, content)
        if first and self.ended and len(content) < LEAST:
            self.encoding = None
        return content if self.encoding is None else self._packed(content, self.encoding)

    def _packed(self, content: Piece, encoding: Encoding) -> bytes:
        if self._compressor is None:
            self._compressor = encoding.stream()
        packed = self._compressor.compress(content)
        return packed + self._compressor.flush() if self.ended else packed
