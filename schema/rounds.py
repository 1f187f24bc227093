"""How much of a round of the event loop one client has, so that who sends much at once does not fill it.

Rules: what is answered at once passes by the fair queue (`schema/places.py`), and sockets are read in the order
in which they are ready, so a client with 64 connections would have 64 turns before another has one. Of each
client so many requests go on in a round; the others wait for the next ones, in their order. Nothing is refused.
"""

import asyncio
from collections import deque

from catalog.ids import ClientId

SHARE = 8
"""Requests of one client that go on in one round: about a millisecond."""


class Rounds:
    """For one event loop."""

    def __init__(self, share: int = SHARE) -> None:
        self._share = share
        self._begun: dict[ClientId, int] = {}
        self._waiting: dict[ClientId, deque[asyncio.Future[None]]] = {}

    def wait(self, client: ClientId) -> asyncio.Future[None] | None:
        """What the next request of the client has to wait for; None: it goes on."""
        begun = self._begun.get(client, 0)
        if begun < self._share:
            if not self._begun:
                asyncio.get_running_loop().call_soon(self._next)
            self._begun[client] = begun + 1
            return None
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(client, deque()).append(turn)
        return turn

    def _next(self) -> None:
        """A round has ended: of each client that waits, so many go on in the next one."""
        self._begun.clear()
        for client, turns in list(self._waiting.items()):
            begun = 0
            while turns and begun < self._share:
                turn = turns.popleft()
                if not turn.done():  # nobody waits for it any more
                    turn.set_result(None)
                    begun += 1
            if not turns:
                del self._waiting[client]
            if begun:
                self._begun[client] = begun
        if self._begun:
            asyncio.get_running_loop().call_soon(self._next)
