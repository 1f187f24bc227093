"""Reads a CSV file by its declared columns and encoding, in bounded memory, with line numbers.

Rules: nothing is guessed. What makes the lines after it untrustworthy refuses the file: a wrong
encoding, a NUL byte, an over-long line, an unclosed quote, a missing or doubled header. A row with
too few or too many fields is one row's fault: it is carried on, marked, for the gate to set apart.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from connectors.columns import Layout, Row
from connectors.errors import (
    EncodingWrong,
    FileEmpty,
    HeaderRepeated,
    LineTooLong,
    NulByte,
    QuoteUnclosed,
)
from connectors.limits import Limits

BOMS = (b"\xff\xfe", b"\xfe\xff")
UTF8_BOM = b"\xef\xbb\xbf"
ENOUGH_CHARACTERS = 4
"""Different characters beyond ASCII that all read as UTF-8: GB18030 text does that by chance with
one or two, hardly with more."""


@dataclass(slots=True)
class Lines:
    """The decoded lines of a stream; it remembers enough to say what was wrong and where."""

    stream: BinaryIO
    name: str
    encoding: str
    limit: int
    number: int = 0
    as_utf8: set[str] | None = field(default_factory=set)
    """Characters beyond ASCII while every line so far could be UTF-8; None once one could not."""

    def __iter__(self) -> Iterator[str]:
        while raw := self.stream.readline(self.limit + 1):
            self.number += 1
            if len(raw) > self.limit:
                raise LineTooLong(file=self.name, line=self.number, limit=self.limit)
            if self.number == 1:
                raw = self._without_mark(raw)
            if b"\0" in raw:
                raise NulByte(file=self.name, line=self.number)
            yield self._text(raw)
        if self.as_utf8 is not None and self.encoding != "utf-8":
            self._refuse_utf8(self.as_utf8)

    def _without_mark(self, raw: bytes) -> bytes:
        if raw.startswith(BOMS) or (raw.startswith(UTF8_BOM) and self.encoding != "utf-8"):
            raise self.wrong_encoding()
        return raw.removeprefix(UTF8_BOM)

    def _text(self, raw: bytes) -> str:
        if raw.isascii():
            return raw.decode("ascii")
        if self.as_utf8 is not None and self.encoding != "utf-8":
            try:
                self.as_utf8.update(c for c in raw.decode("utf-8") if not c.isascii())
            except UnicodeDecodeError:
                self.as_utf8 = None
        try:
            return raw.decode(self.encoding)
        except UnicodeDecodeError:
            raise self.wrong_encoding() from None

    def _refuse_utf8(self, characters: set[str]) -> None:
        if len(characters) >= ENOUGH_CHARACTERS:
            self.number = 1
            raise self.wrong_encoding()

    def looks_like_utf8(self) -> bool:
        """Whether every line so far holds text beyond ASCII that is also valid UTF-8."""
        return self.encoding != "utf-8" and bool(self.as_utf8)

    def wrong_encoding(self) -> EncodingWrong:
        return EncodingWrong(file=self.name, line=self.number, encoding=self.encoding)


def csv_rows(
    stream: BinaryIO, name: str, layout: Layout, encoding: str, delimiter: str, limits: Limits
) -> Iterator[Row]:
    """Line, values in the layout's order, fault: of each record after the header."""
    lines = Lines(stream, name, encoding, limits.line)
    records = _records(lines, name, delimiter)
    header = next(records, None)
    if header is None:
        raise FileEmpty(file=name)
    line, names = header
    names = [text.strip() for text in names]
    _check_header(names, line, name, layout, lines)
    positions = [names.index(header) for header in layout.headers]
    width = len(names)
    for line, record in records:
        found = len(record)
        if found == width:
            yield line, [record[p] or None for p in positions], None
        elif record:
            if lines.number > line:  # the record swallowed line breaks, and perhaps whole rows
                raise QuoteUnclosed(file=name, line=line)
            values = [(record[p] or None) if p < found else None for p in positions]
            yield line, values, f"ragged_row:expected {width} fields, found {found}"


def _records(lines: Lines, name: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(iter(lines), delimiter=delimiter, strict=True)
    start = 1
    while True:
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as wrong:
            if "field limit" in str(wrong) and reader.line_num == start:
                limit = csv.field_size_limit()
                raise LineTooLong(file=name, line=start, limit=limit) from wrong
            raise QuoteUnclosed(file=name, line=start) from wrong
        yield start, record
        start = reader.line_num + 1


def _check_header(names: list[str], line: int, name: str, layout: Layout, lines: Lines) -> None:
    doubled = next((text for text in names if text and names.count(text) > 1), None)
    if doubled is not None:
        raise HeaderRepeated(file=name, line=line, header=doubled)
    if lines.looks_like_utf8() and not set(layout.headers) <= set(names):
        lines.number = line
        raise lines.wrong_encoding()
    layout.missing(names, name, line)
