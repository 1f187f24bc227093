"""Lays a source's values into the columns the contract declares, by their headers.

Rules: the contract's header is the only mapping; a declared column that the source lacks stops the
load unless the feed says `absent`; an added one is only noted; a column whose first batch holds no
single value of the declared kind was retyped and stops the load; anything less is one row's fault
and the gate's to judge. Values are text and empty text is null.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from catalog.contracts import Column, Contract, Kind
from connectors.errors import ColumnMissing, ColumnRetyped, SourceError

FILE, LINE, BROKEN = "_file", "_line", "_broken"
BATCH_ROWS = 50_000
ENOUGH = 5
"""From how many values on "none of them fits" speaks about the column, not about a row."""

NUMBER = r"^\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*$"
DAY = r"^\s*\d{4}\D?\d{1,2}\D?\d{1,2}"
SHAPES: Mapping[Kind, str] = {
    Kind.INTEGER: NUMBER,
    Kind.BIGINT: NUMBER,
    Kind.DECIMAL: NUMBER,
    Kind.DOUBLE: r"^\s*[+-]?((\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[iI]nf(inity)?|[nN]a[nN])\s*$",
    Kind.BOOLEAN: r"^\s*(?i:true|false|t|f|yes|no|y|n|1|0|是|否)\s*$",
    Kind.DATE: DAY,
    Kind.TIMESTAMP: DAY,
    Kind.PLACE: r"^\s*\d{6,15}\s*$",
}

Row = tuple[int, Sequence[str | None], str | None]
"""Line, values in the layout's order, structural fault."""


@dataclass(frozen=True)
class Layout:
    """The columns of a contract that a source is to deliver."""

    contract: Contract
    absent: frozenset[str] = frozenset()
    """Headers the source is declared not to carry."""

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        return tuple(c for c in self.contract.columns if c.header not in self.absent)

    @cached_property
    def headers(self) -> tuple[str, ...]:
        return tuple(column.header for column in self.columns)

    @cached_property
    def schema(self) -> pa.Schema:
        named = [pa.field(column.name, pa.string()) for column in self.columns]
        marks = [
            pa.field(FILE, pa.string()),
            pa.field(LINE, pa.int64()),
            pa.field(BROKEN, pa.string()),
        ]
        return pa.schema(named + marks)

    def missing(self, found: Sequence[str], origin: str, line: int | None = None) -> None:
        """Raise ColumnMissing for the first declared header that is not among `found`."""
        have = set(found)
        for column in self.columns:
            if column.header not in have:
                raise self.complaint(ColumnMissing, column, origin, line)

    def complaint(
        self,
        error: Callable[..., SourceError],
        column: Column,
        origin: str,
        line: int | None = None,
        **more: object,
    ) -> SourceError:
        """An error about one column that names the contract, its data set and the line."""
        return error(
            origin=origin,
            where="" if line is None else f":{line}",
            line=line,
            header=column.header,
            column=column.name,
            data_set=self.contract.data_set,
            version=self.contract.version,
            **more,
        )

    def batch(self, rows: Sequence[Row], file: str) -> pa.RecordBatch:
        """Rows as one batch; values are already text or None."""
        lines, values, broken = zip(*rows, strict=True)
        columns = list(zip(*values, strict=True))
        return self.arrow([pa.array(c, pa.string()) for c in columns], file, lines, broken)

    def arrow(
        self,
        columns: Sequence[pa.Array],
        file: str,
        lines: Sequence[int] | pa.Array,
        broken: Sequence[str | None] | None = None,
    ) -> pa.RecordBatch:
        """Text columns in the layout's order as one batch."""
        rows = len(columns[0])
        marks = [
            pa.repeat(pa.scalar(file, pa.string()), rows),
            pa.array(lines, pa.int64()),
            pa.nulls(rows, pa.string()) if broken is None else pa.array(broken, pa.string()),
        ]
        return pa.RecordBatch.from_arrays([*columns, *marks], schema=self.schema)

    def batches(self, rows: Iterator[Row], file: str) -> Iterator[pa.RecordBatch]:
        """Batches of BATCH_ROWS; the first one is checked for retyped columns."""
        pending: list[Row] = []
        first = True
        for row in rows:
            pending.append(row)
            if len(pending) >= BATCH_ROWS:
                yield self._checked(self.batch(pending, file), file, first)
                pending, first = [], False
        if pending:
            yield self._checked(self.batch(pending, file), file, first)

    def _checked(self, batch: pa.RecordBatch, origin: str, first: bool) -> pa.RecordBatch:
        if first:
            self.retyped(batch, origin)
        return batch

    def retyped(self, batch: pa.RecordBatch, origin: str) -> None:
        """Raise ColumnRetyped when a column has enough values and none of the declared kind."""
        sound = batch.filter(pc.is_null(batch.column(BROKEN)))
        for column in self.columns:
            shape = SHAPES.get(column.type.kind)
            if shape is None:
                continue
            values = sound.column(column.name).drop_null()
            if column.not_reported:
                told = pa.array(column.not_reported, pa.string())
                values = values.filter(pc.invert(pc.is_in(values, value_set=told)))
            if len(values) < ENOUGH or pc.any(pc.match_substring_regex(values, shape)).as_py():
                continue
            raise self.complaint(
                ColumnRetyped,
                column,
                origin,
                expected=column.type.kind.value,
                found=repr(str(values[0].as_py())[:40]),
            )
