"""The queue of jobs: a registry table, claimed with leases.

A job is asked for in the same transaction as the change that needs it. Who claims one holds a lease;
when its holder dies the lease is taken back, at the latest when it runs out, and another takes over,
so every handler is idempotent; who lost a lease no longer says what became of the job. A job that
fails waits longer each time and is given up, with its problem kept, after MAX_ATTEMPTS. Leases run on
system time: they are about processes, not about the city.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.orm import Session

from catalog.ids import JobId
from jobs.models import JobRow
from jobs.owner import is_gone
from registry.store import Registry

LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 12
FIRST_DELAY = timedelta(seconds=1)
LONGEST_DELAY = timedelta(minutes=10)
KEPT = timedelta(days=1)
"""How long finished jobs stay to be looked at."""


class Place(StrEnum):
    """Where a job may run: in the process that owns the warehouse, or in a worker."""

    SERVER = "server"
    HEAVY = "heavy"


class State(StrEnum):
    READY = "ready"
    LEASED = "leased"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Job:
    id: JobId
    kind: str
    key: str
    payload: Mapping[str, object]
    attempts: int
    owner: str

    def text(self, name: str) -> str:
        """A field of the payload."""
        return str(self.payload[name])


def ask(session: Session, kind: str, place: Place, key: str, payload: Mapping[str, object]) -> None:
    """Ask for a job unless one with this key is waiting already; one that runs may be asked again."""
    open_ = session.scalar(
        select(JobRow).where(JobRow.key == key, JobRow.finished_at.is_(None)).with_for_update()
    )
    if open_ is not None and open_.state == State.READY:
        return
    if open_ is not None:
        # It runs, and may have read the world before this change: let it run once more after.
        open_.payload = dict(open_.payload) | {"again": True}
        return
    now = _now()
    session.add(
        JobRow(
            id=secrets.token_hex(16),
            kind=kind,
            place=place,
            key=key,
            payload=dict(payload),
            state=State.READY,
            attempts=0,
            run_after=now,
            created_at=now,
        )
    )


class JobQueue:
    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def ask(self, kind: str, place: Place, key: str, payload: Mapping[str, object]) -> None:
        with self._registry.write() as session:
            ask(session, kind, place, key, payload)

    def claim(self, place: Place, owner: str) -> Job | None:
        """The job that has waited longest, leased to `owner`; None when there is nothing to do."""
        with self._registry.read() as session:
            if session.scalar(select(JobRow.id).where(_claimable(place, _now())).limit(1)) is None:
                return None
        with self._registry.write() as session:
            row = session.scalar(
                select(JobRow)
                .where(_claimable(place, _now()))
                .order_by(JobRow.run_after, JobRow.id)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            if row is None:
                return None
            row.state = State.LEASED
            row.attempts += 1
            row.lease_owner = owner
            row.lease_until = _now() + LEASE
            return Job(JobId(row.id), row.kind, row.key, dict(row.payload), row.attempts, owner)

    def renew(self, job: Job) -> bool:
        """Hold on to a long job; False when it was taken over."""
        with self._registry.write() as session:
            held = session.execute(
                update(JobRow)
                .where(JobRow.id == job.id, JobRow.lease_owner == job.owner)
                .values(lease_until=_now() + LEASE)
                .returning(JobRow.id)
            )
            return held.first() is not None

    def done(self, job: Job) -> None:
        with self._registry.write() as session:
            finish(session, job)

    def failed(self, job: Job, problem: str, *, for_good: bool = False) -> None:
        """Wait and try again, or give up: `for_good`, or after MAX_ATTEMPTS."""
        with self._registry.write() as session:
            row = _held(session, job)
            if row is None:
                return
            row.problem = problem[:2000]
            row.lease_owner = row.lease_until = None
            if for_good or row.attempts >= MAX_ATTEMPTS:
                row.state, row.finished_at = State.FAILED, _now()
            else:
                row.state = State.READY
                row.run_after = _now() + min(LONGEST_DELAY, FIRST_DELAY * 2 ** (row.attempts - 1))

    def release_place(self, place: Place) -> None:
        """Take back every lease of a place whose only worker is starting now."""
        with self._registry.write() as session:
            session.execute(
                update(JobRow)
                .where(JobRow.place == place, JobRow.state == State.LEASED)
                .values(state=State.READY, lease_owner=None, lease_until=None)
            )

    def release_gone(self, place: Place) -> int:
        """Take back the leases of processes of this machine that are gone; how many."""
        leased = (JobRow.place == place, JobRow.state == State.LEASED)
        with self._registry.read() as session:
            owners = session.scalars(select(JobRow.lease_owner).where(*leased)).all()
        gone = [owner for owner in owners if owner is not None and is_gone(owner)]
        if gone:
            with self._registry.write() as session:
                session.execute(
                    update(JobRow)
                    .where(*leased, JobRow.lease_owner.in_(gone))
                    .values(state=State.READY, lease_owner=None, lease_until=None)
                )
        return len(gone)

    def open_keys(self) -> frozenset[str]:
        """The keys of the jobs that wait or run."""
        with self._registry.read() as session:
            return frozenset(
                session.scalars(select(JobRow.key).where(JobRow.finished_at.is_(None)))
            )

    def forget_finished(self) -> None:
        with self._registry.write() as session:
            session.execute(delete(JobRow).where(JobRow.finished_at < _now() - KEPT))


def finish(session: Session, job: Job) -> None:
    """Mark a job done inside the transaction that records what it did."""
    row = _held(session, job)
    if row is None:
        return
    again = dict(row.payload).pop("again", False)
    row.lease_owner = row.lease_until = None
    row.problem = None
    if again:
        row.payload = {k: v for k, v in row.payload.items() if k != "again"}
        row.state, row.attempts, row.run_after = State.READY, 0, _now()
    else:
        row.state, row.finished_at = State.DONE, _now()


def _held(session: Session, job: Job) -> JobRow | None:
    """The job's row; None when its lease was taken over."""
    row = session.get(JobRow, job.id)
    return row if row is not None and row.lease_owner == job.owner else None


def _claimable(place: Place, now: datetime) -> ColumnElement[bool]:
    return and_(
        JobRow.place == place,
        JobRow.finished_at.is_(None),
        or_(
            and_(JobRow.state == State.READY, JobRow.run_after <= now),
            and_(JobRow.state == State.LEASED, JobRow.lease_until < now),
        ),
    )


def _now() -> datetime:
    return datetime.now(UTC)
