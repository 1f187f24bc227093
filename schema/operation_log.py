"""The operator's log of operations: a line of JSON each, in files that are turned over.

Rules: one line per call and never a part of one: what callers wrote is ASCII with its control characters
escaped; no variable, no token. The disk is never waited for on the event loop; when it cannot follow, lines
are dropped and counted, because this log is for finding one's way (the usage log is the record).
"""

import json
import logging
import queue
import threading
from logging.handlers import RotatingFileHandler
from pathlib import Path

from schema.observation import Call

FILE = "operations.jsonl"
FILE_BYTES = 16 * 2**20
FILES = 8
WAITING = 10_000
STOP_SECONDS = 5.0


class _Quiet(RotatingFileHandler):
    """A full disk is told by the usage log, which stops the hub's answers; this one prints nothing."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - its name there
        """The line is lost."""


class OperationLog:
    """`close` writes what waits."""

    def __init__(self, folder: Path, *, file_bytes: int = FILE_BYTES, files: int = FILES) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._handler = _Quiet(
            folder / FILE, maxBytes=file_bytes, backupCount=files - 1, encoding="ascii"
        )
        self._waiting: queue.Queue[Call | None] = queue.Queue(WAITING)
        self.dropped = 0
        self._thread = threading.Thread(target=self._write, name="operations", daemon=True)
        self._thread.start()

    def __call__(self, call: Call) -> None:
        try:
            self._waiting.put_nowait(call)
        except queue.Full:
            self.dropped += 1

    def close(self) -> None:
        self._waiting.put(None)
        self._thread.join(STOP_SECONDS)
        self._handler.close()

    def _write(self) -> None:
        while True:
            call = self._waiting.get()
            if call is None:
                return
            self._handler.handle(
                logging.LogRecord("operations", logging.INFO, "", 0, line_of(call), None, None)
            )


def line_of(call: Call) -> str:
    told = {
        "at": call.at.isoformat(timespec="milliseconds"),
        "requestId": call.request_id,
        "over": call.over,
        "client": call.client,
        "operation": call.operation,
        "document": call.document,
        "code": call.code,
        "price": call.price,
        "rows": call.rows,
        "bytes": call.size,
        "queueSeconds": round(call.queued, 6),
        "seconds": round(call.seconds, 6),
    }
    return json.dumps(told, separators=(",", ":")).replace("\x7f", "\\u007f")
