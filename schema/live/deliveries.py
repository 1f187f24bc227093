"""Writes the usage record of each delivery before it leaves.

Rules: a record is one reader's; records that come together are written together, in one turn of a worker
thread, because a change is told to all readers at once.
"""

import asyncio

from access.usage import UsageLog, UsageRecord
from schema.context import blocking

Written = Exception | None


class Deliveries:
    def __init__(self, log: UsageLog) -> None:
        self._log = log
        self._waiting: list[tuple[UsageRecord, asyncio.Future[Written]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def record(self, usage: UsageRecord) -> None:
        """Written when this returns. UsageLogUnavailable: nothing may be delivered."""
        written: asyncio.Future[Written] = asyncio.get_running_loop().create_future()
        self._waiting.append((usage, written))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        error = await written
        if error is not None:
            raise error

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            outcomes = await blocking(self._record, [usage for usage, _ in batch])
            for (_, written), outcome in zip(batch, outcomes, strict=True):
                if not written.done():
                    written.set_result(outcome)

    def _record(self, batch: list[UsageRecord]) -> list[Written]:
        return [self._written(usage) for usage in batch]

    def _written(self, usage: UsageRecord) -> Written:
        try:
            self._log.record(usage)
        except Exception as error:  # noqa: BLE001 - its reader is told
            return error
        return None
