"""One write to the registry: its transaction, who writes, and when.

It commits whole or not at all; what was compiled before learns of it through the epoch, after the
commit. What other processes commit (a command beside the server) moves the epoch within a second.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from sqlalchemy import Select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from catalog.actor import Actor
from catalog.clock import Clock
from catalog.epoch import Epoch
from catalog.errors import ChangedMeanwhile
from registry.store import Registry

LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Writing:
    session: Session
    actor: Actor
    at: datetime


class Writer:
    """Opens writes. `mark` selects what differs after every change that readers must see."""

    def __init__(
        self, registry: Registry, clock: Clock, epoch: Epoch, mark: Select[tuple[object, ...]]
    ) -> None:
        self._registry = registry
        self._clock = clock
        self._epoch = epoch
        self._mark = mark
        self._lock = Lock()
        self._seen: tuple[object, ...] | None = None
        self._looked = float("-inf")

    @contextmanager
    def write(self, subject: str, actor: Actor) -> Iterator[Writing]:
        """ChangedMeanwhile when another writer got there first: its change stands, ours is undone."""
        try:
            with self._registry.write() as session:
                yield Writing(session, actor, self._clock.now())
                mark = self._read(session)
        except (StaleDataError, IntegrityError) as lost:
            raise ChangedMeanwhile(subject=subject) from lost
        self._seen = mark  # the write lock was held: nobody else's change lies between
        self._epoch.bump()

    def look(self) -> None:
        """Moves the epoch when another process has committed; asks the registry once a second."""
        with self._lock:
            now = time.monotonic()
            if now - self._looked < LOOK_SECONDS:
                return
            self._looked = now
        with self._registry.read() as session:
            mark = self._read(session)
        before, self._seen = self._seen, mark
        if before not in (None, mark):
            self._epoch.bump()

    @property
    def has_looked(self) -> bool:
        """Whether `look` would ask nobody now."""
        return time.monotonic() - self._looked < LOOK_SECONDS

    def _read(self, session: Session) -> tuple[object, ...]:
        return tuple(session.execute(self._mark).one())
