"""What the usage log is told of an export: that it begins, each part before it leaves, and how it ended.

Rules: the record of the beginning stands before the first byte and is the call that a quota counts; a part is
written and counted before it leaves; every export that began has a record of its end, which names the
first one, with rows, bytes, digest and outcome. Bytes are those of the file, before Content-Encoding.
"""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from time import perf_counter

import orjson

from access.meter import Call
from access.record import Asked, Part, UsageId, UsageRecord
from access.usage import UsageLog
from schema.export.encoder import Piece
from schema.export.reading import ExportReading
from schema.export.wanted import Wanted
from schema.reply import digest

BEGUN = "EXPORT_BEGUN"
"""The outcome of the first record."""


class Account:
    """Of one export; every method blocks."""

    def __init__(self, log: UsageLog, wanted: Wanted, held: Call | None) -> None:
        self.wanted = wanted
        self.rows = 0
        self.bytes = 0
        self.usage: UsageId | None = None
        """The record of the beginning; None before it."""
        self._log = log
        self._held = held
        self._digest = hashlib.sha256()
        self._record: UsageRecord | None = None
        self._since = perf_counter()
        self._ended = False

    def begin(self, reading: ExportReading) -> UsageId:
        """QuotaSpent, UsageLogUnavailable: nothing may leave."""
        record = self._first(reading)
        self.usage = self._log.record(record, self._held)
        self._record = record
        return self.usage

    def part(self, rows: int, content: Piece) -> None:
        """QuotaSpent, UsageLogUnavailable: it may not leave."""
        if self._record is None or self.usage is None:
            raise RuntimeError("a part of an export that has not begun")
        record = self._record
        part = Part(self.usage, record.grants, record.started, rows, len(content))
        self._log.part(part, self._held)
        self.rows += rows
        self.bytes += len(content)
        self._digest.update(content)

    def end(self, outcome: str) -> None:
        """Once, whatever is said later. UsageLogUnavailable."""
        if self._record is None or self._ended:
            return
        self._ended = True
        record = replace(
            self._record,
            reply=self._digest.hexdigest(),
            rows=self.rows,
            reply_bytes=self.bytes,
            seconds=perf_counter() - self._since,
            outcome=outcome,
            begun=self.usage,
        )
        self._log.record(record)

    def _first(self, reading: ExportReading) -> UsageRecord:
        caller, request = self.wanted.caller, self.wanted.request
        grants = [reading.scope.grant(code) for code in sorted(reading.columns)]
        return UsageRecord(
            client=caller.principal.client,
            organisation=caller.principal.organisation,
            grants=tuple(grant.id for grant in grants),
            purposes=tuple(sorted({grant.purpose for grant in grants})),
            operation=request.digest,
            reply=digest(b""),
            columns=reading.columns,
            rows=0,
            reply_bytes=0,
            started=datetime.now(UTC),  # usage runs on system time
            seconds=0.0,
            outcome=BEGUN,
            request_id=self.wanted.request_id,
            version=reading.version,
            case=caller.stated.case,
            asked=Asked(
                request.query,
                orjson.dumps(request.variables).decode(),
                request.operation_name,
            ),
            media=self.wanted.form.media,
        )
