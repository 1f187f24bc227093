"""Reads of the DuckDB engine: one transaction on a cursor of its own, and the version it sees."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

import duckdb
import pyarrow as pa

from catalog.clock import CITY_ZONE
from catalog.ids import DatasetCode, Seq
from catalog.predicate import Scalar, Values
from query.encode import json_rows, only_row
from query.print import duckdb_statement
from query.statement import COUNTED, LockedStatement
from warehouse.engine import Answer, Publication
from warehouse.errors import AsOfTooOld, QueryTooLong, WarehouseFault
from warehouse.publish import EPOCH, PUBLICATIONS, publication
from warehouse.streaming import DuckStream

LATEST = PUBLICATIONS + " WHERE seq <= $seq QUALIFY seq = max(seq) OVER (PARTITION BY data_set)"
FIRST_OF = "SELECT epoch_us(min(published_at)) FROM hub.publication WHERE data_set = $data_set"
Key = TypeVar("Key")
Value = TypeVar("Value")


class Recent(dict[Key, Value]):
    """A dictionary that forgets its oldest entry past `kept`."""

    def __init__(self, kept: int) -> None:
        super().__init__()
        self._kept = kept

    def __setitem__(self, key: Key, value: Value) -> None:
        super().__setitem__(key, value)
        while len(self) > self._kept:
            self.pop(next(iter(self)), None)


class DuckSession:
    """One read transaction on its own cursor. A version's publications never change: they are kept."""

    def __init__(
        self,
        cursor: duckdb.DuckDBPyConnection,
        newest: Seq,
        at: Seq | None,
        known: Recent[Seq, Mapping[DatasetCode, Publication]],
        as_of: datetime | None,
    ) -> None:
        self._cursor = cursor
        self.seq = newest
        self.at = at
        self._known = known
        self._as_of = as_of

    def read(self, statement: LockedStatement, values: Values = ()) -> Answer:
        self._check_kept(statement.data_sets)
        try:
            table = _table(self._cursor, statement, values)
        except duckdb.InterruptException as slow:
            raise QueryTooLong from slow
        except duckdb.FatalException:
            raise
        except duckdb.Error as fault:
            raise WarehouseFault(str(fault)) from fault
        rows = table.num_rows
        if COUNTED in table.column_names:
            rows = table.column(COUNTED)[0].as_py()
            table = table.drop_columns(COUNTED)
        array = json_rows(table)
        return Answer(only_row(array) if statement.single else array, rows)

    def stream(self, statement: LockedStatement, rows: int) -> DuckStream:
        self._check_kept(statement.data_sets)
        return DuckStream(lambda: relation(self._cursor, statement).to_arrow_reader(rows))

    def _check_kept(self, data_sets: Collection[DatasetCode]) -> None:
        """A version asked for by its time must be one that each data set has."""
        if self.at is None:
            return
        known = self.publications(data_sets)
        for data_set in data_sets:
            if data_set not in known:
                first = fetch_one(self._cursor, FIRST_OF, {"data_set": data_set})[0]
                raise too_old(self._as_of, first)

    def publications(
        self, data_sets: Collection[DatasetCode] | None
    ) -> Mapping[DatasetCode, Publication]:
        seq = self.at or self.seq
        found = self._known.get(seq)
        if found is None:
            rows = self._cursor.execute(LATEST, {"seq": seq}).fetchall()
            found = self._known[seq] = {p.data_set: p for p in map(publication, rows)}
        return found if data_sets is None else {c: found[c] for c in data_sets if c in found}

    def interrupt(self) -> None:
        self._cursor.interrupt()


def too_old(as_of: datetime | None, first: int | None) -> AsOfTooOld:
    """`first`: microseconds of the epoch, of the first version; None where there is none."""
    began = None if first is None else EPOCH + timedelta(microseconds=first)
    return AsOfTooOld(at=_in_city_time(as_of), first=_in_city_time(began))


def _in_city_time(instant: datetime | None) -> str:
    """As `asOf` takes it back."""
    return "-" if instant is None else instant.astimezone(CITY_ZONE).isoformat()


def _table(
    cursor: duckdb.DuckDBPyConnection, statement: LockedStatement, values: Values
) -> pa.Table:
    """Executed, not made a relation, which the driver binds twice; that the rows are copied once more costs
    a page less.
    """
    bound = dict(statement.bound(values)) or None
    table: pa.Table = cursor.execute(duckdb_statement(statement), bound).to_arrow_table()
    return table


def relation(
    cursor: duckdb.DuckDBPyConnection, statement: LockedStatement, values: Values = ()
) -> duckdb.DuckDBPyRelation:
    text = duckdb_statement(statement)
    return cursor.sql(text, params=dict(statement.bound(values)) or None)


def fetch_one(
    cursor: duckdb.DuckDBPyConnection, sql: str, parameters: Mapping[str, Scalar] | None = None
) -> tuple:  # type: ignore[type-arg]  # a row of whatever the statement selects
    """The first row; all are fetched, since an unread result blocks the cursor."""
    rows = cursor.execute(sql, dict(parameters) if parameters else None).fetchall()
    if not rows:
        raise WarehouseFault(f"no row from: {sql}")
    return rows[0]
