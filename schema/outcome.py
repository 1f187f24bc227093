"""What one operation came to: its data as bytes, its errors, and what was read for it.

Rules: the bytes of a reply are made from it and from nothing else, and so is the usage record, once for
each reader that they are handed to.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import orjson

from access.record import Asked, UsageRecord
from catalog.ids import DatasetCode, Seq
from schema.caller import Caller
from schema.errors import ErrorBody
from schema.provenance import LiveSource, Provenance, shown
from schema.reply import Request, digest

NOT_MODIFIED = "NOT_MODIFIED"


@dataclass(frozen=True)
class Content:
    """A finished reply; what is made of its bytes is made once, however many it is handed to."""

    bytes: bytes

    @cached_property
    def text(self) -> str:
        return self.bytes.decode()

    @cached_property
    def digest(self) -> str:
        return digest(self.bytes)


@dataclass(frozen=True)
class Outcome:
    """`columns`: each data set that was read, with the columns that the answer shows or depends on."""

    data: bytes
    errors: tuple[ErrorBody, ...]
    provenance: tuple[Provenance, ...]
    columns: Mapping[DatasetCode, tuple[str, ...]]
    rows: int
    price: int | None
    """What the data fields might have read; None when there are none."""
    version: Seq | None
    answer: str
    """Digest of the data fields alone."""
    started: datetime
    seconds: float
    live: tuple[LiveSource, ...] = ()
    """The interfaces that were asked; their columns stand among `columns`."""
    unchanged: bool = False
    """The caller has the answer already, and is told so instead of it."""
    tag: str | None = None
    """Of the answer, where it was asked for by GET."""

    def content(self, now: datetime) -> Content:
        """The whole reply; `now` is what the age of the data is told by."""
        if self.unchanged:
            return Content(b"")
        body: dict[str, object] = {"data": orjson.Fragment(self.data)}
        if self.errors:
            body["errors"] = self.errors
        extensions: dict[str, object] = {}
        if self.columns:
            extensions["data"] = shown(self.provenance, self.live, now)
        if self.price is not None:
            extensions["price"] = self.price
        if extensions:
            body["extensions"] = extensions
        return Content(orjson.dumps(body))

    @cached_property
    def code(self) -> str:
        """`OK`, `NOT_MODIFIED`, or the code of the first error."""
        if self.unchanged:
            return NOT_MODIFIED
        return str(code_of(self.errors[0])) if self.errors else "OK"

    @cached_property
    def mark(self) -> str:
        """Differs when the data or the errors do; versions, ages and request ids do not count."""
        told = [[code_of(error), error.get("path")] for error in self.errors]
        return digest(self.data + orjson.dumps(told))


def usage_of(
    outcome: Outcome, content: Content, request: Request, caller: Caller, request_id: str
) -> UsageRecord:
    """The record of handing `content` to this caller."""
    grants = [caller.scope.grant(code) for code in sorted(outcome.columns)]
    return UsageRecord(
        client=caller.principal.client,
        organisation=caller.principal.organisation,
        grants=tuple(grant.id for grant in grants),
        purposes=tuple(sorted({grant.purpose for grant in grants})),
        operation=request.digest,
        reply=content.digest,
        columns=outcome.columns,
        rows=outcome.rows,
        reply_bytes=len(content.bytes),
        started=outcome.started,
        seconds=outcome.seconds,
        outcome=outcome.code,
        request_id=request_id,
        version=outcome.version,
        case=caller.stated.case,
        answer=outcome.answer,
        asked=Asked(
            request.query,
            orjson.dumps(request.variables).decode(),
            request.operation_name,
        ),
        calls={source.interface: source.outcomes for source in outcome.live},
    )


def answer_of(fields: Mapping[str, object]) -> str:
    """The digest of what the data fields came to, by their names in the reply."""
    return digest(orjson.dumps(fields))


def code_of(error: ErrorBody) -> object:
    extensions = error["extensions"]
    return extensions.get("code") if isinstance(extensions, dict) else None
