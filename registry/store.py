"""The registry's door: a read session or a write transaction, never anything else.

Every write starts with BEGIN IMMEDIATE on SQLite: a transaction that reads first and writes later
fails at once with "database is locked", whatever the time-out. PostgreSQL keeps the same two rules
by an advisory lock: one writer at a time, so that what a write has read still holds when it writes;
and a read sees one snapshot. Sessions are synchronous and are never opened on the event loop.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.orm import Session, sessionmaker

BUSY_TIMEOUT_MS = 30_000
WAL_RETRY_SECONDS = 0.01
WRITE_LOCK = 0x7669_7461_6C68_7562
"""The PostgreSQL advisory lock that a write transaction holds."""


class Registry:
    """One registry database; `url` is an SQLAlchemy address (SQLite or PostgreSQL)."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = registry_engine(url)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that is rolled back at the end; it sees one state of the registry."""
        with self._sessions() as session:
            yield session
            session.rollback()

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that holds the write lock from its start and commits at the end."""
        with self._sessions() as session:
            session.connection(execution_options={"registry_write": True})
            yield session
            session.commit()

    @contextmanager
    def watch(self) -> Iterator[Callable[[], bool]]:
        """A cheap question: did any process change the registry since it was last asked?

        On SQLite it is `data_version`, which moves with every commit of another connection. Elsewhere
        the answer is always yes.
        """
        if self.engine.dialect.name != "sqlite":
            yield lambda: True
            return
        with self.engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert isinstance(raw, sqlite3.Connection)  # noqa: S101 - says the dialect
            connection.rollback()
            seen = -1

            def changed() -> bool:
                nonlocal seen
                before, (seen,) = seen, raw.execute("PRAGMA data_version").fetchone()
                return bool(seen != before)

            yield changed

    def close(self) -> None:
        self.engine.dispose()


def registry_engine(url: str) -> Engine:
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    elif engine.dialect.name == "postgresql":
        event.listen(engine, "begin", _begin_postgresql)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:  # noqa: ANN401 - SQLAlchemy's pool record has no public type
    connection.isolation_level = None
    _turn_wal_on(connection)
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _turn_wal_on(connection: sqlite3.Connection) -> None:
    """Two who open a new file at once meet here, and SQLite does not wait for this one lock."""
    deadline = monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if monotonic() > deadline:
                raise
            sleep(WAL_RETRY_SECONDS)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if _writes(connection) else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    if _writes(connection):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def _writes(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get("registry_write", False))
