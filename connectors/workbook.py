"""Reads one sheet of an xlsx workbook by its declared headers, with row numbers.

Rules: a workbook is unpacked by us first, member by member against byte, ratio and rectangle
limits, so that a bomb meets our counter and not the parser's memory; merged cells in the header
refuse the file; a row that shares a merged cell, shows an Excel error or a number longer than the
15 digits Excel keeps is carried on, marked. Numbers become the shortest text that reads back equal.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import TypeAlias
from xml.parsers import expat

import python_calamine as calamine

from connectors.columns import Layout, Row
from connectors.errors import (
    FileEmpty,
    HeaderMerged,
    HeaderRepeated,
    SheetMissing,
    WorkbookBomb,
    WorkbookUnreadable,
)
from connectors.limits import Limits

CHUNK = 1 << 20
EXACT_DIGITS = 10**15
ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"})
REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})\Z")
Cell: TypeAlias = int | float | str | bool | time | date | datetime | timedelta
Corner: TypeAlias = tuple[int, int]


def workbook_rows(
    content: bytes, name: str, layout: Layout, sheet_name: str | None, header: int, limits: Limits
) -> Iterator[Row]:
    """Row number, values in the layout's order, fault: of each row below the header row."""
    check_unpacked(content, name, limits)
    sheet = _sheet(content, name, sheet_name)
    rows = enumerate(sheet.iter_rows(), start=1)
    names = next(([_text(c).strip() for c in cells] for line, cells in rows if line == header), [])
    if not any(names):
        raise FileEmpty(file=name)
    # Ranges are (row, column) corners, 0-based, both included.
    merged = [(first, last) for first, last in sheet.merged_cell_ranges or [] if first != last]
    _check_header(names, header, name, layout, merged)
    marked = _merged_lines(merged, header)
    positions = [names.index(text) for text in layout.headers]
    for line, cells in rows:
        if any(cell != "" for cell in cells):
            chosen = [cells[p] if p < len(cells) else "" for p in positions]
            fault = marked.get(line) or _fault(chosen, layout)
            yield line, [_text(cell) or None for cell in chosen], fault


def check_unpacked(content: bytes, name: str, limits: Limits) -> None:
    """Unpack every member, keeping nothing, and stop at the first limit it passes."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > limits.workbook_members:
                raise WorkbookBomb(file=name, problem=f"{len(members)} members")
            _count(archive, members, name, limits)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as wrong:
        raise WorkbookUnreadable(file=name, problem=str(wrong)) from wrong
    except expat.ExpatError as wrong:
        raise WorkbookUnreadable(file=name, problem=f"XML: {wrong}") from wrong


def _count(
    archive: zipfile.ZipFile, members: Sequence[zipfile.ZipInfo], name: str, limits: Limits
) -> None:
    total = 0
    for member in members:
        extent = _Extent(name, limits) if _is_xml(member) else None
        here = 0
        with archive.open(member) as stream:
            while chunk := stream.read(CHUNK):
                here += len(chunk)
                total += len(chunk)
                if total > limits.workbook_unpacked:
                    raise WorkbookBomb(file=name, problem=f"> {limits.workbook_unpacked} bytes")
                if here > CHUNK and here > limits.workbook_ratio * max(member.compress_size, 1):
                    raise WorkbookBomb(file=name, problem=f"ratio > {limits.workbook_ratio}")
                if extent is not None:
                    extent.feed(chunk)


def _is_xml(member: zipfile.ZipInfo) -> bool:
    return not member.is_dir() and member.filename.lower().endswith((".xml", ".rels"))


class _Extent:
    """Refuses a sheet whose few cells span a rectangle that no memory holds."""

    def __init__(self, name: str, limits: Limits) -> None:
        self.name, self.limits = name, limits
        self.rows = self.columns = 0
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EntityDeclHandler = self._entity

    def feed(self, chunk: bytes) -> None:
        self.parser.Parse(chunk, False)  # noqa: FBT003 - expat's own signature

    def _start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag.rpartition(":")[2] != "c":
            return
        reference = REFERENCE.match(attributes.get("r", ""))
        if reference is None:
            return
        self.rows = max(self.rows, int(reference[2]))
        self.columns = max(self.columns, _column_number(reference[1]))
        if self.rows * self.columns > self.limits.sheet_cells:
            raise WorkbookBomb(file=self.name, problem=f"{self.rows} x {self.columns} cells")

    def _entity(self, *_: object) -> None:
        raise WorkbookBomb(file=self.name, problem="XML entities")


def _sheet(content: bytes, name: str, wanted: str | None) -> calamine.CalamineSheet:
    try:
        workbook = calamine.load_workbook(io.BytesIO(content))
        names = workbook.sheet_names
        if not names or (wanted is not None and wanted not in names):
            raise SheetMissing(file=name, sheet=wanted or "", found=", ".join(names))
        return workbook.get_sheet_by_name(wanted or names[0])
    except calamine.CalamineError as wrong:
        raise WorkbookUnreadable(file=name, problem=str(wrong)) from wrong


def _check_header(
    names: list[str],
    line: int,
    name: str,
    layout: Layout,
    merged: Sequence[tuple[Corner, Corner]],
) -> None:
    for first, last in merged:
        if first[0] < line <= last[0] + 1:
            raise HeaderMerged(file=name, line=line, cells=_cells(first, last))
    doubled = next((text for text in names if text and names.count(text) > 1), None)
    if doubled is not None:
        raise HeaderRepeated(file=name, line=line, header=doubled)
    layout.missing(names, name, line)


def _merged_lines(merged: Sequence[tuple[Corner, Corner]], header: int) -> dict[int, str]:
    found: dict[int, str] = {}
    for first, last in merged:
        for row in range(max(first[0], header), last[0] + 1):
            found[row + 1] = f"merged_cells:{_cells(first, last)}"
    return found


def _fault(cells: Sequence[Cell], layout: Layout) -> str | None:
    for cell, column in zip(cells, layout.columns, strict=True):
        if isinstance(cell, str) and cell in ERRORS:
            return f"cell_error:{column.header} is {cell}"
        if isinstance(cell, float | int) and abs(cell) >= EXACT_DIGITS:
            return f"number_inexact:{column.header} has more than 15 digits, store it as text"
    return None


def _text(cell: Cell) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    return str(cell)


def _cells(first: Corner, last: Corner) -> str:
    return f"{_column_name(first[1])}{first[0] + 1}:{_column_name(last[1])}{last[0] + 1}"


def _column_name(index: int) -> str:
    name = ""
    while index >= 0:
        name = chr(ord("A") + index % 26) + name
        index = index // 26 - 1
    return name


def _column_number(name: str) -> int:
    number = 0
    for letter in name:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
