"""What a contract may declare as mirrored, and what is refused with the line and what to write instead."""

from pathlib import Path

import pytest

from catalog.errors import DeclarationError
from catalog.mirror import MAX_INDEXES, MirroredLatest, MirroredRows, SortedColumn
from catalog.odcs import read_contract
from tests.catalog.conftest import contract_text

FILE = Path("river.odcs.yaml")
COLUMNS = """\
      - {name: gauge, businessName: 站, logicalType: integer, primaryKey: true, primaryKeyPosition: 2}
      - {name: seen_at, businessName: 时间, logicalType: timestamp, required: true}
      - {name: wide, businessName: 宽, logicalType: number, physicalType: 'decimal(18,0)'}
"""


def river(mirror: str) -> str:
    text = contract_text("river") + f"  - {{property: mirror, value: {mirror}}}\n"
    return text.replace("    properties:\n", f"    properties:\n{COLUMNS}", 1)


def test_a_whole_set_is_mirrored_with_the_indexes_it_names() -> None:
    text = river("{rows: {indexes: [[place_code, -seen_at], [phone]]}}")
    assert read_contract(FILE, text).mirror == MirroredRows(
        (
            (SortedColumn("place_code"), SortedColumn("seen_at", descending=True)),
            (SortedColumn("phone"),),
        )
    )


def test_a_whole_set_needs_no_index_but_its_key() -> None:
    assert read_contract(FILE, river("{rows: {}}")).mirror == MirroredRows()
    assert read_contract(FILE, river("{rows: }")).mirror == MirroredRows()


def test_the_latest_row_of_each_key_is_mirrored() -> None:
    text = river("{latest: {key: [code, gauge], by: seen_at}}")
    assert read_contract(FILE, text).mirror == MirroredLatest(("code", "gauge"), "seen_at")


def test_a_set_that_declares_none_has_no_mirror() -> None:
    assert read_contract(FILE, contract_text("river")).mirror is None


@pytest.mark.parametrize(
    ("mirror", "says"),
    [
        ("true", "one of the two"),
        ("{}", "one of the two"),
        ("{rows: {}, latest: {key: [code], by: seen_at}}", "one of the two"),
        ("{whole: {}}", "one of the two"),
        ("{rows: [phone]}", "mirror holds"),
        ("{rows: {index: [[phone]]}}", "mirror holds"),
        ("{rows: {indexes: [phone]}}", "mirror holds"),
        ("{rows: {indexes: [[]]}}", "mirror holds"),
        ("{rows: {indexes: [[7]]}}", "mirror holds"),
        ("{rows: {indexes: [[name]]}}", "the column name, which the data set has not"),
        ("{rows: {indexes: [[--phone]]}}", "the column -phone, which"),
        ("{rows: {indexes: [[secret]]}}", "secret, which is classified core"),
        ("{rows: {indexes: [[phone, -phone]]}}", "phone twice"),
        ("{rows: {indexes: [[phone], [phone]]}}", "repeats the index"),
        (f"{{rows: {{indexes: [{', '.join(['[phone]'] * (MAX_INDEXES + 1))}]}}}}", "at most 8"),
        ("{latest: {key: [code, gauge]}}", "mirror holds"),
        ("{latest: {key: code, by: seen_at}}", "mirror holds"),
        ("{latest: {key: [code, gauge], by: seen_at, indexes: []}}", "mirror holds"),
        ("{latest: {key: [code, gauge], by: phone}}", "phone is no instant"),
        ("{latest: {key: [code, gauge], by: wide}}", "wide may be null.*mark it required"),
        ("{latest: {key: [code, gauge], by: secret}}", "secret, which is classified core"),
        ("{latest: {key: [code, phone, gauge], by: seen_at}}", "phone may be null"),
        ("{latest: {key: [code, gauge, gauge], by: seen_at}}", "gauge twice"),
        ("{latest: {key: [code, gauge], by: gauge}}", "gauge twice"),
        ("{latest: {key: [code], by: seen_at}}", "may differ in gauge.*add gauge"),
    ],
)
def test_a_mirror_that_cannot_be_kept_is_refused_with_its_line(mirror: str, says: str) -> None:
    text = river(mirror)
    line = 1 + text.splitlines().index(f"  - {{property: mirror, value: {mirror}}}")
    with pytest.raises(DeclarationError, match=says) as refused:
        read_contract(FILE, text)
    assert f"river.odcs.yaml, line {line}:" in refused.value.message_en


def test_a_decimal_that_no_integer_holds_is_refused() -> None:
    text = river("{rows: {}}").replace("decimal(18,0)", "decimal(19,0)")
    with pytest.raises(
        DeclarationError, match=r"wide is a decimal of 19 digits.*smaller precision"
    ):
        read_contract(FILE, text)


def test_a_wide_decimal_that_is_never_served_hinders_no_mirror() -> None:
    text = river("{rows: {}}").replace("'decimal(18,0)'", "'decimal(19,0)', classification: core")
    assert read_contract(FILE, text).mirror == MirroredRows()


def test_a_set_whose_name_the_row_store_keeps_for_itself_is_refused() -> None:
    text = river("{rows: {}}").replace("name: river\n", "name: sqlite_river\n")
    with pytest.raises(DeclarationError, match=r"begins with sqlite_.*rename"):
        read_contract(FILE, text)
