"""The DuckDB file engine.

One connection owns the file and is locked down in this order: landing is the only folder it may
touch, the city's zone for every cursor, no external access, no extensions, no further settings.
A cursor per operation; publishing takes one lock, so that versions are made one after the other.
After a fatal error the file is opened again: what was committed is there, what was not is gone.
"""

import logging
import threading
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from catalog.clock import Clock
from catalog.contracts import Column, Contract
from catalog.ids import DatasetCode, LoadId, Seq
from catalog.predicate import Scalar
from query.statement import LockedStatement
from warehouse.engine import (
    Companion,
    Health,
    Listener,
    LoadPlan,
    Publication,
    Published,
    RowMirror,
)
from warehouse.errors import MirrorNotWritten, WarehouseFault
from warehouse.newest import Newest
from warehouse.noted import Noted
from warehouse.priority import others_stand_back
from warehouse.publish import PUBLICATIONS, publication, publish
from warehouse.session import DuckSession, Recent, fetch_one, relation, too_old
from warehouse.tables import SETUP, Run, columns_held, definitions

LOG = logging.getLogger(__name__)
warnings.filterwarnings("ignore", "Arrow output on a DB-API result")  # see warehouse/session.py
BATCH_ROWS = 100_000
SHOWN_ROWS = 10_000
"""Up to how many rows of an ordered list are found before the columns that they show are read."""
BEGIN = "BEGIN TRANSACTION READ ONLY; SELECT txid_current()"
"""A transaction sees what was committed at its first look into the file, so it looks at once."""
BY_LOAD = PUBLICATIONS + " WHERE load_id = $load_id"
NEWEST = "SELECT coalesce(max(seq), 0) FROM hub.publication"
VERSION_AT = "SELECT max(seq) FROM hub.publication WHERE published_at <= $at"
FIRST_AT = "SELECT epoch_us(min(published_at)) FROM hub.publication"


class DuckWarehouse:
    """See `warehouse/engine.py` for what each method promises."""

    mirror: RowMirror | None = None
    companion: Companion | None = None

    def __init__(
        self,
        file: Path,
        landing: Path,
        clock: Clock,
        *,
        threads: int = 2,
        memory_limit: str = "2GB",
        told: Callable[[Seq], None] = lambda _: None,
    ) -> None:
        """`told` hears the newest version that anybody may see, before anybody does."""
        self._file = file
        self._landing = landing
        self._clock = clock
        self._threads = threads
        self._memory_limit = memory_limit
        self._writing = threading.RLock()
        self._known: Recent[Seq, Mapping[DatasetCode, Publication]] = Recent(64)
        self._prepared: dict[DatasetCode, tuple[Column, ...]] = {}
        self._listeners: list[Listener] = []
        self._newest = Newest(self._ask_newest)
        self._connection = self._open()
        self._newest.settle()
        self._told = told
        self._noted = Noted({})
        self._noted = Noted(self.latest(), told)

    @property
    def published(self) -> Published | None:
        return self._noted.now

    @contextmanager
    def session(
        self, as_of: datetime | None = None, version: Seq | None = None
    ) -> Iterator[DuckSession]:
        cursor = self._cursor()
        try:
            newest = self._newest.seen_by(lambda: cursor.execute(BEGIN).fetchall())
            if newest is None:
                newest = Seq(fetch_one(cursor, NEWEST)[0])
            at = None if as_of is None else self._version_at(cursor, as_of)
            self._noted.saw(newest)
            at = at if version is None else version
            yield DuckSession(cursor, newest, at, self._known, as_of)
        except duckdb.FatalException as fault:
            self._reopen()
            raise WarehouseFault(str(fault)) from fault
        finally:
            cursor.close()

    def prepare(self, *contracts: Contract) -> None:
        if not self._due(contracts):
            return  # however long somebody else publishes
        with self._writing:
            due = self._due(contracts)
            with self._transaction() as run:
                held = columns_held(run)
                for contract in due:
                    for statement in definitions(contract, held):
                        run(statement)
            self._prepared |= {contract.data_set: contract.columns for contract in due}

    def _due(self, contracts: Collection[Contract]) -> list[Contract]:
        return [c for c in contracts if self._prepared.get(c.data_set) != c.columns]

    def publish(self, plan: LoadPlan) -> Publication:
        with self._writing:
            known = self.publication_of(plan.load_id)
            if known is not None:
                return known
            self.prepare(plan.contract)
            try:
                made = self._publish(plan, self.companion)
            except MirrorNotWritten as wrong:
                LOG.warning("%s is published without its mirror: %s", plan.contract.data_set, wrong)
                made = self._publish(plan, None)
        for listener in tuple(self._listeners):
            listener(made.data_set)
        return made

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)

    @contextmanager
    def build(self, statement: LockedStatement) -> Iterator[pa.RecordBatchReader]:
        cursor = self._cursor()
        try:
            cursor.execute("BEGIN TRANSACTION READ ONLY")
            yield relation(cursor, statement).to_arrow_reader(BATCH_ROWS)
        except duckdb.Error as fault:
            raise WarehouseFault(str(fault)) from fault
        finally:
            cursor.close()

    @contextmanager
    def reading(self) -> Iterator[Run]:
        """One read transaction for statements of this package, which may write to the landing."""
        cursor = self._cursor()
        try:
            cursor.execute("BEGIN TRANSACTION READ ONLY")
            yield _Runner(cursor)
        except duckdb.FatalException as fault:
            self._reopen()
            raise WarehouseFault(str(fault)) from fault
        except duckdb.Error as fault:
            raise WarehouseFault(str(fault)) from fault
        finally:
            cursor.close()

    def latest(self) -> Mapping[DatasetCode, Publication]:
        with self.session() as session:
            return session.publications(None)

    def publication_of(self, load_id: LoadId) -> Publication | None:
        cursor = self._cursor()
        try:
            rows = cursor.execute(BY_LOAD, {"load_id": load_id}).fetchall()
        finally:
            cursor.close()
        return publication(rows[0]) if rows else None

    def maintain(self) -> None:
        with self._writing:
            self._connection.execute("CHECKPOINT")

    def health(self) -> Health:
        latest = self.latest()
        seq = max((p.seq for p in latest.values()), default=Seq(0))
        return Health(seq, len(latest), self._file.stat().st_size)

    def close(self) -> None:
        with self._writing:
            self._connection.close()

    def _publish(self, plan: LoadPlan, companion: Companion | None) -> Publication:
        with ExitStack() as along:
            with self._transaction() as run:
                made = publish(plan, run, self._clock.now())
                if companion is not None:
                    along.enter_context(companion.along(plan.contract, run))
            self._noted.note(made)
        return made

    @contextmanager
    def _transaction(self) -> Iterator["_Runner"]:
        cursor = self._cursor()
        try:
            cursor.execute("BEGIN TRANSACTION")
            yield _Runner(cursor)
            with self._newest.moving():
                cursor.execute("COMMIT")
        except duckdb.FatalException as fault:
            self._reopen()
            raise WarehouseFault(str(fault)) from fault
        except duckdb.Error as fault:
            raise WarehouseFault(str(fault)) from fault
        finally:
            cursor.close()  # an open transaction is rolled back

    def _version_at(self, cursor: duckdb.DuckDBPyConnection, as_of: datetime) -> Seq:
        seq = fetch_one(cursor, VERSION_AT, {"at": as_of})[0]
        if seq is None:
            first = fetch_one(cursor, FIRST_AT)[0]
            raise too_old(as_of, first)
        return Seq(seq)

    def _ask_newest(self) -> Seq:
        with self._connection.cursor() as cursor:
            return Seq(fetch_one(cursor, NEWEST)[0])

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        try:
            return self._connection.cursor()
        except duckdb.Error as fault:
            raise WarehouseFault(str(fault)) from fault

    def _reopen(self) -> None:
        with self._writing:
            self._connection.close()
            self._connection = self._open()
            self._newest.settle()
            self._noted = Noted(self.latest(), self._told)  # a commit may have been its last deed

    def _open(self) -> duckdb.DuckDBPyConnection:
        self._landing.mkdir(parents=True, exist_ok=True)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with others_stand_back():
            connection = duckdb.connect(
                str(self._file),
                config={
                    "threads": self._threads,
                    "memory_limit": self._memory_limit,
                    "checkpoint_threshold": "256MB",
                    "late_materialization_max_rows": SHOWN_ROWS,
                    "autoinstall_known_extensions": False,
                    "autoload_known_extensions": False,
                    "preserve_insertion_order": True,
                },
            )
        for statement in SETUP:
            connection.execute(statement)
        folder = str(self._landing.resolve()).replace("'", "''")
        connection.execute(f"SET GLOBAL allowed_directories = ['{folder}']")
        connection.execute("SET GLOBAL TimeZone = 'Asia/Shanghai'")
        connection.execute("SET GLOBAL enable_external_access = false")
        connection.execute("SET GLOBAL lock_configuration = true")
        return connection


class _Runner:
    """`publish.Run` on a cursor."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor

    def __call__(
        self, sql: str, parameters: Mapping[str, Scalar] | None = None
    ) -> list[tuple[Scalar, ...]]:
        return self._cursor.execute(sql, dict(parameters) if parameters else None).fetchall()
