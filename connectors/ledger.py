"""The ledger of loads: what was landed, what became of it, and where each feed continues.

Rules: a load changes its state only along TRANSITIONS, and to the state it is in already as a no-op,
so that every step may be repeated after a crash; the feed's cursor moves in the same transaction
that records the hand-over (or the rejection), never before the load is in place; what stands in the
landing is recorded from its manifest alone, by whoever sees it first: the worker that handed it over,
or any process that starts after a crash between the two.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from catalog.clock import Clock
from catalog.errors import UserError
from catalog.ids import DatasetCode, LoadId, Seq, SourceId
from connectors.errors import TransitionRefused
from connectors.landing import Landed, handed_over, load_id, read_manifest, reopened
from connectors.models import FeedState, Load, LoadState
from connectors.source import Fetch
from registry.store import Registry
from warehouse.errors import BatchRejected

S = LoadState
TRANSITIONS: Mapping[LoadState, frozenset[LoadState]] = {
    S.LANDED: frozenset({S.CHECKED, S.FAILED}),
    S.CHECKED: frozenset({S.LANDED, S.HANDED_OVER, S.REJECTED, S.FAILED}),
    S.HANDED_OVER: frozenset({S.PUBLISHED, S.REJECTED, S.FAILED}),
    S.FAILED: frozenset({S.LANDED, S.CHECKED, S.HANDED_OVER, S.PUBLISHED, S.REJECTED}),
    S.PUBLISHED: frozenset(),
    S.REJECTED: frozenset(),
    S.REFUSED: frozenset(),
}
"""CHECKED goes back to LANDED when a worker died after its check and the input is read again."""
IN_PLACE = frozenset({S.HANDED_OVER, S.PUBLISHED, S.REJECTED})
"""States in which the load stands in the landing for good: reading the same input is a no-op."""


@dataclass(frozen=True, slots=True)
class FeedStanding:
    """`failures` in a row since the last success; `error_code` of the last of them."""

    failures: int
    last_tried_at: datetime | None
    last_success_at: datetime | None
    error_code: str | None


@dataclass(frozen=True, slots=True)
class Ledger:
    registry: Registry
    clock: Clock

    def cursor(self, source: SourceId, data_set: DatasetCode) -> Mapping[str, object] | None:
        with self.registry.read() as session:
            state = session.get(FeedState, (source, data_set))
            return None if state is None else state.cursor

    def load(self, load: LoadId) -> Load | None:
        """The record as it stands now; changing it changes nothing."""
        with self.registry.read() as session:
            row = session.get(Load, load)
            if row is not None:
                session.expunge(row)
            return row

    def loads(
        self, data_sets: Collection[DatasetCode], *, limit: int = 50, offset: int = 0
    ) -> tuple[Load, ...]:
        """The loads of these data sets, newest first."""
        query = (
            select(Load)
            .where(Load.data_set.in_(data_sets))
            .order_by(Load.landed_at.desc(), Load.id)
            .limit(limit)
            .offset(offset)
        )
        with self.registry.read() as session:
            rows = tuple(session.scalars(query))
            session.expunge_all()
            return rows

    def in_state(self, state: LoadState) -> Mapping[LoadId, DatasetCode]:
        """The loads in a state, oldest first, and what each is a load of."""
        query = select(Load.id, Load.data_set).where(Load.state == state)
        with self.registry.read() as session:
            found = session.execute(query.order_by(Load.landed_at, Load.id))
            return {LoadId(load): DatasetCode(data_set) for load, data_set in found}

    def feeds(self) -> Mapping[tuple[SourceId, DatasetCode], FeedStanding]:
        """Where each feed that was ever tried stands."""
        with self.registry.read() as session:
            states = session.scalars(select(FeedState)).all()
            return {(SourceId(s.source), DatasetCode(s.data_set)): _standing(s) for s in states}

    def settled(self, load: LoadId) -> bool:
        """Whether the load stands in the landing for good, published or not."""
        with self.registry.read() as session:
            row = session.get(Load, load)
            return row is not None and LoadState(row.state) in IN_PLACE

    def landed(self, landed: Landed, released_from: LoadId | None = None) -> bool:
        """Record a landed load. False: it is in place already, so this one is to be discarded."""
        with self.registry.write() as session:
            row = session.get(Load, landed.load_id)
            if row is None:
                session.add(self._row(landed, S.LANDED, released_from))
                return True
            if LoadState(row.state) in IN_PLACE:
                return False
            row.attempts += 1
            _move(row, S.LANDED)
            return True

    def checked(self, load: LoadId, good: int, rejected: int) -> None:
        with self.registry.write() as session:
            row = _found(session, load)
            if LoadState(row.state) not in IN_PLACE:
                _move(row, S.CHECKED)
                row.good, row.rejected = good, rejected

    def handed_over(self, folder: Path) -> bool:
        """Record a load that stands in the landing: its cursor counts from now on. False: known."""
        landed = reopened(folder)
        with self.registry.write() as session:
            row = session.get(Load, landed.load_id)
            if row is None:
                row = self._row(landed, S.CHECKED, None)
                session.add(row)
            if LoadState(row.state) in IN_PLACE:
                return False
            _judge(row, read_manifest(folder).get("verdict"))
            self._advance(session, landed)
            return True

    def adopt(self, landing: Path) -> tuple[LoadId, ...]:
        """Record the loads in place that a crash kept out of the registry; those adopted."""
        with self.registry.read() as session:
            known = set(session.scalars(select(Load.id).where(Load.state.in_(IN_PLACE))))
        found = [(load, folder) for load, folder in handed_over(landing) if load not in known]
        return tuple(load for load, folder in found if self.handed_over(folder))

    def rejected(self, landed: Landed, error: UserError | None = None) -> None:
        """The batch is refused as a whole and kept; the feed goes on behind it."""
        with self.registry.write() as session:
            row = _found(session, landed.load_id)
            before = LoadState(row.state)
            _move(row, S.REJECTED)
            _tell(row, error)
            if before not in IN_PLACE:
                self._advance(session, landed)

    def published(self, load: LoadId, seq: Seq, at: datetime, rows: int | None = None) -> None:
        """The projection of the warehouse's commit; repeated at start for what a crash left out."""
        with self.registry.write() as session:
            row = _found(session, load)
            _move(row, S.PUBLISHED)
            row.seq, row.published_at = seq, at
            row.good = row.good if rows is None else rows

    def failed(self, load: LoadId, error: UserError | None = None) -> None:
        with self.registry.write() as session:
            row = _found(session, load)
            _move(row, S.FAILED)
            _tell(row, error)

    def refused(self, fetch: Fetch, origin: str, error: UserError) -> LoadId:
        """Record input that could not be read: nothing was landed, and nothing vanishes.

        The same fault of the same input again is one record with one more attempt.
        """
        source, data_set = fetch.source.id, fetch.contract.data_set
        load = load_id(source, data_set, f"refused|{origin}|{error}")
        with self.registry.write() as session:
            row = session.get(Load, load)
            if row is None:
                row = Load(id=load, source=source, data_set=data_set, origin=origin, attempts=0)
                session.add(row)
            row.state, row.landed_at = S.REFUSED, self.clock.now()
            row.attempts += 1
            _tell(row, error)
            self._feed_error(_feed(session, source, data_set), error)
        return load

    def feed_failed(self, fetch: Fetch, error: UserError) -> None:
        """The source could not be read this time; the cursor stays where it is."""
        with self.registry.write() as session:
            state = _feed(session, fetch.source.id, fetch.contract.data_set)
            self._feed_error(state, error)
            state.failures += 1

    def feed_current(self, fetch: Fetch) -> None:
        """The source was read and had nothing new."""
        with self.registry.write() as session:
            state = _feed(session, fetch.source.id, fetch.contract.data_set)
            state.last_success_at = self.clock.now()
            state.failures = 0

    def _feed_error(self, state: FeedState, error: UserError) -> None:
        state.last_error_at = self.clock.now()
        state.last_error_code = error.code
        state.last_error_zh = error.message_zh
        state.last_error_en = error.message_en

    def _row(self, landed: Landed, state: LoadState, released_from: LoadId | None) -> Load:
        return Load(
            id=landed.load_id,
            source=landed.source,
            data_set=landed.data_set,
            origin=landed.origin,
            state=state,
            rows=landed.rows,
            cursor=None if landed.cursor is None else dict(landed.cursor),
            digest=landed.digest,
            landed_at=self.clock.now(),
            attempts=1,
            released_from=released_from,
        )

    def _advance(self, session: Session, landed: Landed) -> None:
        _end_interrupted(session, landed)
        state = _feed(session, landed.source, landed.data_set)
        if landed.cursor is not None and not _is_behind(landed.cursor, state.cursor):
            state.cursor = dict(landed.cursor)
        state.last_load = landed.load_id
        state.last_success_at = self.clock.now()
        state.failures = 0


def _feed(session: Session, source: str, data_set: str) -> FeedState:
    state = session.get(FeedState, (source, data_set))
    if state is None:
        state = FeedState(source=source, data_set=data_set, failures=0)
        session.add(state)
    return state


def _end_interrupted(session: Session, landed: Landed) -> None:
    """A feed takes in one load at a time: another one that is still on its way lost its worker, and
    its input has come in by this one or comes again. If it does stand in the landing, it is adopted.
    """
    session.execute(
        update(Load)
        .where(
            Load.source == landed.source,
            Load.data_set == landed.data_set,
            Load.id != landed.load_id,
            Load.state.in_((S.LANDED, S.CHECKED)),
        )
        .values(state=S.FAILED)
    )


def _standing(state: FeedState) -> FeedStanding:
    tried = [at for at in (state.last_success_at, state.last_error_at) if at is not None]
    return FeedStanding(
        failures=state.failures,
        last_tried_at=max(tried, default=None),
        last_success_at=state.last_success_at,
        error_code=state.last_error_code if state.failures else None,
    )


def _is_behind(new: Mapping[str, object], old: Mapping[str, object] | None) -> bool:
    """A load adopted late never takes the feed back to rows it has read already."""
    if old is None or "after" not in old or "after" not in new:
        return False
    return int(str(new["after"])) < int(str(old["after"]))


def _found(session: Session, load: LoadId) -> Load:
    row = session.get(Load, load)
    if row is None:
        raise TransitionRefused(load=load, state="unknown", target="any")
    return row


def _move(row: Load, target: LoadState) -> None:
    state = LoadState(row.state)
    if state is target:
        return
    if target not in TRANSITIONS[state]:
        raise TransitionRefused(load=row.id, state=state.value, target=target.value)
    row.state = target


def _tell(row: Load, error: UserError | None) -> None:
    if error is None:
        return
    row.error_code = error.code
    row.error_zh = error.message_zh
    row.error_en = error.message_en
    row.error_details = {key: str(value) for key, value in error.details.items()}


def _judge(row: Load, verdict: object) -> None:
    """The state and counts of an adopted load, from the verdict in its manifest."""
    told = verdict if isinstance(verdict, dict) else {}
    row.state = S.REJECTED if told.get("decision") == "reject" else S.HANDED_OVER
    if row.state == S.REJECTED:
        rules = ", ".join(map(str, told.get("failed") or ()))
        _tell(row, BatchRejected(load_id=row.id, rules=rules))
    for name in ("good", "rejected"):
        if isinstance(told.get(name), int):
            setattr(row, name, told[name])
