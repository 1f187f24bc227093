"""The digest of what was read: of the values alone.

Rules: it does not see the file's name, nor how the rows were paged or batched; null is not empty.
"""

from collections.abc import Iterator
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from connectors.columns import FILE

GROUP_ROWS = 131_072
NULL = -1


class Digest(Protocol):
    def update(self, data: memoryview | bytes, /) -> None: ...


def groups(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows in groups of GROUP_ROWS, however they were paged."""
    pending: list[pa.RecordBatch] = []
    waiting = 0
    for batch in batches:
        pending.append(batch)
        waiting += batch.num_rows
        while waiting >= GROUP_ROWS:
            table = pa.Table.from_batches(pending)
            yield _whole(table.slice(0, GROUP_ROWS))
            waiting -= GROUP_ROWS
            pending = table.slice(GROUP_ROWS).to_batches()
    if waiting:
        yield _whole(pa.Table.from_batches(pending))


def _whole(table: pa.Table) -> pa.RecordBatch:
    return table.combine_chunks().to_batches()[0]


def add_values(digest: Digest, group: pa.RecordBatch) -> None:
    """Values of all columns but the file's name: lengths (null is -1), then the text."""
    for name, column in zip(group.schema.names, group.columns, strict=True):
        if name == FILE:
            continue
        digest.update(f"{name}:{len(column)}".encode())
        text = column if pa.types.is_string(column.type) else column.cast(pa.string())
        lengths = pc.fill_null(pc.binary_length(text), NULL)
        digest.update(lengths.to_numpy().tobytes())
        digest.update(_text_bytes(pc.fill_null(text, "")))


def _text_bytes(column: pa.StringArray) -> memoryview:
    _, offsets, data = column.buffers()
    if data is None:
        return memoryview(b"")
    ends = memoryview(offsets).cast("i")
    start, stop = ends[column.offset], ends[column.offset + len(column)]
    return memoryview(data)[start:stop]
