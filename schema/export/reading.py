"""The data side of one export: one read session, one statement, its rows batch by batch.

Rules: all of it is one version; what a JSON answer checks before it reads is checked here, too; a file is
never silently short: without a stated limit, a data set of more rows than an export brings is refused.
Every call but `interrupt` blocks.
"""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import TypeVar

import pyarrow as pa

from catalog.contracts import camel
from catalog.errors import UserError
from catalog.ids import DatasetCode, Seq
from query.aggregate import Aggregate, NestedGroups
from query.compile import compiled
from query.errors import GroupsOfThePast
from query.relation import Scope
from query.tree import MAX_EXPORT_ROWS, Nested
from query.value import json_ready, typed
from schema.export.errors import ExportNeedsLimit
from schema.export.form import Form
from schema.export.plan import ExportPlan, leaves_of
from schema.purpose import check_one_purpose
from warehouse.engine import Engine, ReadSession, RowStream
from warehouse.errors import QueryTooLong

BATCH_ROWS = 8 * 1024
BATCH_VALUES = 256 * 1024
LEAST_ROWS = 256
Read = TypeVar("Read")


class ExportReading:
    """`open`, `begin`, `next` until there is none; `close` must be called, whatever happened."""

    def __init__(
        self,
        engine: Engine,
        scope: Scope,
        plan: ExportPlan,
        form: Form,
        check_inputs: Callable[[DatasetCode], None],
    ) -> None:
        self.scope = scope
        self.version: Seq | None = None
        self.columns: dict[DatasetCode, tuple[str, ...]] = {}
        """The data sets that are read, each with the columns that leave."""
        self._engine = engine
        self._plan = plan
        self._form = form
        self._check_inputs = check_inputs
        self._opened = ExitStack()
        self._session: ReadSession | None = None
        self._begin: Callable[[], RowStream] | None = None
        self._stream: RowStream | None = None
        self._interrupted = False

    def open(self, most: int) -> None:
        """AsOfTooOld, ExportNeedsLimit, InputWithdrawn, PurposeRequired, the compiler's refusals. `most`:
        rows of one export.
        """
        plan = self._plan
        session = self._opened.enter_context(self._engine.session(plan.as_of))
        shown = typed if self._form.typed else json_ready
        statement = compiled(plan.tree, self.scope, session.at, shown, MAX_EXPORT_ROWS)
        if statement.small and plan.as_of is not None:
            raise GroupsOfThePast(data_set=min(statement.small))
        check_one_purpose([self.scope.grant(code) for code in sorted(statement.data_sets)])
        for data_set in sorted(statement.data_sets):
            self._check_inputs(data_set)
        self._check_size(session, most)
        found: dict[DatasetCode, set[str]] = {code: set() for code in statement.data_sets}
        for data_set, column in statement.columns:
            found[data_set].add(column)
        self.columns = {code: tuple(sorted(names)) for code, names in sorted(found.items())}
        self.version = session.at or session.seq
        rows = max(LEAST_ROWS, min(BATCH_ROWS, BATCH_VALUES // leaves_of(plan.tree)))
        self._session, self._begin = session, partial(session.stream, statement, rows)

    def begin(self) -> pa.Schema:
        """The engine begins to work. QueryTooLong, WarehouseFault."""
        if self._begin is None or self._interrupted:
            raise QueryTooLong
        self._stream = self._in_session(self._begin)
        return self._stream.schema

    def next(self) -> pa.RecordBatch | None:
        """QueryTooLong when it was interrupted, WarehouseFault."""
        if self._stream is None or self._interrupted:
            raise QueryTooLong
        return self._in_session(self._stream.next)

    def rows_of(self, batch: pa.RecordBatch) -> int:
        """Row objects, nested ones too, as a JSON answer counts them."""
        tree = self._plan.tree
        if isinstance(tree, Aggregate) or not any(map(_is_nested, tree.selection)):
            return int(batch.num_rows)
        return int(batch.num_rows) + sum(_objects_in(column) for column in batch.columns)

    def interrupt(self) -> None:
        """To be called again until the read has ended: between two batches it may be lost."""
        self._interrupted = True
        if self._session is not None:
            self._session.interrupt()

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
        self._opened.close()

    def _check_size(self, session: ReadSession, most: int) -> None:
        """Of the version that is read."""
        plan = self._plan
        published = session.publications((plan.tree.data_set,)).get(plan.tree.data_set)
        if not plan.stated and published is not None and published.rows > most:
            raise ExportNeedsLimit(
                data_set=camel(plan.tree.data_set), rows=published.rows, limit=most
            )

    def _in_session(self, read: Callable[[], Read]) -> Read:
        """A fault goes through the session's own end, where the engine may have to recover."""
        try:
            return read()
        except UserError:
            raise
        except Exception as fault:
            self._opened.__exit__(type(fault), fault, fault.__traceback__)
            raise


def _is_nested(item: object) -> bool:
    return isinstance(item, Nested | NestedGroups)


def _objects_in(array: pa.Array) -> int:
    if pa.types.is_struct(array.type):
        own = len(array) - int(array.null_count)
        return own + sum(_objects_in(member) for member in array.flatten())
    if pa.types.is_list(array.type):
        return _objects_in(array.flatten())
    return 0
