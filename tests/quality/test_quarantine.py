from dataclasses import replace
from pathlib import Path

import pytest

from catalog.contracts import Classification, Contract
from quality.quarantine import MAX_PAGE, quarantine_page, quarantined
from quality.verdict import RowRef
from tests.quality.batches import COLUMNS, FILE, contract, gate, text_batch


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
    (row,) = quarantine_page(folder, with_phone(classification), limit=1).rows
    found = {name: v for name, v in row.values.items() if name == "contact_phone"}
    assert found == shown
    assert row.values["level_m"] == "x"


def test_only_rows_that_are_there_are_found(folder: Path) -> None:
    asked = [RowRef(FILE, 4), RowRef(FILE, 2), RowRef("other.csv", 4)]
    assert list(quarantined(folder, contract(), asked)) == [RowRef(FILE, 4)]
