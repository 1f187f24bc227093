"""Opens a source's database and streams a SELECT as columns of text.

Rules: read only; a server is reached at its permitted address alone; a file must exist and is never
created; text comes out as the database prints it (sessions are in UTC, so a zoned time says so);
PostgreSQL and SQLite go through ADBC where its driver is installed, everything else, and machines
without that driver, through DB-API batches. Errors lose the address and password on their way out.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
from sqlalchemy import (
    URL,
    CompoundSelect,
    Engine,
    Select,
    create_engine,
    literal,
    make_url,
    select,
    union_all,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from catalog.errors import UserError
from connectors.columns import BATCH_ROWS
from connectors.connections import UNIX, SqlConnection, permitted_address
from connectors.errors import AddressRefused, SourceUnavailable

PORTS = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306}
SESSION = (
    "-c TimeZone=UTC -c DateStyle=ISO -c default_transaction_read_only=on -c extra_float_digits=1"
)
DRIVERS = {"postgresql": "adbc_driver_postgresql", "sqlite": "adbc_driver_sqlite"}
SENTINEL = "\x01"
Columns = tuple[pa.Array, ...]


@dataclass(frozen=True)
class Database:
    """One source database. `adbc` False keeps to DB-API."""

    connection: SqlConnection
    name: str
    origin: str
    adbc: bool = True

    @cached_property
    def url(self) -> URL:
        try:
            return _safe(make_url(self.connection.url.get_secret_value()), self)
        except ArgumentError:
            raise SourceUnavailable(origin=self.origin, problem="address unreadable") from None

    @cached_property
    def engine(self) -> Engine:
        return create_engine(self.url, poolclass=NullPool, hide_parameters=True)

    @property
    def kind(self) -> str:
        return self.url.get_backend_name()

    @property
    def casts(self) -> bool:
        """Whether a column can be printed as text by the database itself."""
        return self.kind in DRIVERS

    def stream(self, statement: Select[*tuple[str, ...]]) -> Iterator[Columns]:
        """The rows of a SELECT of text columns, batch by batch, each batch by column."""
        driver = DRIVERS.get(self.kind, "")
        with self.faults():
            if self.adbc and driver and find_spec(driver) is not None:
                yield from self._stream_adbc(statement, driver)
            else:
                yield from self._stream_rows(statement)

    @contextmanager
    def faults(self) -> Iterator[None]:
        """Turn a driver's error into SourceUnavailable without its address or values."""
        try:
            yield
        except UserError:
            raise
        except (SQLAlchemyError, OSError, pa.ArrowException, UnicodeError) as wrong:
            raise SourceUnavailable(origin=self.origin, problem=self._problem(wrong)) from None
        except Exception as wrong:
            # ADBC's drivers each have a DB-API error tree of their own.
            if not any(kind.__name__ == "Error" for kind in type(wrong).__mro__):
                raise
            raise SourceUnavailable(origin=self.origin, problem=self._problem(wrong)) from None

    def _problem(self, wrong: BaseException) -> str:
        inner = getattr(wrong, "orig", None)
        told = str(wrong if inner is None else inner).strip().splitlines()
        text = f"{type(wrong).__name__}: {told[0] if told else ''}"[:200]
        secret = self.url.password
        return text.replace(str(secret), "***") if secret else text

    def _stream_rows(self, statement: Select[*tuple[str, ...]]) -> Iterator[Columns]:
        # Not from the driver's cursor, though SQLAlchemy's row objects cost a third more: a streamed
        # result has already taken the first row off it.
        with self.engine.connect().execution_options(stream_results=True) as connection:
            for rows in connection.execute(statement).partitions(BATCH_ROWS):
                yield tuple(_texts(values) for values in zip(*rows, strict=True))

    def _stream_adbc(self, statement: Select[*tuple[str, ...]], driver: str) -> Iterator[Columns]:
        text, values = self._printed(statement)
        dbapi = import_module(f"{driver}.dbapi")
        with closing(dbapi.connect(self._adbc_address())) as session, session.cursor() as cursor:
            if self.kind == "sqlite":
                batch = {"adbc.sqlite.query.batch_rows": str(BATCH_ROWS)}
                cursor.adbc_statement.set_options(**batch)
            cursor.execute(text, values or None)
            first = self.kind == "sqlite"
            for found in cursor.fetch_record_batch():
                batch_columns = found.columns
                if first:
                    batch_columns = [column.slice(1) for column in batch_columns]
                    first = False
                if len(batch_columns[0]):
                    yield tuple(column.cast(pa.string()) for column in batch_columns)

    def _printed(self, statement: Select[*tuple[str, ...]]) -> tuple[str, Sequence[object]]:
        """SQL and its bound values in the driver's own style.

        ADBC types an SQLite column by its first rows and fails on a later one of another type (a
        column that begins with nulls is "int64"), so a row of text goes before them.
        """
        dialect: Dialect
        if self.kind == "sqlite":
            marks = [literal(SENTINEL).label(c.name) for c in statement.selected_columns]
            inner = statement.subquery()
            printed: CompoundSelect[*tuple[str, ...]] = union_all(select(*marks), select(*inner.c))
            dialect = sqlite.dialect(paramstyle="qmark")
            compiled = printed.compile(dialect=dialect)
        else:
            dialect = postgresql.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
            compiled = statement.compile(dialect=dialect)
        values = compiled.params
        names = compiled.positiontup or []
        return str(compiled), tuple(values[name] for name in names)

    def _adbc_address(self) -> str:
        if self.kind == "sqlite":
            return str(self.url.database)
        from psycopg.conninfo import make_conninfo  # noqa: PLC0415 - only where PostgreSQL is

        parts = self.url.translate_connect_args(username="user", database="dbname")
        return make_conninfo("", **{**parts, **self.url.query})


def _safe(url: URL, database: Database) -> URL:
    """The address with what keeps it read only and in its place."""
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, database)
    query = dict(url.query)
    socket = query.get("host")
    host = url.host or (socket if isinstance(socket, str) else "")
    allow = database.connection.allow
    if host.startswith("/"):
        if f"{UNIX}{host}" not in allow:
            raise AddressRefused(address=host, connection=database.name, problem="not declared")
    else:
        port = url.port or PORTS.get(url.get_backend_name(), 0)
        address = permitted_address(database.name, allow, host, port)
        if url.get_backend_name() == "postgresql":
            query["hostaddr"] = address
    if url.get_backend_name() == "postgresql":
        query |= {"options": SESSION, "connect_timeout": "10"}
    return url.set(query=query)


def _sqlite(url: URL, database: Database) -> URL:
    file = Path(str(url.database or "").removeprefix("file:"))
    if not file.is_file():
        raise SourceUnavailable(origin=database.origin, problem="no such database file")
    address = f"file:{quote(str(file.resolve()))}?mode=ro"
    return URL.create(url.drivername, database=address, query={"uri": "true"})


def _texts(values: Sequence[object]) -> pa.Array:
    """A column of a DB-API batch as text; the usual one already is."""
    try:
        return pa.array(values, pa.string())
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if v is None else _text(v) for v in values], pa.string())


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return value.decode("utf-8")
    return str(value)
