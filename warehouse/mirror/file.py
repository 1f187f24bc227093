"""The mirror's file, as its one writer holds it: by the SQLite that the Arrow driver brings, in WAL mode.

Rules: what is no file of ours is set aside, what is ours and damaged is removed, since the engine has all of
it; neither is ever read. Tables that no publication speaks of are what a crash left, and go. The log is folded
into the file where it has grown large. After any error the connection is closed; the next use opens it again.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import adbc_driver_sqlite.dbapi as sqlite
import pyarrow as pa

from query.mirrored import FORMAT, PUBLICATION, READY
from warehouse.mirror.plan import quoted

APPLICATION = 0x7648_6D72
"""SQLite's `application_id` of our files; it stands at this place of the header."""
APPLICATION_AT = 68
ASIDE = ".set-aside"
LARGEST_LOG = 64 * 1024 * 1024
PRAGMAS = (
    "PRAGMA busy_timeout = 10000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",  # a power cut may cost the last versions, which are written again
    "PRAGMA secure_delete = OFF",
    "PRAGMA cache_size = -262144",  # a change touches pages of every index: spilt, they are written twice
    "PRAGMA wal_autocheckpoint = 4000",
)
CREATE = f"""CREATE TABLE {quoted(PUBLICATION)} (data_set TEXT PRIMARY KEY, seq INTEGER NOT NULL,
    state TEXT NOT NULL, shape TEXT NOT NULL, mark TEXT NOT NULL, "rows" INTEGER, reason TEXT NOT NULL)
    WITHOUT ROWID"""
HELD = 'SELECT data_set, seq, state, shape, mark, reason FROM "$publication"'
DROP = "DROP TABLE {table}"
TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table'"
BROKEN = ("not a database", "malformed", "readonly", "read-only", "no such table")
"""What SQLite says of a file that will not mend."""

Row = tuple[object, ...]


class Damaged(Exception):
    """What stands there is no mirror, or a broken one."""


class MirrorFile:
    """`open` it first."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._log = file.with_name(file.name + "-wal")
        self._connection: sqlite.AdbcSqliteConnection | None = None

    def open(self, *, check: bool) -> list[Row]:
        """What it holds: data set, seq, state, shape, mark, reason. Made anew when missing or not sound.

        `check` reads the whole file, so that a page that was torn or overwritten is found before it is served.
        """
        self.close()
        try:
            if self._file.exists() or self._file.is_symlink():
                return self._opened(check=check)
        except (sqlite.Error, Damaged, OSError) as wrong:
            if not is_broken(wrong) and not self._file.is_dir():
                raise
            self.close()
            self._put_away()
        self._create()
        return self._opened(check=False)

    @property
    def inode(self) -> int:
        """Of the file in place, whether or not it is the one that is open."""
        return self._file.stat().st_ino

    def close(self) -> None:
        if self._connection is not None:
            with suppress(sqlite.Error):
                self._connection.close()
            self._connection = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it, or none."""
        inner = self._open_connection.adbc_connection
        inner.set_autocommit(False)
        try:
            yield
            inner.commit()
            inner.set_autocommit(True)
        except BaseException:
            with suppress(sqlite.Error):
                inner.rollback()
            self.close()
            raise

    def fold(self) -> None:
        """The log goes into the file; where a reader holds on to it, the next time."""
        self.run("PRAGMA wal_checkpoint(TRUNCATE)")

    def relieve(self) -> None:
        """`fold` a log that has grown large."""
        if self._log.exists() and self._log.stat().st_size > LARGEST_LOG:
            self.fold()

    def run(self, sql: str, values: Sequence[str | int | None] = ()) -> list[Row]:
        with self._open_connection.cursor() as cursor:
            cursor.execute(sql, tuple(values) or None)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    def take_in(self, table: str, rows: pa.RecordBatch, *, temporary: bool = False) -> None:
        """Into a table that is there, or a temporary one that is made."""
        with self._open_connection.cursor() as cursor:
            if temporary:
                cursor.adbc_ingest(table, rows, mode="create", temporary=True)
            else:
                cursor.adbc_ingest(table, rows, mode="append")

    @property
    def _open_connection(self) -> sqlite.AdbcSqliteConnection:
        if self._connection is None:
            if not self._file.exists():  # SQLite would make an empty one
                raise Damaged("it is gone")
            self._connection = sqlite.connect(str(self._file), autocommit=True)
            for pragma in PRAGMAS:
                self.run(pragma)
        return self._connection

    def _create(self) -> None:
        """Whole under its name or not there at all; readable for its owner alone."""
        part = self._file.with_name(self._file.name + ".part")
        for left in (self._file, part):
            for suffix in ("-wal", "-shm"):
                left.with_name(left.name + suffix).unlink(missing_ok=True)
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        made = MirrorFile(part)
        made.run(f"PRAGMA application_id = {APPLICATION}")
        made.run(f"PRAGMA user_version = {FORMAT}")
        made.run(CREATE)
        made.close()  # the last one to close folds the log in
        part.replace(self._file)

    def _opened(self, *, check: bool) -> list[Row]:
        ours = self.run("PRAGMA application_id") == [(APPLICATION,)]
        if not ours or self.run("PRAGMA user_version") != [(FORMAT,)]:
            raise Damaged("it is not a mirror of this format")
        if check and self.run("PRAGMA quick_check(1)") != [("ok",)]:
            raise Damaged("it is torn")
        self.run(f"PRAGMA user_version = {FORMAT}")  # it can be written
        held = self.run(HELD)
        tables = {str(name) for (name,) in self.run(TABLES)}
        if not {str(row[0]) for row in held if row[2] == READY} <= tables:
            raise Damaged("a set's table is missing")
        for name in tables - {str(row[0]) for row in held} - {PUBLICATION}:
            self.run(DROP.format(table=quoted(name)))
        return held

    def _put_away(self) -> None:
        for left in (self._log, self._file.with_name(self._file.name + "-shm")):
            left.unlink(missing_ok=True)
        if self._is_ours():
            self._file.unlink()
            return
        number = 0
        while (aside := self._file.with_name(f"{self._file.name}{ASIDE}-{number}")).exists():
            number += 1
        shutil.move(self._file, aside)

    def _is_ours(self) -> bool:
        if not self._file.is_file() or self._file.is_symlink():
            return False
        with self._file.open("rb") as file:
            header = file.read(100)
        return header[APPLICATION_AT : APPLICATION_AT + 4] == APPLICATION.to_bytes(4, "big")


def is_broken(wrong: Exception) -> bool:
    """Whether the error is one of the file itself, which no second try mends."""
    return isinstance(wrong, Damaged) or any(said in str(wrong) for said in BROKEN)
