"""A worker's own in-memory engine: it reads and writes Parquet in the folders it was given.

Rules: it never opens the warehouse; outside its folders there is no file, no network and no
extension; the lock-down order below matters, and nothing can be changed after it; the zone is set
globally because cursors do not inherit a session's. Values are bound as `$p0`, `$p1` ...
"""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import duckdb
from sqlglot import exp

from catalog.predicate import Scalar

if TYPE_CHECKING:
    import pyarrow as pa

SPILL = ".scratch-spill"
"""Where a statement that outgrows its memory goes on, inside the first folder."""


class Scratch(AbstractContextManager["Scratch"]):
    """One in-memory database; `cursor()` is another connection to the same one, for another thread.

    Temporary tables belong to one cursor. Rows come back as plain tuples; an instant is read as
    text or through Arrow, because the driver's own conversion needs a zone package we do not carry.
    """

    def __init__(
        self, folders: Sequence[Path], *, memory_limit: str = "1GB", threads: int = 2
    ) -> None:
        self._connection = duckdb.connect(":memory:")
        try:
            self._lock_down(folders, memory_limit, threads)
        except BaseException:
            self._connection.close()
            raise

    def _lock_down(self, folders: Sequence[Path], memory_limit: str, threads: int) -> None:
        roots = [str(folder.resolve()) for folder in folders]
        settings: list[tuple[str, object]] = [
            ("allowed_directories", roots),
            ("TimeZone", "Asia/Shanghai"),
            ("memory_limit", memory_limit),
            ("threads", threads),
            ("temp_directory", f"{roots[0]}/{SPILL}" if roots else ""),
            ("autoinstall_known_extensions", False),
            ("autoload_known_extensions", False),
            ("allow_community_extensions", False),
            ("enable_external_access", False),
            ("lock_configuration", True),
        ]
        for name, value in settings:
            assignment = exp.EQ(this=exp.column(name), expression=exp.convert(value))
            item = exp.SetItem(this=assignment, kind="GLOBAL")
            self._connection.execute(exp.Set(expressions=[item]).sql("duckdb"))

    def cursor(self) -> "Scratch":
        """Another connection to the same database, with its own temporary tables."""
        other = Scratch.__new__(Scratch)
        other._connection = self._connection.cursor()  # noqa: SLF001 - the same class
        return other

    def driver(self) -> duckdb.DuckDBPyConnection:
        """The driver's own connection, for the audit's adapter, which must speak its protocol."""
        return self._connection

    def execute(
        self, sql: str | exp.Expr, parameters: Sequence[Scalar] = ()
    ) -> list[tuple[object, ...]]:
        """Run one statement; its rows, or none."""
        relation = self._connection.execute(_text(sql), _named(parameters))
        return relation.fetchall() if relation.description else []

    def to_arrow(self, sql: str | exp.Expr, parameters: Sequence[Scalar] = ()) -> "pa.Table":
        """The rows of one query as an Arrow table."""
        return self._connection.sql(_text(sql), params=_named(parameters)).to_arrow_table()

    def write_parquet(
        self, query: str | exp.Expr, file: Path, parameters: Sequence[Scalar] = ()
    ) -> int:
        """The rows of one query as a Parquet file, in their order and safely on disk; how many."""
        target = exp.Literal.string(str(file)).sql("duckdb")
        written = self.execute(
            f"COPY ({_text(query)}) TO {target} (FORMAT parquet, COMPRESSION snappy)", parameters
        )
        with file.open("rb") as stream:
            os.fsync(stream.fileno())
        return int(str(written[0][0]))

    def close(self) -> None:
        self._connection.close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _text(sql: str | exp.Expr) -> str:
    return sql if isinstance(sql, str) else sql.sql("duckdb")


def _named(parameters: Sequence[Scalar]) -> dict[str, Scalar]:
    return {f"p{index}": value for index, value in enumerate(parameters)}
