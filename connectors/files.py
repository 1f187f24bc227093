"""Files that a district drops into a folder: each complete file is one load.

Rules: a file is complete once it bears a name of the pattern (droppers write `.part`, then rename);
only plain files of the inbox itself are opened, never links, and what was opened is what is read,
digested and moved; nothing is moved before the load is recorded; an unreadable file goes to
refused/ beside its reason, a read one to collected/. The same content again is the same load; in a
snapshot only when it comes right after itself, so that going back to an older state counts.
"""

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from io import BufferedReader, FileIO
from pathlib import Path

import pyarrow as pa

from catalog.contracts import PublishMode
from catalog.errors import UserError
from connectors.columns import Layout, Row
from connectors.connections import FilesConnection
from connectors.delimited import csv_rows
from connectors.errors import (
    ConnectionUnknown,
    FileChanged,
    FileEmpty,
    FileTooLarge,
    PathRefused,
)
from connectors.landing import sync
from connectors.limits import LIMITS, Limits
from connectors.options import FilesOptions, options_of
from connectors.source import Extraction, Fetch
from connectors.workbook import workbook_rows

CHUNK = 1 << 20


def file_extractions(fetch: Fetch, limits: Limits = LIMITS) -> Iterator[Extraction]:
    """One a pending file, oldest first; each continues at the cursor of the one before it."""
    if not isinstance(fetch.connection, FilesConnection):
        raise ConnectionUnknown(connection=fetch.source.connection, kind="files")
    options = options_of(fetch, FilesOptions)
    cursor = fetch.cursor
    for path in pending(fetch.connection.folder, options.pattern):
        extraction = FileExtraction(path, fetch, options, cursor, limits)
        yield extraction
        cursor = extraction.cursor() if extraction.acknowledged else cursor


def pending(folder: Path, pattern: str) -> tuple[Path, ...]:
    """The names of the inbox that match, oldest first; links too, so that they are refused."""
    found = []
    if not folder.is_dir():
        return ()
    with os.scandir(folder) as entries:
        for entry in entries:
            if fnmatchcase(entry.name, pattern) and not entry.name.startswith("."):
                try:
                    found.append((entry.stat(follow_symlinks=False).st_mtime_ns, entry.name))
                except FileNotFoundError:
                    continue
    return tuple(folder / name for _, name in sorted(found))


@dataclass(slots=True)
class FileExtraction:
    path: Path
    fetch: Fetch
    options: FilesOptions
    previous: Mapping[str, object] | None
    limits: Limits
    acknowledged: bool = field(default=False, init=False)
    _digest: str = field(default="", init=False)
    _inode: int = field(default=0, init=False)

    @property
    def origin(self) -> str:
        return self.path.name

    def batches(self) -> Iterator[pa.RecordBatch]:
        layout = Layout(self.fetch.contract, frozenset(self.options.absent))
        rows = 0
        with _opened(self.path, self.limits) as stream:
            before = os.fstat(stream.fileno())
            self._inode = before.st_ino
            for batch in layout.batches(self._rows(stream, layout), self.origin):
                rows += batch.num_rows
                yield batch
            self._digest = _digest(stream)
            if _state(os.fstat(stream.fileno())) != _state(before):
                raise FileChanged(file=self.origin)
        if rows == 0 and self.fetch.contract.publish_mode is PublishMode.SNAPSHOT:
            raise FileEmpty(file=self.origin)

    def cursor(self) -> Mapping[str, object]:
        return {"digest": self._digest, "identity": self.identity()}

    def identity(self) -> str:
        if self.fetch.contract.publish_mode is not PublishMode.SNAPSHOT:
            return self._digest
        return chained(self._digest, self.previous)

    def acknowledge(self) -> None:
        self._move("collected")
        self.acknowledged = True

    def refuse(self, error: UserError) -> None:
        # The reason first: a crash between the two leaves no refused file without one.
        self._move("refused", f"{error.code}\n{error.message_zh}\n{error.message_en}\n")

    def _rows(self, stream: BufferedReader, layout: Layout) -> Iterator[Row]:
        options = self.options
        if options.format == "csv":
            return csv_rows(
                stream, self.origin, layout, options.encoding, options.delimiter, self.limits
            )
        content = stream.read(self.limits.workbook + 1)
        if len(content) > self.limits.workbook:
            raise FileTooLarge(file=self.origin, limit=self.limits.workbook)
        return workbook_rows(
            content, self.origin, layout, options.sheet, options.header, self.limits
        )

    def _move(self, room: str, reason: str | None = None) -> None:
        """Rename the file that was read (not one that took its name since) into a sister folder."""
        try:
            there = self.path.lstat()
        except FileNotFoundError:
            return
        if self._inode not in (0, there.st_ino):
            return
        folder = self.path.parent.parent / room
        folder.mkdir(exist_ok=True)
        target = folder / self.path.name
        number = 1
        while os.path.lexists(target):
            number += 1
            target = folder / f"{self.path.stem}.{number}{self.path.suffix}"
        if reason is not None:
            told = target.with_name(target.name + ".reason.txt")
            told.write_text(reason, encoding="utf-8")
            sync(told)
        self.path.rename(target)
        sync(folder)
        sync(self.path.parent)


def chained(digest: str, previous: Mapping[str, object] | None) -> str:
    """The identity of a whole state: the same state right after itself is the same load."""
    if previous is None:
        return digest
    if previous.get("digest") == digest:
        return str(previous.get("identity"))
    return hashlib.sha256(f"{previous.get('identity')}|{digest}".encode()).hexdigest()


def _opened(path: Path, limits: Limits) -> BufferedReader:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as wrong:
        raise FileChanged(file=path.name) from wrong
    except OSError as wrong:
        raise PathRefused(file=path.name, kind=wrong.strerror or "unreadable") from wrong
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode):
        os.close(handle)
        raise PathRefused(file=path.name, kind=stat.filemode(found.st_mode)[0])
    if found.st_size > limits.file:
        os.close(handle)
        raise FileTooLarge(file=path.name, limit=limits.file)
    stream: BufferedReader = BufferedReader(FileIO(handle, "rb"), CHUNK)
    return stream


def _digest(stream: BufferedReader) -> str:
    stream.seek(0)
    return hashlib.file_digest(stream, "sha256").hexdigest()


def _state(found: os.stat_result) -> tuple[int, int]:
    return found.st_size, found.st_mtime_ns
