"""The access epoch: one number that grows with each change that could end a token.

It moves in the same transaction as the change. A process knows its own changes at once and those of
others from its next look, so whatever was remembered under an older number is looked up again.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from access.models import AccessEpoch
from catalog.clock import Clock
from registry.store import Registry

LOOK_AGAIN = timedelta(seconds=0.5)
"""How long a revocation by another process may go unnoticed."""

BUMP = text(
    "INSERT INTO access_epoch (id, value) VALUES (1, 1) "
    "ON CONFLICT (id) DO UPDATE SET value = access_epoch.value + 1 RETURNING value"
)


class Epoch:
    def __init__(self, registry: Registry, system_clock: Clock) -> None:
        self._registry = registry
        self._clock = system_clock
        self._lock = threading.Lock()
        self._value = 0
        self._looked_at = system_clock.now()
        self._listeners: list[Callable[[int], None]] = []
        self.refresh()

    def listen(self, listener: Callable[[int], None]) -> None:
        """Hear the number now and after each move, before the mover goes on; one at a time."""
        with self._lock:
            self._listeners.append(listener)
            listener(self._value)

    @property
    def value(self) -> int:
        """As of this process's last look."""
        return self._value

    @property
    def is_fresh(self) -> bool:
        """Whether it was looked at a moment ago."""
        return self._clock.now() - self._looked_at < LOOK_AGAIN

    def refresh(self) -> int:
        """Reads the number that other processes may have moved; returns it."""
        self._looked_at = self._clock.now()
        with self._registry.read() as session:
            value = session.scalar(select(AccessEpoch.value).where(AccessEpoch.id == 1))
        return self.advance(value or 0)

    @contextmanager
    def moving(self) -> Iterator[Session]:
        """A write transaction that moves the epoch with what is written in it."""
        with self._registry.write() as session:
            yield session
            value = int(session.execute(BUMP).scalar_one())
        self.advance(value)

    def advance(self, value: int) -> int:
        """The number is at least this one, as another process says; memory only."""
        with self._lock:
            if value > self._value:
                self._value = value
                for listener in self._listeners:
                    listener(value)
            return self._value
