"""An event loop whose time a test moves: what waits for a moment comes to it at once, however slow the machine."""

import asyncio


class MovedLoop(asyncio.SelectorEventLoop):
    """`ahead` are the seconds by which it is ahead of the real time."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead
