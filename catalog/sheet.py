"""An Excel file as lines of text, each cell still knowing its address.

The file is bounded before it is parsed: unpacked size, parts, cells, rows, the area of merged
ranges; document types are refused (entities that grow without end). A formula, an error value or a
merged cell is a problem of its line, never guessed at.
"""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.worksheet import Worksheet

from catalog.errors import WorkbookRefused

MAX_FILE = 16 * 2**20
MAX_UNPACKED = 64 * 2**20
MAX_PARTS = 200
MAX_CELLS = 400_000
MAX_MERGED = 100_000
MAX_ROWS = 20_000
MAX_COLUMNS = 64
MAX_TEXT = 5_000
HEADER_ROWS = 10
"""The header stands within the first rows: templates begin with a title."""

MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref\s*=\s*[\"']([^\"']*)[\"']")
UNREADABLE = (
    InvalidFileException,
    zipfile.BadZipFile,
    ParseError,
    AttributeError,
    EOFError,
    IndexError,
    KeyError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What the library raises over files that are no workbooks."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one cell, and what to do, in both languages."""

    cell: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Line:
    """One row below the header: texts and addresses by field name."""

    row: int
    texts: Mapping[str, str]
    columns: Mapping[str, int]
    problems: tuple[Problem, ...]

    def text(self, field: str) -> str:
        return self.texts.get(field, "")

    def cell(self, field: str) -> str:
        return f"{get_column_letter(self.columns.get(field, 1))}{self.row}"


def read_lines(
    content: bytes, headers: Mapping[str, str], required: Sequence[str]
) -> tuple[Line, ...]:
    """The lines of the first sheet that has the header; `headers` maps field to column title."""
    check_bounds(content)
    try:
        book = load_workbook(io.BytesIO(content))
    except UNREADABLE as wrong:
        raise _refused("不是有效的 xlsx 工作簿", "it is not a valid xlsx workbook") from wrong
    missing: list[str] = list(headers.values())
    for sheet in book.worksheets:
        if sheet.max_row > MAX_ROWS or sheet.max_column > MAX_COLUMNS:
            raise _refused(
                f"行数超过 {MAX_ROWS} 或列数超过 {MAX_COLUMNS}，请拆分",
                f"it has more than {MAX_ROWS} rows or {MAX_COLUMNS} columns; split it",
            )
        for row in range(1, min(sheet.max_row, HEADER_ROWS) + 1):
            columns = _columns(sheet, row, headers)
            absent = [headers[field] for field in required if field not in columns]
            if not absent:
                return tuple(_lines(sheet, row, columns))
            missing = min(missing, absent, key=len)
    raise _refused(
        f"前 {HEADER_ROWS} 行内没有完整表头，缺少列：{'、'.join(missing)}",
        f"no complete header within the first {HEADER_ROWS} rows; missing: {', '.join(missing)}",
    )


def check_bounds(content: bytes) -> None:
    """WorkbookRefused for what would cost too much to parse."""
    if len(content) > MAX_FILE:
        raise _refused("文件超过 16 MB", "the file is larger than 16 MB")
    too_large = _refused("解压后过大，请拆分", "it is too large once unpacked; split it")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
                raise too_large
            cells = merged = 0
            for part in parts:
                body = archive.read(part)
                if _has_document_type(part.filename, body):
                    raise _refused("含有 DOCTYPE 声明", "it declares a document type")
                if "worksheets/" in part.filename:
                    cells += body.count(b"<c ") + body.count(b"<c>") + body.count(b":c ")
                    merged += sum(map(_area, MERGED.findall(body)))
    except UNREADABLE as wrong:
        raise _refused("不是有效的 xlsx 工作簿", "it is not a valid xlsx workbook") from wrong
    if cells > MAX_CELLS or merged > MAX_MERGED:
        raise too_large


def _has_document_type(name: str, body: bytes) -> bool:
    if not name.endswith((".xml", ".rels", ".vml")):
        return False
    wide = body[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in body[:4]
    return wide or b"<!DOCTYPE" in body or b"<!ENTITY" in body


def _area(reference: bytes) -> int:
    left, top, right, bottom = range_boundaries(reference.decode("ascii", "replace"))
    if left is None or top is None or right is None or bottom is None:
        return MAX_MERGED + 1
    return (right - left + 1) * (bottom - top + 1)


def _columns(sheet: Worksheet, row: int, headers: Mapping[str, str]) -> dict[str, int]:
    titles = {title: field for field, title in headers.items()}
    found: dict[str, int] = {}
    for column in range(1, sheet.max_column + 1):
        title = re.sub(r"\s+", "", str(sheet.cell(row, column).value or ""))
        field = titles.get(title.split("（")[0].split("(")[0].lstrip("*＊"))
        if field is not None:
            found.setdefault(field, column)
    return found


def _lines(sheet: Worksheet, header: int, columns: Mapping[str, int]) -> Iterator[Line]:
    merged: dict[int, str] = {}
    used = set(columns.values())
    for area in sheet.merged_cells.ranges:
        if used & set(range(area.min_col, area.max_col + 1)):
            merged |= dict.fromkeys(range(area.min_row, area.max_row + 1), area.coord)
    for row in range(header + 1, sheet.max_row + 1):
        problems: list[Problem] = []
        if row in merged:
            problems.append(
                Problem(
                    merged[row],
                    "有合并单元格，请取消合并并逐行填写",
                    "cells are merged; unmerge them and fill in each row",
                )
            )
        texts = {
            field: _text(sheet.cell(row, column), problems) for field, column in columns.items()
        }
        if problems or any(texts.values()):
            yield Line(row, texts, columns, tuple(problems))


def _text(cell: Cell | MergedCell, problems: list[Problem]) -> str:
    value = cell.value
    if value is None:
        return ""
    if cell.data_type in {"f", "e"}:
        problems.append(
            Problem(
                cell.coordinate,
                "是公式或错误值，请粘贴为数值",
                "is a formula or an error; paste its value",
            )
        )
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = value.isoformat() if isinstance(value, date | datetime) else str(value)
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(text) > MAX_TEXT or any(ord(c) < ord(" ") and c not in "\n\t" for c in text):
        problems.append(
            Problem(
                cell.coordinate,
                f"超过 {MAX_TEXT} 字或含控制字符",
                f"has more than {MAX_TEXT} characters or control characters",
            )
        )
        return ""
    return text


def _refused(zh: str, en: str) -> WorkbookRefused:
    return WorkbookRefused(problem_zh=zh, problem=en)
