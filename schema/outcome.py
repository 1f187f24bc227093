"""What one operation came to: its data as bytes, its errors, and what was read for it.

Rules: the bytes of a reply are made from it and from nothing else, and so is the usage record, once for
each reader that they are handed to.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import orjson

from access.record import Asked, Kept, UsageRecord
from catalog.ids import DatasetCode, Seq
from schema.caller import Caller
from schema.errors import ErrorBody
from schema.provenance import LiveSource, Provenance, shown
from schema.reply import Request, digest

NOT_MODIFIED = "NOT_MODIFIED"
INLINE = 64 * 1024
"""Bytes of data up to which a reply is put together and recorded on the event loop."""


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


@dataclass(slots=True)
class Contents:
    """The last content that was made of an outcome, with the ages it tells."""

    last: tuple[tuple[int, ...], Content] | None = None


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

    remembered: Seq | None = None
    """The newest published version when it came from memory alone; None: it was read."""
    _contents: Contents = field(default_factory=Contents, repr=False, compare=False)

    def again(self, started: datetime, seconds: float) -> "Outcome":
        """The same outcome of another operation; what was made of it stays made."""
        same = object.__new__(Outcome)
        same.__dict__.update(self.__dict__, started=started, seconds=seconds)
        return same

    def content(self, now: datetime) -> Content:
        """The whole reply; `now` is what the age of the data is told by. The same one as long as no age
        differs.
        """
        if self.unchanged:
            return Content(b"")
        if self.live:
            return self._content(now)
        ages = tuple([origin.age(now) for origin in self.provenance])
        last = self._contents.last
        if last is None or last[0] != ages:
            last = self._contents.last = ages, self._content(now)
        return last[1]

    def _content(self, now: datetime) -> Content:
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
    outcome: Outcome,
    content: Content,
    request: Request,
    caller: Caller,
    request_id: str,
    keep: Callable[[Asked], Asked | Kept] = lambda asked: asked,
) -> UsageRecord:
    """The record of handing `content` to this caller; `keep` may have put away what was asked before."""
    grants = [caller.scope.grant(code) for code in sorted(outcome.columns)]
    variables = orjson.dumps(request.variables).decode() if request.variables else "{}"
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
        asked=keep(Asked(request.query, variables, request.operation_name)),
        calls={source.interface: source.outcomes for source in outcome.live},
    )


def answer_of(fields: Mapping[str, object]) -> str:
    """The digest of what the data fields came to, by their names in the reply."""
    return digest(orjson.dumps(fields))


def code_of(error: ErrorBody) -> object:
    extensions = error["extensions"]
    return extensions.get("code") if isinstance(extensions, dict) else None
