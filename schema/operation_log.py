"""The operator's log of operations: a line of JSON each, in files that are turned over.

Rules: one line per call and never a part of one: what callers wrote is ASCII with its control characters
escaped; no variable, no token. The disk is never waited for on the event loop; when it cannot follow, lines
are dropped and counted, because this log is for finding one's way (the usage log is the record).
"""

import logging
import threading
from collections import deque
from collections.abc import Iterator
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from logging.handlers import RotatingFileHandler
from pathlib import Path

from schema.observation import Call

FILE = "operations.jsonl"
FILE_BYTES = 16 * 2**20
FILES = 8
WAITING = 10_000
PAUSE_SECONDS = 0.05
"""How long calls wait to be written together: a thread that wakes for each takes as long as the call."""
TOGETHER = 500
"""Calls that are written in one piece."""
STOP_SECONDS = 5.0
LINE = (
    '{"at":"%s","requestId":%s,"over":%s,"client":%s,"operation":%s,"document":%s,"code":%s,'
    '"price":%s,"rows":%d,"bytes":%d,"queueSeconds":%r,"seconds":%r}'
)


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
        self._waiting: deque[Call] = deque()
        self._closing = threading.Event()
        self.dropped = 0
        self._thread = threading.Thread(target=self._write, name="operations", daemon=True)
        self._thread.start()

    def __call__(self, call: Call) -> None:
        if len(self._waiting) < WAITING:
            self._waiting.append(call)
        else:
            self.dropped += 1

    def close(self) -> None:
        self._closing.set()
        self._thread.join(STOP_SECONDS)
        self._handler.close()

    def _write(self) -> None:
        while not self._closing.wait(PAUSE_SECONDS):
            self._write_waiting()
        self._write_waiting()

    def _write_waiting(self) -> None:
        while self._waiting:
            some = [self._waiting.popleft() for _ in range(min(TOGETHER, len(self._waiting)))]
            for lines in _fitting([line_of(call) for call in some], self._handler.maxBytes):
                self._handler.handle(
                    logging.LogRecord("operations", logging.INFO, "", 0, lines, None, None)
                )


def _fitting(lines: list[str], most: int) -> Iterator[str]:
    """Lines put together to texts of no more bytes than a file holds."""
    text = ""
    for line in lines:
        if text and len(text) + len(line) + 2 > most:
            yield text
            text = line
        else:
            text = f"{text}\n{line}" if text else line
    if text:
        yield text


def line_of(call: Call) -> str:
    return LINE % (
        call.at.isoformat(timespec="milliseconds"),
        _text(call.request_id),
        _often(call.over),
        _often(call.client),
        _often(call.operation),
        _often(call.document),
        _often(call.code),
        "null" if call.price is None else call.price,
        call.rows,
        call.size,
        round(call.queued, 6),
        round(call.seconds, 6),
    )


def _text(text: str | None) -> str:
    return "null" if text is None else encode_basestring_ascii(text).replace("\x7f", "\\u007f")


_often = lru_cache(maxsize=1_024)(_text)
"""What many calls have in common."""
