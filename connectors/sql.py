"""Reads a table of a source's database: all of it, or what came after the last cursor.

Rules: columns are named, never `*`, and printed as text by the database, so that a decimal arrives
with the digits it was stored with and one odd value spoils one row, not the load; a missing column,
or one whose type can no longer be the contract's, stops the load; the cursor is an integer that
only grows, never a time; a snapshot of no rows is refused. Rows that a source commits later under a
smaller cursor are not seen: the cursor has to be given out in the order of commits.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    cast,
    column,
    func,
    inspect,
    literal_column,
    quoted_name,
    select,
    table,
    type_coerce,
)
from sqlalchemy import types as sql_types
from sqlalchemy.exc import NoSuchTableError
from sqlalchemy.types import BigInteger, Text, TypeEngine

from catalog.contracts import Column, Kind, PublishMode
from connectors.columns import Layout
from connectors.connections import SqlConnection
from connectors.content import add_values, groups
from connectors.database import Columns, Database
from connectors.errors import (
    ColumnMissing,
    ColumnRetyped,
    ConnectionUnknown,
    CursorUnsuitable,
    SourceEmpty,
    TableMissing,
)
from connectors.files import chained
from connectors.limits import LIMITS, Limits
from connectors.options import SqlOptions, options_of
from connectors.source import Extraction, Fetch

NUMBERS = (sql_types.Integer, sql_types.Numeric, sql_types.Float)
NUMERIC_KINDS = frozenset({Kind.INTEGER, Kind.BIGINT, Kind.DECIMAL, Kind.DOUBLE})
WITHOUT_TYPES = frozenset({"sqlite"})
"""Databases whose declared types bind nobody; there only the values can speak."""
CURSOR = "_cursor"


def sql_extractions(
    fetch: Fetch, limits: Limits = LIMITS, *, adbc: bool = True
) -> Iterator[Extraction]:
    """One, or none when no row stands after the cursor."""
    if not isinstance(fetch.connection, SqlConnection):
        raise ConnectionUnknown(connection=fetch.source.connection, kind="sql")
    options = options_of(fetch, SqlOptions)
    database = Database(fetch.connection, fetch.source.connection, _origin(fetch, options), adbc)
    stored = _stored_columns(database, options)
    layout = Layout(fetch.contract, frozenset(options.absent))
    statement = _Statement(database, layout, options, stored, fetch.cursor).select()
    stream = database.stream(statement)
    first = next(stream, None)
    if first is not None:
        batches = chain((first,), stream)
        yield SqlExtraction(fetch, layout, options, database.origin, batches, limits.rows)
    elif options.cursor is None and fetch.contract.publish_mode is PublishMode.SNAPSHOT:
        raise SourceEmpty(origin=database.origin, data_set=fetch.contract.data_set)


@dataclass(slots=True)
class SqlExtraction:
    fetch: Fetch
    layout: Layout
    options: SqlOptions
    origin: str
    stream: Iterator[Columns]
    limit: int
    _last: int = field(default=-1, init=False)
    _digest: str = field(default="", init=False)

    def batches(self) -> Iterator[pa.RecordBatch]:
        if self.options.cursor is not None:
            yield from self._read()
            return
        digest = hashlib.sha256()
        for group in groups(self._read()):
            add_values(digest, group)
            yield group
        self._digest = digest.hexdigest()

    def cursor(self) -> Mapping[str, object]:
        if self.options.cursor is not None:
            return {"after": self._last}
        return {"digest": self._digest, "identity": self.identity()}

    def identity(self) -> str:
        if self.options.cursor is None:
            return chained(self._digest, self.fetch.cursor)
        after = _after(self.fetch.cursor)
        return f"{self.options.table}|{self.options.cursor}|{after}|{self._last}"

    def acknowledge(self) -> None:
        """Nothing to do: the source keeps no state for us."""

    def refuse(self, error: object) -> None:
        """Nothing to do: the cursor stays where it is."""

    def _read(self) -> Iterator[pa.RecordBatch]:
        rows = 0
        for columns in self.stream:
            batch = self._batch(columns, rows)
            if rows == 0:
                self.layout.retyped(batch, self.origin)
            rows += batch.num_rows
            yield batch
            if self.options.cursor is not None and rows >= self.limit:
                return

    def _batch(self, columns: Columns, before: int) -> pa.RecordBatch:
        if self.options.cursor is None:
            lines = range(before + 1, before + 1 + len(columns[0]))
            return self.layout.arrow(columns, self.origin, pa.array(lines, pa.int64()))
        *values, numbers = columns
        lines = numbers.cast(pa.int64())
        self._last = pc.max(lines).as_py()
        return self.layout.arrow(values, self.origin, lines)


@dataclass(frozen=True, slots=True)
class _Stored:
    name: str
    type: TypeEngine[object]


@dataclass(frozen=True, slots=True)
class _Statement:
    database: Database
    layout: Layout
    options: SqlOptions
    stored: Sequence[_Stored]
    after: Mapping[str, object] | None

    def select(self) -> Select[*tuple[str, ...]]:
        chosen = [self._printed(self._find(c), c) for c in self.layout.columns]
        source = table(_quoted(self.options.table), schema=_maybe(self.options.schema_name))
        order = [self._order(name) for name in self.options.order]
        if self.options.cursor is None:
            return select(*chosen).select_from(source).order_by(*order)
        cursor = self._cursor()
        printed = self._text(cursor).label(CURSOR)
        statement = select(*chosen, printed).select_from(source).order_by(cursor)
        after = _after(self.after)
        if after is None:
            return statement
        return statement.where(cursor > bindparam("after", after, BigInteger()))

    def _find(self, declared: Column) -> _Stored:
        found = self._named(declared.header)
        if found is None:
            raise self.layout.complaint(ColumnMissing, declared, self.database.origin)
        wrong = declared.type.kind in NUMERIC_KINDS and not isinstance(found.type, NUMBERS)
        if wrong and self.database.kind not in WITHOUT_TYPES:
            raise self.layout.complaint(
                ColumnRetyped,
                declared,
                self.database.origin,
                expected=declared.type.kind.value,
                found=str(found.type),
            )
        return found

    def _named(self, header: str) -> _Stored | None:
        """The stored column of that name; by another case where only one differs by it."""
        for stored in self.stored:
            if stored.name == header:
                return stored
        same = [s for s in self.stored if s.name.casefold() == header.casefold()]
        return same[0] if len(same) == 1 else None

    def _printed(self, stored: _Stored, declared: Column) -> ColumnElement[str]:
        value: ColumnElement[object] = column(_quoted(stored.name))
        floating = isinstance(stored.type, sql_types.Float)
        if floating and declared.type.kind is Kind.DECIMAL and self.database.kind == "postgresql":
            # 0.1 + 0.2 is no decimal of three places until somebody rounds it.
            value = func.round(cast(value, sql_types.Numeric()), literal_column(_scale(declared)))
        return self._text(value).label(declared.name)

    def _text(self, value: ColumnElement[object]) -> ColumnElement[str]:
        """As text; where the database cannot, its own value, which the reader prints."""
        return cast(value, Text()) if self.database.casts else type_coerce(value, Text())

    def _order(self, name: str) -> ColumnElement[object]:
        stored = self._named(name)
        return column(_quoted(stored.name if stored else name))

    def _cursor(self) -> ColumnElement[object]:
        name = str(self.options.cursor)
        stored = self._named(name)
        if stored is None or not isinstance(stored.type, sql_types.Integer):
            raise CursorUnsuitable(
                origin=self.database.origin,
                column=name,
                found="missing" if stored is None else str(stored.type),
            )
        return column(_quoted(stored.name))


def _stored_columns(database: Database, options: SqlOptions) -> tuple[_Stored, ...]:
    with database.faults(), database.engine.connect() as connection:
        try:
            found = inspect(connection).get_columns(options.table, schema=options.schema_name)
        except NoSuchTableError as wrong:
            raise TableMissing(origin=database.origin, table=options.table) from wrong
    return tuple(_Stored(entry["name"], entry["type"]) for entry in found)


def _origin(fetch: Fetch, options: SqlOptions) -> str:
    after = _after(fetch.cursor) if options.cursor is not None else None
    part = "" if after is None else f" after {after}"
    return f"sql {fetch.source.id}.{options.table}{part}"


def _after(cursor: Mapping[str, object] | None) -> int | None:
    return None if cursor is None or "after" not in cursor else int(str(cursor["after"]))


def _scale(declared: Column) -> str:
    return str(int(declared.type.scale))


def _quoted(name: str) -> quoted_name:
    return quoted_name(name, quote=True)


def _maybe(name: str | None) -> quoted_name | None:
    return None if name is None else _quoted(name)
