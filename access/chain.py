"""The format of a chained log, and its verification with nothing but the files.

A segment is `<first number>.log`; a line is the hash in hex, a blank, and a body in canonical JSON
that carries its number. The hash covers the previous hash and the body. The first line of each
segment names its algorithm and repeats the hash before it, so no segment can be taken out unseen.
A chain alone cannot tell a cut tail or a rewriting from some point on: heads that were witnessed
elsewhere can, and are checked where they are given.
"""

import binascii
import hashlib
import mmap
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Literal

import orjson

Algorithm = Literal["sha256", "sm3"]
HASHES: Mapping[Algorithm, Callable[[bytes], bytes]] = {
    "sha256": lambda data: hashlib.sha256(data).digest(),
    "sm3": lambda data: hashlib.new("sm3", data).digest(),
}
GENESIS = bytes(32)
"""The hash before the first record."""
HEX = 64
LINE = re.compile(rb"[0-9a-f]{64} \{.*\}")
SEGMENT_NAME = re.compile(r"\d{12}\.log")


@dataclass(frozen=True, slots=True)
class Position:
    """Where a chain stands: the number and hash of its last record."""

    number: int
    head: bytes


Record = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Entry:
    number: int
    kind: str
    record: Record


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of a segment: its last whole record, and where the torn rest begins."""

    position: Position | None
    size: int
    torn: bytes


class Finding(StrEnum):
    OK = "ok"
    BROKEN = "broken"
    """A record was changed, or is not a record at all."""
    GAP = "gap"
    """Records or a segment are missing."""
    TORN = "torn"
    """The last line is incomplete: a crash, or a writer at work."""
    REWRITTEN = "rewritten"
    """A witnessed head differs."""
    CUT = "cut"
    """A witnessed head lies beyond the end."""
    EMPTY = "empty"
    """There is no segment: the wrong folder, or everything was taken away."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`count` records hold, the last with the hash `head`; `file` and `line` say where it ends."""

    finding: Finding
    count: int
    head: str
    file: str | None = None
    line: int | None = None
    recovered: int = 0
    """How often a torn line was kept aside, as the chain itself tells."""

    @property
    def ok(self) -> bool:
        return self.finding is Finding.OK


def canonical(value: object) -> bytes:
    """JSON in UTF-8 without blanks: mappings by sorted key, values of a class in its own order."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)


def body_of(kind: str, number: int, record: bytes) -> bytes:
    """The canonical body of a record, which is canonical itself."""
    return b'{"kind":"%s","number":%d,"record":%s}' % (kind.encode(), number, record)


def link(algorithm: Algorithm, head: bytes, body: bytes) -> bytes:
    """The hash of the next record."""
    return HASHES[algorithm](head + body)


def segments(folder: Path) -> list[Path]:
    """In the order of the chain."""
    return sorted(file for file in folder.glob("*.log") if SEGMENT_NAME.fullmatch(file.name))


def segment_name(number: int) -> str:
    """Of the segment whose first record has this number."""
    return f"{number:012d}.log"


def algorithm_of(segment: Path) -> Algorithm | None:
    """As its first record says; None where it has none."""
    with segment.open("rb") as stream:
        entry = parsed(stream.readline().rstrip(b"\n"))
    return _algorithm(entry) if entry is not None else None


def parsed(line: bytes) -> Entry | None:
    """None for what is not a record."""
    if not LINE.fullmatch(line):
        return None
    try:
        body = orjson.loads(line[HEX + 1 :])
    except orjson.JSONDecodeError:
        return None
    match body:
        case {"number": int(number), "kind": str(kind), "record": dict(record)}:
            return Entry(number, kind, record)
    return None


def own_entry(line: bytes) -> Entry:
    """Of a line that this hub has just written itself; ValueError, KeyError where it is none."""
    body = orjson.loads(line[HEX + 1 :])
    return Entry(body["number"], body["kind"], body["record"])


def tail(segment: Path) -> Tail:
    """Reads backwards to the last well-formed line; what follows it was torn by a crash."""
    size = segment.stat().st_size
    if size == 0:
        return Tail(None, 0, b"")
    with segment.open("rb") as stream, mmap.mmap(stream.fileno(), 0, prot=mmap.PROT_READ) as data:
        end = data.rfind(b"\n") + 1
        while end > 0:
            start = data.rfind(b"\n", 0, end - 1) + 1
            line = data[start : end - 1]
            entry = parsed(line)
            if entry is not None:
                head = binascii.unhexlify(line[:HEX])
                return Tail(Position(entry.number, head), end, data[end:])
            end = start
        return Tail(None, 0, data[:])


def entries(folder: Path) -> Iterator[Entry]:
    """All records in order, unverified; stops at the first line that is none."""
    for segment in segments(folder):
        with segment.open("rb") as stream:
            for line in stream:
                entry = parsed(line.rstrip(b"\n"))
                if entry is None:
                    return
                yield entry


def lines_from(folder: Path, number: int) -> Iterator[bytes]:
    """The lines of the chain from the record of this number on; each record is one line."""
    files = segments(folder)
    while len(files) > 1 and int(files[1].stem) <= number:
        files.pop(0)
    for place, segment in enumerate(files):
        skipped = number - int(segment.stem) if place == 0 else 0
        with segment.open("rb") as stream:
            for line in islice(stream, max(0, skipped), None):
                yield line.rstrip(b"\n")


def verify(folder: Path, witnessed: Mapping[int, str] | None = None) -> Verdict:
    """Recomputes the whole chain; `witnessed` maps record numbers to heads seen elsewhere."""
    walk = _Walk(dict(witnessed or {}))
    files = segments(folder)
    if not files:
        return walk.verdict(Finding.EMPTY)
    for segment in files:
        finding = walk.through(segment, last=segment == files[-1])
        if finding is not None:
            return walk.verdict(finding)
    return walk.verdict(Finding.CUT if walk.unseen() else Finding.OK)


class _Walk:
    """The state of one verification."""

    def __init__(self, witnessed: dict[int, str]) -> None:
        self._witnessed = witnessed
        self._number = 0
        self._head = GENESIS
        self._algorithm: Algorithm | None = None
        self._recovered = 0
        self._file: str | None = None
        self._line: int | None = None

    def unseen(self) -> bool:
        return any(number > self._number for number in self._witnessed)

    def verdict(self, finding: Finding) -> Verdict:
        place = (None, None) if finding is Finding.OK else (self._file, self._line)
        return Verdict(finding, self._number, self._head.hex(), *place, self._recovered)

    def through(self, segment: Path, *, last: bool) -> Finding | None:
        """None where the segment holds."""
        self._file, self._line = segment.name, 1
        if segment.name != segment_name(self._number + 1):
            return Finding.GAP
        self._algorithm = None
        number = 0
        with segment.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                self._line = number
                if last and not line.endswith(b"\n"):
                    return Finding.TORN
                finding = self._step(line.rstrip(b"\n"))
                if finding is not None:
                    return finding
        if number == 0:
            return Finding.TORN if last else Finding.BROKEN
        return None

    def _step(self, line: bytes) -> Finding | None:
        entry = parsed(line)
        if entry is None:
            return Finding.BROKEN
        if self._algorithm is None:
            self._algorithm = _algorithm(entry)
        if self._algorithm is None:
            return Finding.BROKEN
        if entry.number != self._number + 1:
            return Finding.GAP
        head = link(self._algorithm, self._head, line[HEX + 1 :])
        if head != binascii.unhexlify(line[:HEX]):
            return Finding.BROKEN
        self._number, self._head = entry.number, head
        self._recovered += entry.kind == "torn"
        seen = self._witnessed.get(entry.number)
        return Finding.REWRITTEN if seen is not None and seen != head.hex() else None


def _algorithm(entry: Entry) -> Algorithm | None:
    if entry.kind != "segment":
        return None
    match entry.record.get("algorithm"):
        case "sha256":
            return "sha256"
        case "sm3":
            return "sm3"
    return None
