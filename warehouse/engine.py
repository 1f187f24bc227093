"""The one door to the engine: read what `query/` locked, build what is derived, publish what was checked.

Exactly one process owns the engine. `publish` is atomic and idempotent on the load id, and the only
way in: the publication row commits in the same transaction as its data (the commit point).
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from catalog.contracts import Contract, Severity
from catalog.ids import DatasetCode, LoadId, RuleId, Seq
from catalog.predicate import Scalar, Values
from query.statement import LockedStatement
from warehouse.tables import Run


@dataclass(frozen=True, slots=True)
class ReferenceRule:
    """Rows whose `columns` name no row of `target`'s published data fail; a null among them passes.

    `tolerance`: the share of rows that may fail before a critical rule rejects the batch.
    """

    rule_id: RuleId
    columns: tuple[str, ...]
    target: DatasetCode
    target_columns: tuple[str, ...]
    severity: Severity
    tolerance: float = 0.0


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """A checked batch on its way in: `rows` has the contract's columns, and `_row`, the row's number
    in the landed file. Which rows only published data could refuse, and why, is written to `unfit`
    before the commit. `withheld` has the keys that arrived in rows the gate set apart: a snapshot does
    not end them, their last good version stays. Not `whole`: some of those rows have no readable key,
    so nobody can say which keys are missing, and a snapshot ends none. `known_until`: a late batch, whose
    rows must not replace what was published after that instant.
    """

    load_id: LoadId
    contract: Contract
    rows: Path
    digest: str
    unfit: Path
    references: tuple[ReferenceRule, ...] = ()
    withheld: Path | None = None
    whole: bool = True
    known_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Publication:
    """One version: what a load did to its data set."""

    seq: Seq
    data_set: DatasetCode
    load_id: LoadId
    digest: str
    published_at: datetime
    added: int
    changed: int
    removed: int
    rejected: int
    rows: int
    """Rows of the whole data set after it."""
    checked: int
    """Rows of the batch that the rules against published data looked at."""
    findings: Mapping[RuleId, int]
    """How many of them failed each of these rules."""


@dataclass(frozen=True, slots=True)
class Published:
    """What is published at one moment: the newest version, and the newest publication of each data set."""

    seq: Seq
    publications: Mapping[DatasetCode, Publication]


@dataclass(frozen=True, slots=True)
class Answer:
    """JSON: an array of objects; for a single statement an object or null. `rows` of the outer list."""

    content: bytes
    rows: int


@dataclass(frozen=True, slots=True)
class Health:
    """`rows` and `bytes` of the whole warehouse."""

    seq: Seq
    data_sets: int
    bytes: int


Listener = Callable[[DatasetCode], None]


class RowStream(Protocol):
    """The rows of a statement, batch by batch; each call blocks."""

    @property
    def schema(self) -> pa.Schema: ...

    def next(self) -> pa.RecordBatch | None:
        """None at the end. QueryTooLong when interrupted, WarehouseFault."""
        ...

    def close(self) -> None: ...


class ReadSession(Protocol):
    """One operation: one cursor, one read transaction, one version for all that it reads."""

    @property
    def seq(self) -> Seq:
        """The newest version this operation sees."""
        ...

    @property
    def at(self) -> Seq | None:
        """The version to compile against: None for now."""
        ...

    def read(self, statement: LockedStatement, values: Values = ()) -> Answer:
        """Blocking; `values` are put into the statement's slots. WrongValue, QueryTooLong when
        interrupted, WarehouseFault when the engine fails.
        """
        ...

    def stream(self, statement: LockedStatement, rows: int) -> RowStream:
        """Batches of so many rows, with bounded memory; nothing else is read before it is closed."""
        ...

    def publications(self, data_sets: Collection[DatasetCode]) -> Mapping[DatasetCode, Publication]:
        """The version of each data set that this operation reads (None: of all); none for a set
        never published.
        """
        ...

    def interrupt(self) -> None:
        """End a running read; may be called from another thread."""
        ...


Bound = Mapping[str, Scalar | Sequence[Scalar]]
"""A statement's parameters by name."""


class RowMirror(Protocol):
    """Answers small reads from a row store that holds the same versions. It never fails: what it cannot
    answer exactly as the engine would, or not at once, it leaves to the engine.
    """

    def read(
        self,
        statements: Sequence[tuple[LockedStatement, Bound]],
        published: Mapping[DatasetCode, Seq],
        rows: int = 0,
    ) -> list[Answer] | None:
        """All of them, from the versions `published` and no other; None: read them from the engine.

        Short enough for the event loop, unless so many `rows` are to come that it may take a thread's time.
        `asOf` and live queries never ask it.
        """
        ...

    def takes(
        self, statements: Iterable[LockedStatement], published: Mapping[DatasetCode, Seq]
    ) -> bool:
        """Whether it would try to answer them from these versions."""
        ...


class Companion(Protocol):
    """Has what is published, too, and comes along with each commit."""

    def along(self, contract: Contract, run: Run) -> AbstractContextManager[None]:
        """Around the commit of what the open transaction `run` publishes. It may take its time, and fails
        only with MirrorNotWritten, when it has ended the transaction: then it is to be left out.
        """
        ...


class Engine(Protocol):
    def session(
        self, as_of: datetime | None = None, version: Seq | None = None
    ) -> AbstractContextManager[ReadSession]:
        """AsOfTooOld when no version is kept from then; `version` reads the one of this number."""
        ...

    def prepare(self, *contracts: Contract) -> None:
        """Make sure the data sets' tables exist and have their contract's columns."""
        ...

    def publish(self, plan: LoadPlan) -> Publication:
        """The publication of this load, made now or earlier. BatchRejected, InputNotPublished."""
        ...

    def listen(self, listener: Listener) -> None:
        """Hear of each publication, from the thread that made it, after its commit."""
        ...

    def build(self, statement: LockedStatement) -> AbstractContextManager[pa.RecordBatchReader]:
        """The rows of a derivation, read from one version; WarehouseFault."""
        ...

    @property
    def mirror(self) -> RowMirror | None:
        """Where small reads may be answered at once; None when there is no such place."""
        ...

    @property
    def published(self) -> Published | None:
        """From memory. None for the moment between a commit and its being noted, when it is not known
        that nobody has seen a newer version.
        """
        ...

    def latest(self) -> Mapping[DatasetCode, Publication]:
        """The newest publication of each data set."""
        ...

    def publication_of(self, load_id: LoadId) -> Publication | None: ...

    def maintain(self) -> None:
        """Fold the write-ahead log into the file."""
        ...

    def health(self) -> Health: ...

    def close(self) -> None: ...
