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
from catalog.ids import DatasetCode, GrantId, Seq
from query.relation import Scope
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
    digest: str

    @cached_property
    def text(self) -> str:
        return self.bytes.decode()


def _content(content: bytes) -> Content:
    return Content(content, digest(content))


Rights = tuple[tuple[GrantId, ...], tuple[str, ...]]
"""Grants in the order of their data sets, and their purposes."""


@dataclass(slots=True)
class Made:
    """What was made last, each with what it depends on."""

    end: tuple[tuple[int, ...], bytes] | None = None
    content: tuple[bytes, Content] | None = None
    rights: tuple[Scope, Rights] | None = None


@dataclass(frozen=True)
class Source:
    """What an answer was made from; the same for all answers of a plan while nothing else is published.
    `columns`: each data set that was read, with the columns that the answer shows or depends on.
    """

    provenance: tuple[Provenance, ...] = ()
    columns: Mapping[DatasetCode, tuple[str, ...]] = field(default_factory=dict)
    price: int | None = None
    """What the data fields might have read; None when there are none."""
    version: Seq | None = None
    live: tuple[LiveSource, ...] = ()
    """The interfaces that were asked; their columns stand among `columns`."""
    _made: Made = field(default_factory=Made, repr=False, compare=False)

    def end(self, now: datetime) -> bytes:
        """How a reply ends, behind its data and errors; `now` is what the age of the data is told by. The
        same object as long as no age differs.
        """
        ages, last = tuple([origin.age(now) for origin in self.provenance]), self._made.end
        if last is None or last[0] != ages or self.live:
            last = self._made.end = ages, self._end(now)
        return last[1]

    def _end(self, now: datetime) -> bytes:
        extensions: dict[str, object] = {}
        if self.columns:
            extensions["data"] = shown(self.provenance, self.live, now)
        if self.price is not None:
            extensions["price"] = self.price
        return b',"extensions":%b}' % orjson.dumps(extensions) if extensions else b"}"

    def rights(self, scope: Scope) -> Rights:
        """Those by which a scope reads it."""
        last = self._made.rights
        if last is None or last[0] is not scope:
            grants = [scope.grant(code) for code in sorted(self.columns)]
            purposes = tuple(sorted({grant.purpose for grant in grants}))
            last = self._made.rights = scope, (tuple(grant.id for grant in grants), purposes)
        return last[1]


@dataclass(frozen=True)
class Outcome:
    data: bytes
    errors: tuple[ErrorBody, ...]
    source: Source
    rows: int
    answer: str
    """Digest of the data fields alone."""
    started: datetime
    seconds: float
    unchanged: bool = False
    """The caller has the answer already, and is told so instead of it."""
    tag: str | None = None
    """Of the answer, where it was asked for by GET."""
    remembered: Seq | None = None
    """The newest published version when it came from memory alone; None: it was read."""
    _made: Made = field(default_factory=Made, repr=False, compare=False)

    def again(self, started: datetime, seconds: float) -> "Outcome":
        """The same outcome of another operation; what was made of it stays made."""
        same = object.__new__(Outcome)
        same.__dict__.update(self.__dict__, started=started, seconds=seconds)
        return same

    def content(self, now: datetime) -> Content:
        """The whole reply at `now`; the same one as long as no age differs."""
        if self.unchanged:
            return _content(b"")
        end, last = self.source.end(now), self._made.content
        if last is None or last[0] is not end:
            errors = b',"errors":%b' % orjson.dumps(self.errors) if self.errors else b""
            whole = _content(b'{"data":%b%b%b' % (self.data, errors, end))
            last = self._made.content = end, whole
        return last[1]

    @property
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
    source, principal = outcome.source, caller.principal
    grants, purposes = source.rights(caller.scope)
    variables = orjson.dumps(request.variables).decode() if request.variables else "{}"
    return UsageRecord(
        client=principal.client,
        organisation=principal.organisation,
        grants=grants,
        purposes=purposes,
        operation=request.digest,
        reply=content.digest,
        columns=source.columns,
        rows=outcome.rows,
        reply_bytes=len(content.bytes),
        started=outcome.started,
        seconds=outcome.seconds,
        outcome=outcome.code,
        request_id=request_id,
        version=source.version,
        case=caller.stated.case,
        answer=outcome.answer,
        asked=keep(Asked(request.query, variables, request.operation_name)),
        calls={each.interface: each.outcomes for each in source.live},
    )


def answer_of(fields: Mapping[str, object]) -> str:
    """The digest of what the data fields came to, by their names in the reply."""
    return digest(orjson.dumps(fields))


def code_of(error: ErrorBody) -> object:
    extensions = error["extensions"]
    return extensions.get("code") if isinstance(extensions, dict) else None
