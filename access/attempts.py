"""How often a password may be guessed: few times by one machine for one name, more by all together.

An attempt counts from its start, so that many at once are no way around it, and a name that does not
exist counts like one that does. Who is over the limit is refused even with the right password: else
the refusal would tell. Kept in memory and bounded.
"""

import threading
from collections import OrderedDict
from datetime import datetime, timedelta

from catalog.clock import Clock

WINDOW = timedelta(minutes=15)
FOR_ONE_NAME_FROM_ONE_MACHINE = 5
FOR_ONE_NAME = 50
FROM_ONE_MACHINE = 100
REMEMBERED = 10_000


class Attempts:
    def __init__(self, system_clock: Clock) -> None:
        self._clock = system_clock
        self._lock = threading.Lock()
        self._failed: OrderedDict[tuple[str, str], list[datetime]] = OrderedDict()

    def begin(self, name: str, machine: str) -> bool:
        """Counts an attempt; False when there were too many."""
        now = self._clock.now()
        with self._lock:
            counts = [(self._recent(key, now), most) for key, most in _limits(name, machine)]
            if any(len(times) >= most for times, most in counts):
                return False
            for times, _ in counts:
                times.append(now)
            return True

    def succeeded(self, name: str, machine: str) -> None:
        """Takes the attempt back; earlier failures still count."""
        with self._lock:
            for key, _ in _limits(name, machine):
                if self._failed.get(key):
                    self._failed[key].pop()

    def _recent(self, key: tuple[str, str], now: datetime) -> list[datetime]:
        times = [at for at in self._failed.get(key, ()) if now - at < WINDOW]
        self._failed[key] = times
        self._failed.move_to_end(key)
        if len(self._failed) > REMEMBERED:
            self._failed.popitem(last=False)
        return times


def _limits(name: str, machine: str) -> tuple[tuple[tuple[str, str], int], ...]:
    name = name[:64]
    return (
        ((name, machine), FOR_ONE_NAME_FROM_ONE_MACHINE),
        ((name, ""), FOR_ONE_NAME),
        (("", machine), FROM_ONE_MACHINE),
    )
