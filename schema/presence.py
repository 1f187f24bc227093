"""Work for a caller over HTTP ends when the caller has gone away.

Rules: nobody is watched for while the work needs no waiting, and no clock runs, so an answer from memory costs
nothing here; whoever waits longer than WATCHED_AFTER is; the work is cancelled in its own task and has ended
when the disconnect is told.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator, MutableMapping
from typing import Any, Generic, TypeVar

from starlette.requests import ClientDisconnect

T = TypeVar("T")
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

WATCHED_AFTER = 0.005


class Interruption:
    """Cancels the task that it was made in, from outside of it and at most once; `end` it in a `finally`."""

    __slots__ = ("_task", "happened")

    def __init__(self) -> None:
        self._task = asyncio.current_task()
        self.happened = False

    def __call__(self) -> None:
        if self._task is not None:
            self.happened = True
            self._task.cancel()
            self._task = None

    def end(self) -> None:
        self._task = None

    def taken_back(self) -> bool:
        """Whether a CancelledError was this one's; the task then goes on as if it had not been."""
        if self.happened and (task := asyncio.current_task()) is not None:
            task.uncancel()
        return self.happened


class Begun(Generic[T]):
    """Work that went in this task as far as it goes without waiting, and goes on when it is awaited."""

    __slots__ = ("_first", "_result", "_work", "waits")
    _result: T

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self.waits = True
        """False: it is done, and awaiting it is not waiting."""
        try:
            self._first = work.send(None)
        except StopIteration as end:
            self.waits, self._result = False, end.value
        else:
            self._work = work

    def __await__(self) -> Generator[Any, Any, T]:
        if not self.waits:
            return self._result
        waited_for = self._first
        try:
            while True:
                try:
                    told = yield waited_for
                except BaseException as wrong:  # noqa: BLE001 - the work's own matter, a cancellation as well
                    waited_for = self._work.throw(wrong)
                else:
                    waited_for = self._work.send(told)
        except StopIteration as end:
            result: T = end.value
            return result


async def while_connected(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """The work's result; ClientDisconnect, and the work is cancelled, when nobody waits for it.

    The request's body must have been read to its end.
    """
    begun = Begun(work)
    if not begun.waits:
        return await begun
    leaves = Interruption()
    watching: list[asyncio.Task[None]] = []
    loop = asyncio.get_running_loop()
    begin = loop.call_later(
        WATCHED_AFTER, lambda: watching.append(loop.create_task(_watch(receive, leaves)))
    )
    try:
        return await begun
    except asyncio.CancelledError:
        if leaves.taken_back():
            raise ClientDisconnect from None
        raise
    finally:
        begin.cancel()
        leaves.end()
        for task in watching:
            task.cancel()


async def _watch(receive: Receive, leaves: Interruption) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    leaves()
