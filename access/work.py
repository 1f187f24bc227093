"""Worker threads of their own for what computes long (scrypt) or reads the registry.

Callers beyond the queue's length are turned away at once, so that guessing secrets cannot starve the
queries, which have other threads.
"""

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread

THREADS = 2
QUEUE = 64

P = ParamSpec("P")
T = TypeVar("T")


class QueueFull(Exception):
    """Too many are waiting."""


class WorkQueue:
    def __init__(self) -> None:
        self._threads = CapacityLimiter(THREADS)
        self._waiting = 0

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The call's result; QueueFull without running it when too many wait."""
        if self._waiting >= QUEUE:
            raise QueueFull
        self._waiting += 1
        try:
            work = partial(call, *args, **kwargs)
            return await to_thread.run_sync(work, limiter=self._threads)
        finally:
            self._waiting -= 1
