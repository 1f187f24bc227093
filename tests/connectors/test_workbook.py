import io
import zipfile
from collections.abc import Callable
from datetime import datetime

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from connectors.columns import Layout, Row
from connectors.errors import (
    ColumnMissing,
    FileEmpty,
    HeaderMerged,
    HeaderRepeated,
    SheetMissing,
    WorkbookBomb,
    WorkbookUnreadable,
)
from connectors.limits import LIMITS, Limits
from connectors.workbook import workbook_rows
from tests.connectors import example

HEADER = ["站码", "观测时间", "水位(米)", "流量"]
LAYOUT = Layout(example.contract())


def workbook(fill: Callable[[Worksheet], None], title: str = "水位") -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = title
    fill(sheet)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def rows(
    content: bytes, sheet: str | None = "水位", header: int = 1, limits: Limits = LIMITS
) -> list[Row]:
    return list(workbook_rows(content, "水位.xlsx", LAYOUT, sheet, header, limits))


def lines(*values: list[object]) -> Callable[[Worksheet], None]:
    def fill(sheet: Worksheet) -> None:
        sheet.append(HEADER)
        for value in values:
            sheet.append(value)

    return fill


def test_cells_become_the_text_a_steward_sees() -> None:
    found = rows(workbook(lines(["CQ-1", datetime(2020, 8, 20, 8, 0), 181.64, 0.1 + 0.2])))  # noqa: DTZ001 - Excel has no zones
    assert found == [(2, ["CQ-1", "2020-08-20 08:00:00", "181.64", "0.3"], None)]


def test_a_code_stored_as_a_number_keeps_its_digits_and_blank_rows_are_skipped() -> None:
    found = rows(workbook(lines([500106004, None, 1.5, True], [None] * 4, ["x"])))
    assert found[0] == (2, ["500106004", None, "1.5", "true"], None)
    assert found[1][0] == 4


def test_merged_cells_in_the_header_refuse_the_file() -> None:
    def fill(sheet: Worksheet) -> None:
        lines(["CQ-1", "", 1, 2])(sheet)
        sheet.merge_cells("C1:D1")

    with pytest.raises(HeaderMerged) as refused:
        rows(workbook(fill))
    assert "第 1 行" in refused.value.message_zh
    assert "C1:D1" in refused.value.message_en


def test_a_merged_title_above_the_header_is_no_harm() -> None:
    def fill(sheet: Worksheet) -> None:
        sheet.append(["沙坪坝区水位表"])
        lines(["CQ-1", "2020-08-20", 1, 2])(sheet)
        sheet.merge_cells("A1:D1")

    assert rows(workbook(fill), header=2)[0][0] == 3


def test_rows_that_share_a_merged_cell_are_marked_with_its_range() -> None:
    def fill(sheet: Worksheet) -> None:
        lines(["CQ-1", "t", 1, 2], ["", "t", 1, 2], ["CQ-3", "t", 1, 2])(sheet)
        sheet.merge_cells("A2:A3")

    assert [(line, fault) for line, _, fault in rows(workbook(fill))] == [
        (2, "merged_cells:A2:A3"),
        (3, "merged_cells:A2:A3"),
        (4, None),
    ]


def test_an_error_an_unstored_formula_and_a_number_beyond_15_digits_mark_their_row() -> None:
    wrong: list[list[object]] = [
        ["CQ-1", "t", "#N/A", 2],
        ["CQ-1", "t", 1, "=C2+1"],
        [123456789012345678, "t", 1, 2],
        ["CQ-1", "t", 1, 2, "#REF!"],
    ]
    assert [fault for _, _, fault in rows(workbook(lines(*wrong)))] == [
        "cell_error:水位(米)",
        "formula_without_value:流量",
        "number_inexact:站码 has more than 15 digits, store it as text",
        None,
    ]


def test_a_missing_field_names_file_row_and_contract() -> None:
    def fill(sheet: Worksheet) -> None:
        sheet.append(["站码", "观测时间", "流量"])
        sheet.append(["CQ-1", "t", 1])

    with pytest.raises(ColumnMissing) as refused:
        rows(workbook(fill))
    assert "水位.xlsx:1" in refused.value.message_zh
    assert "水位(米)" in refused.value.message_zh


def test_a_doubled_header_is_refused() -> None:
    with pytest.raises(HeaderRepeated):
        rows(workbook(lambda sheet: sheet.append([*HEADER, "站码"])))


def test_the_wrong_sheet_is_refused_with_the_ones_there_are() -> None:
    with pytest.raises(SheetMissing, match="Sheet9"):
        rows(workbook(lines(), title="Sheet9"))


def test_an_empty_sheet_is_refused() -> None:
    with pytest.raises(FileEmpty):
        rows(workbook(lambda _: None))


@pytest.mark.parametrize("content", [b"", b"\xd0\xcf\x11\xe0 an encrypted workbook", b"PK\x03\x04"])
def test_what_is_no_workbook_is_refused(content: bytes) -> None:
    with pytest.raises(WorkbookUnreadable):
        rows(content)


def test_a_truncated_workbook_is_refused() -> None:
    content = workbook(lines(["CQ-1", "t", 1, 2]))
    with pytest.raises(WorkbookUnreadable):
        rows(content[: len(content) // 2])


def with_member(name: str, text: bytes) -> bytes:
    content = io.BytesIO(workbook(lines(["CQ-1", "t", 1, 2])))
    with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return content.getvalue()


def test_a_zip_bomb_is_refused_by_its_ratio() -> None:
    with pytest.raises(WorkbookBomb, match="ratio"):
        rows(with_member("xl/media/zero.bin", bytes(20 << 20)))


def test_a_zip_bomb_is_refused_by_its_bytes() -> None:
    limits = Limits(workbook_unpacked=1 << 20)
    with pytest.raises(WorkbookBomb, match="bytes"):
        rows(with_member("xl/media/zero.bin", bytes(2 << 20)), limits=limits)


def test_two_cells_that_span_a_giant_rectangle_are_refused() -> None:
    def fill(sheet: Worksheet) -> None:
        lines()(sheet)
        sheet["XFD1048576"] = "x"

    with pytest.raises(WorkbookBomb, match="cells"):
        rows(workbook(fill))


def test_entities_in_the_xml_are_refused() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    with pytest.raises(WorkbookBomb, match="entities"):
        rows(with_member("xl/bomb.xml", bomb))
