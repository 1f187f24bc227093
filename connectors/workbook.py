"""Reads one sheet of an xlsx workbook by its declared headers, with row numbers.

Rules: the package is looked through first (`connectors/package.py`), so that a bomb meets our
counter and not the parser's memory; merged cells in the header refuse the file; a row that shares a
merged cell, shows an Excel error, a formula without its result or a number longer than the 15
digits Excel keeps is carried on, marked. Numbers become the text that Excel would show.
"""

import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import TypeAlias

import python_calamine as calamine

from connectors.columns import Layout, Row
from connectors.errors import (
    FileEmpty,
    HeaderMerged,
    HeaderRepeated,
    SheetMissing,
    WorkbookUnreadable,
)
from connectors.limits import Limits
from connectors.package import Faults, look_through

DIGITS = 15
"""What Excel keeps and shows; more digits are noise of the binary number."""
Cell: TypeAlias = int | float | str | bool | time | date | datetime | timedelta
Corner: TypeAlias = tuple[int, int]


def workbook_rows(
    content: bytes, name: str, layout: Layout, sheet_name: str | None, header: int, limits: Limits
) -> Iterator[Row]:
    """Row number, values in the layout's order, fault: of each row below the header row."""
    package = look_through(content, name, limits)
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
    marked |= _faulty_lines(package.faults.get(sheet.name, {}), sheet, positions, layout)
    for line, cells in rows:
        if line in marked or any(cell != "" for cell in cells):
            chosen = [cells[p] if p < len(cells) else "" for p in positions]
            fault = marked.get(line) or _inexact(chosen, layout)
            yield line, [_text(cell) or None for cell in chosen], fault


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


def _faulty_lines(
    faults: Faults, sheet: calamine.CalamineSheet, positions: Sequence[int], layout: Layout
) -> dict[int, str]:
    """The rows with a faulty cell in a declared column. The reader drops empty left columns."""
    left = sheet.start[1] if sheet.start else 0
    headers = {p + left + 1: h for p, h in zip(positions, layout.headers, strict=True)}
    return {
        row: f"{fault}:{headers[column]}"
        for (row, column), fault in faults.items()
        if column in headers
    }


def _inexact(cells: Sequence[Cell], layout: Layout) -> str | None:
    for cell, column in zip(cells, layout.columns, strict=True):
        if isinstance(cell, float | int) and abs(cell) >= 10**DIGITS:
            return f"number_inexact:{column.header} has more than 15 digits, store it as text"
    return None


def _text(cell: Cell) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else f"{cell:.{DIGITS}g}"
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
