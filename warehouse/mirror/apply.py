"""Brings a set's table to a version.

Rules: readers see a version or the one before it, never a part: rows and the `publication` row commit
together. A change is one transaction. A whole set is written beside the old one, in the key's order, then
its indexes, and takes its place in a transaction that moves no row. A set whose rows are not as many as the
engine counted is never said to be ready.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from query.mirrored import READY
from warehouse.mirror.file import MirrorFile
from warehouse.mirror.orders import Target
from warehouse.mirror.plan import TablePlan, quoted
from warehouse.mirror.texts import with_texts

UNFIT = "unfit"
CHUNK_ROWS = 100_000
"""What is taken in at a time; when a set is written beside the old one, in a transaction of its own."""
INCOMING, ENDED = "$incoming", "$ended"
RECORD = 'INSERT OR REPLACE INTO "$publication" VALUES (?, ?, ?, ?, ?, ?, ?)'
FORGET = 'DELETE FROM "$publication" WHERE data_set = ?'
HAD = 'SELECT "rows" FROM "$publication" WHERE data_set = ?'
COUNT = "SELECT count(*) FROM {table}"
DROP = "DROP TABLE IF EXISTS {table}"
DROP_TEMPORARY = "DROP TABLE temp.{table}"
RENAME = "ALTER TABLE {table} RENAME TO {name}"


class Differs(Exception):
    """There are not the rows that there must be."""


@dataclass(frozen=True, slots=True)
class Applier:
    """Works on one set's table."""

    file: MirrorFile
    plan: TablePlan

    def change(self, files: Sequence[Path], ended: Path | None, target: Target) -> None:
        """In one transaction; Differs when the rows do not come to what they must."""
        with self.file.transaction():
            rows = self._number(HAD, self.plan.data_set)
            if ended is not None:
                for batch in _batches(ended):
                    rows -= self._delete(batch)
            for file in files:
                for batch in _batches(file):
                    self._add(batch)
                    rows += batch.num_rows
            _check(target, rows)
            self._write(target, READY, rows, "")

    def build(self, files: Sequence[Path]) -> None:
        """Beside the set as it is, which goes on being read until its place is taken."""
        table = self.plan.building
        with self.file.transaction():
            self.file.run(DROP.format(table=quoted(table)))
            self.file.run(self.plan.create(table))
        for file in files:
            for batch in _batches(file):
                with self.file.transaction():
                    self.file.take_in(table, with_texts(batch, self.plan))
                self.file.relieve()
            file.unlink()
        for index in self.plan.create_indexes(table, secrets.token_hex(4)):
            with self.file.transaction():
                self.file.run(index)
            self.file.relieve()

    def take_place(self, target: Target) -> None:
        """What was built is the set; Differs when its rows are not what they must be."""
        rows = self._count(self.plan.building)
        _check(target, rows)
        names = {"table": quoted(self.plan.building), "name": quoted(self.plan.table)}
        with self.file.transaction():
            self.file.run(DROP.format(table=quoted(self.plan.table)))
            self.file.run(RENAME.format(**names))
            self._write(target, READY, rows, "")

    def unfit(self, target: Target, reason: str) -> None:
        """The engine alone has this version; what the file had of the set goes."""
        with self.file.transaction():
            self.file.run(DROP.format(table=quoted(self.plan.table)))
            self._write(target, UNFIT, None, reason)

    def _add(self, batch: pa.RecordBatch) -> None:
        rows = with_texts(batch, self.plan)
        if self.plan.latest_by is None:
            self.file.take_in(self.plan.table, rows)
            return
        self.file.take_in(INCOMING, rows, temporary=True)
        self.file.run(self.plan.keep_latest(INCOMING))
        self.file.run(DROP_TEMPORARY.format(table=quoted(INCOMING)))

    def _delete(self, keys: pa.RecordBatch) -> int:
        """The rows of these keys; how many there were."""
        self.file.take_in(ENDED, keys, temporary=True)
        self.file.run(self.plan.delete_keys(ENDED))
        ((deleted,),) = self.file.run("SELECT changes()")
        self.file.run(DROP_TEMPORARY.format(table=quoted(ENDED)))
        return int(str(deleted))

    def _write(self, target: Target, state: str, rows: int | None, reason: str) -> None:
        plan = self.plan
        self.file.run(
            RECORD, (plan.data_set, target.seq, state, plan.shape, target.mark, rows, reason)
        )

    def _count(self, table: str) -> int:
        return self._number(COUNT.format(table=quoted(table)))

    def _number(self, sql: str, *values: str) -> int:
        ((number,),) = self.file.run(sql, values)
        return int(str(number))


def _check(target: Target, rows: int) -> None:
    if target.rows is not None and rows != target.rows:
        raise Differs(f"{rows} rows in place of {target.rows}")


def forget(file: MirrorFile, data_set: str) -> None:
    """The set is mirrored no longer."""
    with file.transaction():
        file.run(DROP.format(table=quoted(data_set)))
        file.run(FORGET, (data_set,))


def _batches(file: Path) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(file) as parquet:
        for batch in parquet.iter_batches(CHUNK_ROWS):
            if batch.num_rows:
                yield batch
