"""Writes the usage record of each delivery before it leaves.

Rules: a record is one reader's, and counts on the quotas of its grants like any read; records that come
together are written together, in one turn of a worker thread, because a change is told to all readers at
once.
"""

import asyncio
from dataclasses import dataclass

from access.usage import UsageLog, UsageRecord
from catalog.sharing.grant import Grant
from schema.context import blocking

Written = Exception | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """`grants` are those that the record names."""

    usage: UsageRecord
    grants: tuple[Grant, ...]


class Deliveries:
    def __init__(self, log: UsageLog) -> None:
        self._log = log
        self._waiting: list[tuple[Delivery, asyncio.Future[Written]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def record(self, delivery: Delivery) -> None:
        """Written when this returns. UsageLogUnavailable, QuotaSpent: nothing may be delivered."""
        written: asyncio.Future[Written] = asyncio.get_running_loop().create_future()
        self._waiting.append((delivery, written))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        error = await written
        if error is not None:
            raise error

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            outcomes = await blocking(self._record, [delivery for delivery, _ in batch])
            for (_, written), outcome in zip(batch, outcomes, strict=True):
                if not written.done():
                    written.set_result(outcome)

    def _record(self, batch: list[Delivery]) -> list[Written]:
        return [self._written(delivery) for delivery in batch]

    def _written(self, delivery: Delivery) -> Written:
        usage, meter = delivery.usage, self._log.meter
        try:
            call = meter.enter(delivery.grants, usage.started)
            try:
                self._log.record(usage, call)
            finally:
                meter.leave(call)
        except Exception as error:  # noqa: BLE001 - its reader is told
            return error
        return None
