"""What one socket has yet to send.

Rules: frames leave in order; whoever would add more than `limit` bytes of them waits, so that a client
that sends and never reads is no longer read from; a live query holds one place, however often it
changes, and what leaves is its newest state.
"""

import asyncio
from collections import deque

from schema.live.reader import Reader


class Outbox:
    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: deque[str | Reader] = deque()
        self._offered: set[Reader] = set()
        self._size = 0
        self._filled = asyncio.Event()
        self._roomy = asyncio.Event()
        self._roomy.set()

    @property
    def size(self) -> int:
        """Characters of the frames that wait."""
        return self._size

    @property
    def is_roomy(self) -> bool:
        return self._size < self._limit

    async def room(self) -> None:
        """Until another frame may be put."""
        while not self.is_roomy:
            self._roomy.clear()
            await self._roomy.wait()

    def put(self, frame: str) -> None:
        self._waiting.append(frame)
        self._size += len(frame)
        self._filled.set()

    def offer(self, reader: Reader) -> None:
        """The reader's newest state is to leave."""
        if reader not in self._offered:
            self._offered.add(reader)
            self._waiting.append(reader)
            self._filled.set()

    async def take(self) -> str | Reader:
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        item = self._waiting.popleft()
        if isinstance(item, Reader):
            self._offered.discard(item)
        else:
            self._size -= len(item)
            if self.is_roomy:
                self._roomy.set()
        return item
