from dataclasses import replace
from pathlib import Path

import pytest

from catalog.contracts import Classification, Contract
from catalog.ids import RuleId
from quality.quarantine import MAX_PAGE, quarantine_page, quarantined
from quality.reason import HIDDEN
from quality.verdict import RowRef
from tests.quality.batches import COLUMNS, FILE, contract, declared, gate, text_batch


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [{"station_code": "A"}] + [
        {"station_code": f"B{i}", "level_m": "x", "contact_phone": "139"} for i in range(7)
    ]
    gate(text_batch(tmp_path / "raw.parquet", rows), contract())
    return tmp_path


def test_pages_follow_each_other_and_end(folder: Path) -> None:
    lines = [
        [row.row.line for row in quarantine_page(folder, contract(), offset=at, limit=3).rows]
        for at in (0, 3, 6, 9)
    ]
    assert lines == [[3, 4, 5], [6, 7, 8], [9], []]
    assert quarantine_page(folder, contract(), offset=-5, limit=10 * MAX_PAGE).total == 7
    assert quarantine_page(folder, contract(), limit=-1).rows == ()


def test_a_load_that_set_nothing_apart_or_has_no_file_has_an_empty_quarantine(
    tmp_path: Path,
) -> None:
    assert quarantine_page(tmp_path, contract()).total == 0
    assert quarantined(tmp_path, contract(), [RowRef(FILE, 2)]) == {}
    gate(text_batch(tmp_path / "raw.parquet", [{}]), contract())
    assert quarantine_page(tmp_path, contract()).rows == ()


def with_phone(classification: Classification) -> Contract:
    phone = replace(COLUMNS[-1], classification=classification)
    return contract(columns=[*COLUMNS[:-1], phone])


@pytest.mark.parametrize(
    ("classification", "shown"),
    [
        (Classification.GENERAL, {"contact_phone": "139"}),
        (Classification.IMPORTANT, {"contact_phone": "***"}),
        (Classification.CORE, {}),
    ],
)
def test_a_value_is_shown_masked_or_left_out_by_its_classification(
    folder: Path, classification: Classification, shown: dict[str, str]
) -> None:
    page = quarantine_page(folder, with_phone(classification), masked=False, limit=1)
    (row,) = page.rows
    assert not page.masked
    found = {name: v for name, v in row.values.items() if name == "contact_phone"}
    assert found == shown
    assert row.values["level_m"] == "x"


def test_only_rows_that_are_there_are_found(folder: Path) -> None:
    asked = [RowRef(FILE, 4), RowRef(FILE, 2), RowRef("other.csv", 4)]
    assert list(quarantined(folder, contract(), asked)) == [RowRef(FILE, 4)]


SECRET = "13912345678"


def test_a_masked_page_shows_shapes_in_values_and_reasons(tmp_path: Path) -> None:
    promise = contract(
        declared("plausible", "expect_column_values_to_be_between", "level_m", max_value=250),
        declared("short", "expect_column_value_lengths_to_be_between", "datum", max_value=3),
    )
    rows = [
        {"level_m": "缺测"},
        {"level_m": "300.5", "observed_at": "2020-08-20 09:00", "datum": "吴淞零点"},
        {"station_code": "A1", "level_m": "1801"},
        {"station_code": "A1"},
        {"station_code": "A1", "flow_m3s": "77"},
    ]
    gate(text_batch(tmp_path / "raw.parquet", rows), promise)
    page = quarantine_page(tmp_path, promise)
    assert page.masked
    told = {row.row.line: {r.rule_id: r.zh for r in row.reasons} for row in page.rows}
    english = {row.row.line: {r.rule_id: r.en for r in row.reasons} for row in page.rows}
    assert told[2][RuleId("type:level_m")].startswith("“水位”的值“字字”不是小数")
    assert told[3][RuleId("plausible")] == "“水位”的值 999.9 超出范围（不限 至 250）。"
    assert english[3][RuleId("short")] == ('datum is "字字字字"; it must have any to 3 characters.')
    assert "重复：x9, 9999-99-99 99:99" in told[6][RuleId("key_unique")]
    shown = {row.row.line: row.values for row in page.rows}
    assert shown[3]["level_m"] == "999.9"
    assert shown[3]["contact_phone"] == HIDDEN
    assert "300.5" not in str(page)
    assert "300.5" in str(quarantine_page(tmp_path, promise, masked=False))


def test_a_rule_that_the_contract_has_no_more_tells_no_value_in_a_masked_page(
    tmp_path: Path,
) -> None:
    rule = declared("plausible", "expect_column_values_to_be_between", "level_m", max_value=250)
    gate(text_batch(tmp_path / "raw.parquet", [{"level_m": "300.5"}]), contract(rule))
    other = declared(
        "plausible",
        "vitalhub_reference",
        columns=["station_code"],
        data_set="station",
        target_columns=["code"],
    )
    for later in (contract(), contract(other)):
        (row,) = quarantine_page(tmp_path, later).rows
        assert "plausible" in row.reasons[0].zh
        assert "plausible" in row.reasons[0].en
        assert "300.5" not in str(row)


def test_a_column_that_became_important_is_hidden_in_the_reason_of_a_masked_page(
    tmp_path: Path,
) -> None:
    levels = replace(COLUMNS[2], classification=Classification.IMPORTANT)
    later = contract(columns=[*COLUMNS[:2], levels, *COLUMNS[3:]])
    gate(text_batch(tmp_path / "raw.parquet", [{"level_m": "缺测"}]), contract())
    (row,) = quarantine_page(tmp_path, later).rows
    assert f"“{HIDDEN}”" in row.reasons[0].zh


def test_a_broken_structure_tells_its_columns_and_no_value(tmp_path: Path) -> None:
    broken = "ragged_row:expected 6 fields, found 4"
    raw = text_batch(tmp_path / "raw.parquet", [{"station_code": SECRET, "_broken": broken}])
    gate(raw, contract())
    (row,) = quarantine_page(tmp_path, contract()).rows
    assert "应有 6 列，实有 4" in row.reasons[0].zh
    assert "cannot be read: expected 6 fields, found 4." in row.reasons[0].en
    assert row.values == {}
    general = contract(columns=COLUMNS[:-1])
    (row,) = quarantine_page(tmp_path, general).rows
    assert row.values["station_code"] == "9" * len(SECRET)
