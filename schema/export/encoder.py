"""Batches of rows -> the bytes of a file, piece by piece.

Rules: a piece holds whole rows; no encoder keeps more than one row group; NDJSON is written by the encoder
of the JSON replies, so that its lines are the rows of those, byte for byte.
"""

import io
from collections.abc import Mapping
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq
from arro3.io import write_ndjson

from schema.export.delimited import CsvEncoder
from schema.export.form import ARROW, CSV, NDJSON, Form

GROUP_ROWS = 128 * 1024
GROUP_BYTES = 8 * 2**20
PAGE_BYTES = 256 * 1024
DICTIONARY_BYTES = 128 * 1024
"""Pages and dictionaries of a quarter of pyarrow's own sizes: a writer holds some of each for every column."""
END_OF_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"
"""Of an Arrow stream."""

Facts = Mapping[str, str]
"""What a file says of itself: version, usage record, request."""
Piece = bytes | memoryview
"""Of a file; a view spares a copy of what may be megabytes."""


class Encoder(Protocol):
    """One file: `begin`, then a piece for each batch, then `end`; a piece may be empty."""

    def begin(self, schema: pa.Schema, facts: Facts) -> bytes: ...

    def piece(self, batch: pa.RecordBatch) -> Piece: ...

    def end(self) -> bytes: ...


def encoder_of(form: Form) -> Encoder:
    if form.media == CSV:
        return CsvEncoder(mark=form.mark)
    if form.media == NDJSON:
        return NdjsonEncoder()
    return ArrowEncoder() if form.media == ARROW else ParquetEncoder()


class NdjsonEncoder:
    def begin(self, _schema: pa.Schema, _facts: Facts) -> bytes:
        return b""

    def piece(self, batch: pa.RecordBatch) -> Piece:
        buffer = io.BytesIO()
        write_ndjson(batch, buffer, explicit_nulls=True)
        return buffer.getbuffer()

    def end(self) -> bytes:
        return b""


class ArrowEncoder:
    """The messages of an IPC stream, made one by one."""

    def begin(self, schema: pa.Schema, facts: Facts) -> bytes:
        return bytes(schema.with_metadata(dict(facts)).serialize())

    def piece(self, batch: pa.RecordBatch) -> Piece:
        return memoryview(batch.serialize())

    def end(self) -> bytes:
        return END_OF_STREAM


class ParquetEncoder:
    """Row groups of GROUP_ROWS, or of fewer where rows are wide."""

    def __init__(self) -> None:
        self._outlet = Outlet()
        self._held: list[pa.RecordBatch] = []

    def begin(self, schema: pa.Schema, facts: Facts) -> bytes:
        self._schema = schema.with_metadata(dict(facts))
        self._writer = pq.ParquetWriter(
            self._outlet,
            self._schema,
            compression="zstd",
            compression_level=1,
            data_page_size=PAGE_BYTES,
            dictionary_pagesize_limit=DICTIONARY_BYTES,
        )
        return self._outlet.take()

    def piece(self, batch: pa.RecordBatch) -> bytes:
        self._held.append(batch)
        rows, size = sum(b.num_rows for b in self._held), sum(b.nbytes for b in self._held)
        if rows >= GROUP_ROWS or size >= GROUP_BYTES:
            self._write_group()
        return self._outlet.take()

    def end(self) -> bytes:
        if self._held:
            self._write_group()
        self._writer.close()
        return self._outlet.take()

    def _write_group(self) -> None:
        group = pa.Table.from_batches(self._held).replace_schema_metadata(self._schema.metadata)
        self._held.clear()
        self._writer.write_table(group, row_group_size=max(1, group.num_rows))


class Outlet(io.RawIOBase):
    """A file whose bytes are taken out as they are written; it knows how many there were."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        part = bytes(data)  # type: ignore[call-overload]  # whatever has a buffer
        self._parts.append(part)
        self._written += len(part)
        return len(part)

    def tell(self) -> int:
        return self._written

    def take(self) -> bytes:
        content = b"".join(self._parts)
        self._parts.clear()
        return content
