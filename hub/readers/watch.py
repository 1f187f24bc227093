"""Whether a reader's memory is as the hub has it, looked at before each request.

Rules: a number that moved is taken up before the request goes on, so nothing that was acknowledged before it
began is missed; what has to be read again is read by another thread, and until it is there the hub answers.
"""

import asyncio

from access.clients import ClientStore
from access.limits import LimitStore
from catalog.sharing.service import SharingService
from catalog.store import CatalogueStore
from hub.readers.board import Board
from schema.context import blocking


class Watch:
    """For one event loop; blocks when it is made."""

    def __init__(
        self,
        board: Board,
        clients: ClientStore,
        sharing: SharingService,
        store: CatalogueStore,
        limits: LimitStore,
    ) -> None:
        self._board = board
        self._clients = clients
        self._sharing = sharing
        self._store = store
        self._limits = limits
        self._marks = board.marks
        self._seen = board.moves
        limits.read()  # once more: one may have been set since
        self._limits_read = self._seen.limits
        self._reading: asyncio.Task[None] | None = None
        self.alone = False
        """The hub is gone, or ends: nothing may be answered any more."""

    def fresh(self) -> bool:
        """Memory only."""
        if self._board.marks != self._marks:
            self._take_up()
        if self._seen.limits != self._limits_read:
            self._read_limits()
            return False
        return not self.alone

    def _take_up(self) -> None:
        self._marks = self._board.marks
        seen, moves = self._seen, self._board.moves
        self._seen = moves
        self._clients.epoch.advance(moves.access)
        if moves.sharing != seen.sharing:
            self._sharing.look_again()
        if moves.catalogue != seen.catalogue:
            self._store.look_again()

    def _read_limits(self) -> None:
        if self._reading is None or self._reading.done():
            self._reading = asyncio.get_running_loop().create_task(self._reread())

    async def _reread(self) -> None:
        moves = self._board.moves
        await blocking(self._limits.read)
        self._limits_read = moves.limits
