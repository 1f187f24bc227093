"""One usage record as a value, and as it stands in the log.

Rules: what was asked is kept with the record, in the same chain, files and retention: the variables in
the record, the text once for many records, under a number of its own. Only a replay reads them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NewType, cast

from access.chain import Record
from catalog.ids import ClientId, DatasetCode, GrantId, OrganisationCode

ID = re.compile(r"u-(\d{1,18})", re.ASCII)
PART = "part"
"""The kind of entry that holds a `Part`."""
UsageId = NewType("UsageId", str)
"""Names one record: `u-1234`, after its place in the chain."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An operation as it was sent; `variables` as JSON."""

    text: str
    variables: str
    operation_name: str | None


@dataclass(frozen=True, slots=True)
class Kept:
    """An operation in the log: `text` is the number of the record that holds its text."""

    text: int
    variables: str
    operation_name: str | None


@dataclass(frozen=True, slots=True)
class UsageRecord:
    """One data read, whatever its outcome."""

    client: ClientId
    organisation: OrganisationCode
    grants: tuple[GrantId, ...]
    purposes: tuple[str, ...]
    operation: str
    """Digest of the operation's text and variables."""
    reply: str
    """Digest of the reply's bytes."""
    columns: Mapping[DatasetCode, tuple[str, ...]]
    """The data sets that were read, each with the columns that left."""
    rows: int
    reply_bytes: int
    started: datetime
    seconds: float
    outcome: str
    """`OK`, or the stable code of the error."""
    request_id: str
    version: int | None = None
    """The warehouse's version number that was read."""
    case: str | None = None
    """The caller's own reference of what it read for, as it stated it."""
    answer: str | None = None
    """Digest of the data fields alone: what a replay can make again."""
    asked: Asked | Kept | None = None
    calls: Mapping[DatasetCode, tuple[str, ...]] = field(default_factory=dict)
    """The interfaces that were asked, with how each call went: CALLED, CACHED or an error's code."""
    media: str | None = None
    """Of an export: the media type of the file."""
    begun: UsageId | None = None
    """Of an export's end: the record of its beginning, by which it was a call. What left counted as it left."""

    @property
    def charged(self) -> tuple[GrantId, ...]:
        return () if self.begun else charged(self.columns, self.grants, self.calls)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an export, written before it leaves, so that a crash forgets nothing that left: `of` the
    record of its beginning, `at` when that began.
    """

    of: UsageId
    grants: tuple[GrantId, ...]
    at: datetime
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Replayed:
    """What reading again came to: digests of the data fields then and now, never a row."""

    usage: UsageId
    record: UsageRecord
    recorded: str
    replayed: str
    rows: int


def charged(
    columns: Iterable[DatasetCode],
    grants: Sequence[GrantId],
    calls: Mapping[DatasetCode, Sequence[str]],
) -> tuple[GrantId, ...]:
    """The grants of a record, which stand there as their data sets are sorted: each once, an interface's
    as often as it was asked.
    """
    if not calls:
        return tuple(grants)
    order = sorted(columns)
    again = (grants[order.index(code)] for code, asked in calls.items() for _ in asked[1:])
    return (*grants, *again)


def id_of(number: int) -> UsageId:
    return UsageId(f"u-{number}")


def number_of(usage: str) -> int | None:
    """None for what is no id."""
    found = ID.fullmatch(usage)
    return int(found[1]) if found else None


def usage_record(record: Record) -> UsageRecord:
    """As it was, from the log; older records lack what came later."""
    fields = dict(record)
    columns = cast("Mapping[str, list[str]]", fields["columns"])
    fields["columns"] = {DatasetCode(code): tuple(names) for code, names in columns.items()}
    calls = cast("Mapping[str, list[str]]", fields.get("calls", {}))
    fields["calls"] = {DatasetCode(code): tuple(outcomes) for code, outcomes in calls.items()}
    fields["grants"] = tuple(cast("list[str]", fields["grants"]))
    fields["purposes"] = tuple(cast("list[str]", fields["purposes"]))
    fields["started"] = datetime.fromisoformat(cast("str", fields["started"]))
    if fields.get("asked") is not None:
        fields["asked"] = Kept(**cast("dict[str, object]", fields["asked"]))  # type: ignore[arg-type] # our own
    return UsageRecord(**fields)  # type: ignore[arg-type] # our own record, read back
