"""Rows that are read while they are handed on: one batch at a time, so that none waits for the last.

Rules: the engine works out a batch when it is asked for and keeps a megabyte ahead, no more; whoever reads
must close, and nothing else may be asked of the session before. An interrupt while nobody asks is
found by the next batch.
"""

from collections.abc import Callable

import duckdb
import pyarrow as pa

from warehouse.errors import QueryTooLong, WarehouseFault

INTERRUPTED = "INTERRUPT Error"


class DuckStream:
    """`warehouse.engine.RowStream` over the engine's Arrow reader, whose errors come as OSError."""

    def __init__(self, begin: Callable[[], pa.RecordBatchReader]) -> None:
        try:
            self._reader = begin()
        except duckdb.InterruptException as slow:
            raise QueryTooLong from slow
        except duckdb.FatalException:
            raise
        except duckdb.Error as fault:
            raise WarehouseFault(str(fault)) from fault

    @property
    def schema(self) -> pa.Schema:
        return self._reader.schema

    def next(self) -> pa.RecordBatch | None:
        try:
            return self._reader.read_next_batch()
        except StopIteration:
            return None
        except (OSError, pa.ArrowException) as fault:
            if INTERRUPTED in str(fault):
                raise QueryTooLong from fault
            raise WarehouseFault(str(fault)) from fault

    def close(self) -> None:
        self._reader.close()
