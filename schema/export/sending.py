"""Hands the pieces of a file to the reader, and ends when the reader, the caller's rights or time do.

Rules: nothing is handed on before the reader has taken what came before; a reader that takes nothing for
READER_SECONDS has stopped; who leaves is noticed at once, who lost the right within a second; a
transfer that cannot be finished is cut in the middle, so that no client takes it for a whole file.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import anyio
from starlette.types import Receive, Scope, Send

from schema.export.encoder import Piece
from schema.export.errors import ReaderLeft, ReaderStopped
from warehouse.errors import QueryTooLong

CUT = "vitalhub.cut"
"""In the scope: what ends the connection at once. A server without it closes after an error."""
CHUNK = 256 * 1024
READER_SECONDS = 20.0
LOOK_SECONDS = 0.5
CUT_SECONDS = 5.0


class TransferCut(Exception):
    """The transfer is broken, and that is what is meant; the usage record says why."""


@dataclass(frozen=True, slots=True)
class Sender:
    """One reader. `seconds`: how long all of it may take."""

    scope: Scope
    receive: Receive
    send: Send
    seconds: float

    async def while_wanted(
        self, work: Awaitable[None], look: Callable[[], Awaitable[None]]
    ) -> None:
        """The work's own error, or ReaderLeft, QueryTooLong, what `look` raises when the caller may no longer
        read; the work has then ended.
        """
        working = asyncio.ensure_future(work)
        leaving = asyncio.ensure_future(self._left())
        looking = asyncio.ensure_future(self._looks(look))
        tasks = (working, leaving, looking)
        try:
            await asyncio.wait(tasks, timeout=self.seconds, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                working.result()
            elif looking.done():
                looking.result()
            elif leaving.done():
                raise ReaderLeft
            else:
                raise QueryTooLong
        finally:
            for task in tasks:
                task.cancel()
            with anyio.CancelScope(shield=True):
                await asyncio.gather(*tasks, return_exceptions=True)

    async def start(self, headers: Mapping[str, str]) -> None:
        raw = [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()]
        await self.send({"type": "http.response.start", "status": 200, "headers": raw})

    async def hand(self, piece: Piece) -> None:
        """ReaderStopped."""
        view = memoryview(piece)
        for at in range(0, len(view), CHUNK):
            await self._body(bytes(view[at : at + CHUNK]), more=True)

    async def finish(self) -> None:
        """What came before was taken; whether the last bytes are is known to nobody."""
        with suppress(ReaderStopped):
            await self._body(b"", more=False)

    async def cut(self) -> None:
        """TransferCut where the server has no better way."""
        cut = self.scope.get(CUT)
        if cut is None:
            raise TransferCut
        cut()
        with anyio.move_on_after(CUT_SECONDS):
            await self._left()

    async def _body(self, body: bytes, *, more: bool) -> None:
        try:
            async with asyncio.timeout(READER_SECONDS):
                await self.send({"type": "http.response.body", "body": body, "more_body": more})
        except TimeoutError:
            raise ReaderStopped(seconds=round(READER_SECONDS)) from None

    async def _left(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def _looks(self, look: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await look()
