import io

import pytest

from connectors.columns import Layout, Row
from connectors.delimited import csv_rows
from connectors.errors import (
    ColumnMissing,
    ColumnRetyped,
    EncodingWrong,
    FileEmpty,
    HeaderRepeated,
    LineTooLong,
    NulByte,
    QuoteUnclosed,
)
from connectors.limits import LIMITS
from tests.connectors import example

HEADER = "站码,观测时间,水位(米),流量\n"
ROW = "CQ-1,2020-08-20 08:00,181.64,5\n"
LAYOUT = Layout(example.contract())


def rows(content: str | bytes, encoding: str = "gb18030", layout: Layout = LAYOUT) -> list[Row]:
    raw = content.encode(encoding) if isinstance(content, str) else content
    return list(csv_rows(io.BytesIO(raw), "水位.csv", layout, encoding, ",", LIMITS))


def test_columns_come_by_header_whatever_their_order_and_added_ones_are_left_out() -> None:
    found = rows("备注,流量,水位(米),观测时间,站码\nx,5,181.64,2020-08-20,CQ-1\n")
    assert found == [(2, ["CQ-1", "2020-08-20", "181.64", "5"], None)]


def test_a_ragged_row_is_carried_on_with_what_it_has_and_why() -> None:
    found = rows(HEADER + "CQ-1,2020-08-20\n" + ROW + "CQ-2,2020,1,2,3,4\n")
    assert [(line, fault) for line, _, fault in found] == [
        (2, "ragged_row:expected 4 fields, found 2"),
        (3, None),
        (4, "ragged_row:expected 4 fields, found 6"),
    ]
    assert found[0][1] == ["CQ-1", "2020-08-20", None, None]


def test_an_unclosed_quote_refuses_the_file_at_the_line_it_opens() -> None:
    with pytest.raises(QuoteUnclosed) as refused:
        rows(HEADER + ROW + '"CQ-2,2020-08-20,1,2\n' + ROW * 50)
    assert refused.value.details["line"] == 3


def test_a_quote_that_swallows_rows_up_to_another_quote_refuses_the_file() -> None:
    with pytest.raises(QuoteUnclosed) as refused:
        rows(HEADER + '"CQ-2,2020-08-20,1,2\n' + ROW + 'CQ-3,2020-08-20,1,2"\n' + ROW)
    assert refused.value.details["line"] == 2


def test_a_quoted_line_break_is_a_value_and_lines_keep_their_numbers() -> None:
    found = rows(HEADER + '"CQ\n1",2020-08-20,1,2\n\n' + ROW)
    assert [(line, values[0]) for line, values, _ in found] == [(2, "CQ\n1"), (5, "CQ-1")]


def test_utf8_where_gb18030_is_declared_is_refused_by_its_header() -> None:
    with pytest.raises(EncodingWrong) as refused:
        rows((HEADER + ROW).encode("utf-8"))
    assert refused.value.details == {"file": "水位.csv", "line": 1, "encoding": "gb18030"}


def test_utf8_values_below_an_ascii_header_are_refused_too() -> None:
    column = example.COLUMNS[0]
    plain = type(column)(column.name, column.type, column.label, "code")
    layout = Layout(example.contract(columns=(plain,)))
    with pytest.raises(EncodingWrong):
        rows("code\n磁器口街道水位站\n".encode(), layout=layout)
    assert rows("code\n磁器口街道水位站\n".encode("gb18030"), layout=layout)[0][1] == [
        "磁器口街道水位站"
    ]


def test_gb18030_where_utf8_is_declared_is_refused_at_its_line() -> None:
    content = HEADER.encode() + ROW.encode() + "磁器口,2020-08-20,1,2\n".encode("gb18030")
    with pytest.raises(EncodingWrong) as refused:
        rows(content, encoding="utf-8")
    assert refused.value.details["line"] == 3


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_another_byte_order_mark_is_a_wrong_encoding(encoding: str) -> None:
    with pytest.raises(EncodingWrong):
        rows((HEADER + ROW).encode(encoding))


def test_the_mark_of_utf8_is_no_part_of_the_first_header() -> None:
    assert len(rows((HEADER + ROW).encode("utf-8-sig"), encoding="utf-8")) == 1


def test_a_nul_byte_refuses_the_file_at_its_line() -> None:
    with pytest.raises(NulByte) as refused:
        rows(HEADER + ROW + "CQ\0-2,2020-08-20,1,2\n")
    assert refused.value.details["line"] == 3


def test_a_missing_column_names_file_line_contract_and_data_set() -> None:
    with pytest.raises(ColumnMissing) as refused:
        rows("站码,时间,水位(米),流量\n" + ROW)
    for part in ("水位.csv:1", "观测时间", "observed_at", "district_water_level", "1.2.0"):
        assert part in refused.value.message_en
        assert part in refused.value.message_zh


def test_a_doubled_header_is_refused() -> None:
    with pytest.raises(HeaderRepeated):
        rows("站码,观测时间,水位(米),流量,水位(米)\n")


@pytest.mark.parametrize("content", ["", "\n"])
def test_a_file_without_a_header_is_refused(content: str) -> None:
    with pytest.raises((FileEmpty, ColumnMissing)):
        rows(content)


def test_an_overlong_field_names_its_line() -> None:
    with pytest.raises(LineTooLong) as refused:
        rows(HEADER + ROW + "x" * 200_000 + ",2020-08-20,1,2\n")
    assert refused.value.details["line"] == 3


def test_an_empty_value_and_a_blank_line_are_nothing() -> None:
    found = rows(HEADER + "\n" + 'CQ-1,"",,2\n')
    assert found == [(3, ["CQ-1", None, None, "2"], None)]


def test_a_column_without_one_value_of_its_kind_was_retyped() -> None:
    content = HEADER + "CQ-1,2020-08-20 08:00,高水位,-\n" * 6
    with pytest.raises(ColumnRetyped) as refused:
        list(LAYOUT.batches(iter(rows(content)), "水位.csv"))
    assert refused.value.details["column"] == "level_m"


def test_a_few_bad_values_or_unreported_ones_are_rows_faults() -> None:
    content = HEADER + "CQ-1,2020-08-20 08:00,高,-\n" * 6 + ROW
    (batch,) = LAYOUT.batches(iter(rows(content)), "水位.csv")
    assert batch.num_rows == 7
