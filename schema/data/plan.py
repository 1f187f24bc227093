"""Answers the data fields of one operation: tree -> statement -> bytes that go out untouched.

Rules: an operation opens one read session, at its first data field, so all its fields see one
version; its fields run one after the other in a pool thread, never on the event loop; what was read
is noted for `extensions.data` and the usage log.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import ParamSpec, TypeVar

import anyio
import anyio.to_thread
from graphql import FieldNode, GraphQLResolveInfo

from catalog.contracts import camel
from catalog.errors import UserError
from catalog.ids import DatasetCode, GrantId, Seq
from catalog.predicate import Values
from query.aggregate import Aggregate, NestedGroups
from query.compile import compile_read
from query.errors import GroupsOfThePast
from query.relation import Scope
from query.statement import LockedStatement
from query.tree import Connection, Edges, Nested, Node, Nodes, PageInfo, Selection, Tree
from schema.data.asked import Arguments, Asked
from schema.data.connection import connection_of
from schema.data.kept import Kept, KeptAnswers, versions_of
from schema.data.planning import Plan, PlannedField, Planner
from schema.data.selection import aggregate_of, read_of, read_one_of
from schema.data.shape import RowShape
from schema.data.types import Answering
from schema.data.whole import Came
from schema.errors import AsOfDiffers
from schema.purpose import check_one_purpose
from warehouse.engine import Answer, Engine, Publication, ReadSession
from warehouse.errors import QueryTooLong

P = ParamSpec("P")
T = TypeVar("T")
UNSET = object()
Counting = Callable[[Answer], int]


@dataclass(frozen=True, slots=True)
class RawJson:
    """A field's finished value: JSON that the executor splices into the reply."""

    content: bytes


@dataclass(slots=True)
class Noted:
    """What one operation has read of a data set."""

    grant: GrantId
    columns: set[str] = field(default_factory=set)


INTERRUPT_SECONDS = 0.1


class Reading:
    """The data side of one operation. `close()` must be called when the operation has ended."""

    def __init__(
        self,
        engine: Engine,
        scope: Scope,
        *,
        pool: anyio.CapacityLimiter | Executor,
        version: Seq | None = None,
        seconds: float,
        check_inputs: Callable[[DatasetCode], None],
        live: bool = False,
        kept: KeptAnswers | None = None,
    ) -> None:
        self.scope = scope
        self.noted: dict[DatasetCode, Noted] = {}
        self.rows = 0
        """Row objects in what was read, nested ones too."""
        self._engine = engine
        self._pool = pool
        self._pinned = version
        self._seconds = seconds
        self._check_inputs = check_inputs
        self._live = live
        self._kept = KeptAnswers(0) if kept is None else kept
        self._turn = anyio.Lock()
        self._session: ReadSession | None = None
        self._as_of: object = UNSET
        self._opened = ExitStack()
        self._timer: asyncio.TimerHandle | None = None
        self._expired = False
        self._fault: Exception | None = None

    async def answer(self, tree: Tree, as_of: datetime | None, values: Values = ()) -> RawJson:
        """The rows as JSON; `values` for the tree's slots. QueryTooLong, AsOfDiffers, InputWithdrawn, the
        compiler's refusals.
        """
        return RawJson(await self._in_turn(self._read, tree, as_of, values))

    async def together(self, fields: Sequence[tuple[PlannedField, bool]], values: Values) -> Came:
        """The fields in their order, without a look at anything else between them; see `whole.py`."""
        return await self._in_turn(self._read_each, fields, values)

    async def _in_turn(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        async with self._turn:
            if self._timer is None:
                loop = asyncio.get_running_loop()
                self._timer = loop.call_later(self._seconds, self._expire)
            return await self._in_thread(partial(call, *args, **kwargs))

    async def _in_thread(self, call: Callable[[], T]) -> T:
        """A thread cannot be cancelled, a statement can: when nobody waits any more, it is ended."""
        reading = self._started(call)
        try:
            return await asyncio.shield(reading)
        except asyncio.CancelledError:
            self._expire()
            with anyio.CancelScope(shield=True):
                await asyncio.wait([reading])
            if not reading.cancelled():
                reading.exception()  # looked at; nobody is left to be told
            raise

    def _started(self, call: Callable[[], T]) -> asyncio.Future[T]:
        if isinstance(self._pool, Executor):
            return asyncio.get_running_loop().run_in_executor(self._pool, call)
        return asyncio.ensure_future(anyio.to_thread.run_sync(call, limiter=self._pool))

    def publications(self) -> Mapping[DatasetCode, Publication]:
        """The version of each data set that was read. Blocking."""
        if self._session is None or not self.noted:
            return {}
        return self._session.publications(tuple(self.noted))

    @property
    def version(self) -> Seq | None:
        """The version number that was read; None when nothing was."""
        return None if self._session is None else self._session.at or self._session.seq

    def end(self) -> None:
        """Nothing more is read. Blocking."""
        self._session = None
        self._opened.close()

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        with anyio.CancelScope(shield=True):
            if self._session is not None:
                await self._started(self.end)

    def _read_each(self, fields: Sequence[tuple[PlannedField, bool]], values: Values) -> Came:
        came: dict[str, bytes | Exception] = {}
        for planned, nullable in fields:
            try:
                came[planned.name] = self._read(planned.tree, planned.as_of, values)
            except Exception as wrong:  # noqa: BLE001 - it is told where the field stands
                came[planned.name] = wrong
                if not nullable:
                    break
        return came

    def _read(self, tree: Tree, as_of: datetime | None, values: Values) -> bytes:
        session = self._at(as_of)
        statement = compile_read(tree, self.scope, session.at)
        if statement.small and (self._live or as_of is not None):
            raise GroupsOfThePast(data_set=min(statement.small))
        codes = {*self.noted, *statement.data_sets}
        check_one_purpose([self.scope.grant(code) for code in sorted(codes)])
        for data_set in sorted(statement.data_sets):
            self._check_inputs(data_set)
        if self._expired:
            raise QueryTooLong
        self._note(statement)
        found = self._answered(session, tree, statement, values)
        self.rows += found.rows
        return found.content

    def _answered(
        self, session: ReadSession, tree: Tree, statement: LockedStatement, values: Values
    ) -> Kept:
        """A fault goes through the session's own end, where the engine may have to recover."""
        try:
            published = session.publications(statement.data_sets)
            versions = versions_of(statement, {code: p.seq for code, p in published.items()})
            known = self._kept.get(statement, values, versions)
            if known is None:
                answer = session.read(statement, values)
                known = Kept(answer.content, counting_of(tree)(answer))
                self._kept.keep(statement, values, versions, known)
        except UserError:
            raise
        except Exception as fault:
            self._fault = fault
            self._session = None
            self._opened.__exit__(type(fault), fault, fault.__traceback__)
            raise
        return known

    def _at(self, as_of: datetime | None) -> ReadSession:
        if self._fault is not None:
            raise self._fault
        if self._session is None:
            self._session = self._opened.enter_context(self._engine.session(as_of, self._pinned))
            self._as_of = as_of
        elif as_of != self._as_of:
            raise AsOfDiffers
        return self._session

    def _expire(self) -> None:
        """Again and again until the operation is closed: an interrupt between two reads is lost."""
        self._expired = True
        if self._session is not None:
            self._session.interrupt()
        self._timer = asyncio.get_running_loop().call_later(INTERRUPT_SECONDS, self._expire)

    def _note(self, statement: LockedStatement) -> None:
        """How many rows there are is told without a column, too."""
        for data_set in statement.data_sets:
            self.noted.setdefault(data_set, Noted(self.scope.grant(data_set).id))
        for data_set, column in statement.columns:
            self.noted[data_set].columns.add(column)


def counting_of(tree: Tree) -> Counting:
    """What tells how many row objects an answer to the tree holds, nested ones too. Groups hold objects that
    are no rows, so of them only the outer list counts.
    """
    match tree:
        case Aggregate():
            return _outer
        case Connection():
            edges = [item for item in tree.selection if isinstance(item, Edges)]
            shown = [item.selection for item in tree.selection if isinstance(item, Nodes)]
            shown += [n.selection for edge in edges for n in edge.selection if isinstance(n, Node)]
            around = 1 + sum(isinstance(item, PageInfo) for item in tree.selection)
            nested = any(_holds_lists(selection) for selection in shown)
            return partial(_of_a_page, around, len(edges)) if nested else _outer
        case _:
            return _nested if _holds_lists(tree.selection) else _outer


def _outer(answer: Answer) -> int:
    return answer.rows


def _nested(answer: Answer) -> int:
    return objects_in(answer.content)


def _of_a_page(around: int, edges: int, answer: Answer) -> int:
    """`around`: the objects around the rows; `edges`: how often each row has one of its own."""
    return objects_in(answer.content) - around - edges * answer.rows


def _holds_lists(selection: Selection) -> bool:
    return any(isinstance(item, Nested | NestedGroups) for item in selection)


def objects_in(content: bytes) -> int:
    """How many objects a JSON text holds, without parsing it.

    Quotes inside a text are escaped, so `{"` is the start of an object unless that quote ends a
    text, and then a comma or a closing bracket follows, which no key begins with.
    """
    starts = content.count(b'{"')
    return starts - sum(content.count(b'{"' + end) for end in (b",", b"}", b"]"))


class DataContext:
    """What the resolvers below need of an operation's context."""

    reading: Reading
    plan: Plan


@dataclass(frozen=True, slots=True)
class DataField:
    """The resolver of a generated field: it reads what was planned before anything ran."""

    plan: Planner
    operands: frozenset[str] = frozenset()

    async def __call__(
        self, _root: object, info: GraphQLResolveInfo[DataContext], **_arguments: object
    ) -> RawJson:
        plan = info.context.plan
        planned = plan.take(str(info.path.key))
        return await info.context.reading.answer(planned.tree, planned.as_of, plan.values)


def answering(shape: RowShape) -> Answering:
    return Answering(
        rows=_field(read_of, shape),
        by_key=_field(read_one_of, shape, frozenset(map(camel, shape.key))),
        page=_field(connection_of, shape),
        groups=_field(aggregate_of, shape),
    )


def _field(
    tree_of: Callable[[Asked, list[FieldNode], RowShape, Arguments], Tree],
    shape: RowShape,
    operands: frozenset[str] = frozenset(),
) -> DataField:
    def planned(asked: Asked, nodes: list[FieldNode], arguments: Arguments) -> Tree:
        return tree_of(asked, nodes, shape, arguments)

    return DataField(planned, operands)
