"""One write to the registry: its transaction, who writes, and when.

It commits whole or not at all; what was compiled before learns of it through the epoch, after the
commit.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from catalog.actor import Actor
from catalog.clock import Clock
from catalog.epoch import Epoch
from catalog.errors import ChangedMeanwhile
from registry.store import Registry


@dataclass(frozen=True, slots=True)
class Writing:
    session: Session
    actor: Actor
    at: datetime


@dataclass(frozen=True, slots=True)
class Writer:
    """Opens writes; `clock` is read once per write, inside its transaction."""

    registry: Registry
    clock: Clock
    epoch: Epoch

    @contextmanager
    def write(self, subject: str, actor: Actor) -> Iterator[Writing]:
        """ChangedMeanwhile when another writer got there first: its change stands, ours is undone."""
        try:
            with self.registry.write() as session:
                yield Writing(session, actor, self.clock.now())
        except (StaleDataError, IntegrityError) as lost:
            raise ChangedMeanwhile(subject=subject) from lost
        self.epoch.bump()
