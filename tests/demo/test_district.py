"""The district's files as the hub finds them."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import load_workbook

from catalog.clock import ReplayClock
from catalog.contracts import Contract
from catalog.domain import read_domains
from demo.district import GAUGE_HEADERS, SHEET, District, Folder
from demo.lifeline import CITY
from demo.scenario import ScenarioName, scenario

START = datetime(2026, 7, 12, 3, 20, tzinfo=UTC)


@pytest.fixture
def district(tmp_path: Path) -> District:
    return District(tmp_path, scenario(ScenarioName.CIQIKOU, START, CITY), CITY)


def contract(name: str) -> Contract:
    contracts = [c for domain in read_domains(CITY) for c in domain.contracts]
    return next(c for c in contracts if c.data_set == name)


def names(district: District) -> list[str]:
    return sorted(file.name for file in district.folder.inbox.iterdir())


def read(file: Path) -> list[dict[str, str]]:
    text = file.read_bytes().decode("gb18030")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_gauge_file_is_gb18030_with_the_contracts_headers(district: District) -> None:
    district.drop_gauges(ReplayClock(START + timedelta(seconds=17)))
    assert names(district) == ["water-level-20260712T112010.csv"]
    file = district.folder.inbox / "water-level-20260712T112010.csv"
    with pytest.raises(UnicodeDecodeError):
        file.read_text("utf-8")
    rows = read(file)
    assert list(rows[0]) == [c.header for c in contract("district_water_level").columns]
    assert rows[0] == dict(
        zip(
            GAUGE_HEADERS,
            (
                "SPB-CQK-01",
                "2026-07-12 11:20:10",
                "179.85",
                "CQ-CIQIKOU",
                "500106004001",
                "ciqikou-1",
            ),
            strict=True,
        )
    )


def test_every_ten_seconds_brings_a_file_and_none_comes_twice(district: District) -> None:
    clock = ReplayClock(START)
    for _ in range(6):
        district.drop_gauges(clock)
        clock.advance(timedelta(seconds=5))
    assert len(names(district)) == 3


def test_what_the_hub_has_taken_is_not_dropped_again(district: District) -> None:
    district.drop_premises()
    district.drop_history()
    taken = district.folder.inbox.parent / "collected"
    taken.mkdir()
    for file in list(district.folder.inbox.iterdir()):
        file.rename(taken / file.name)
    district.drop_premises()
    district.drop_history()
    assert names(district) == []


def test_the_gauges_of_the_last_hours_come_in_one_file(district: District) -> None:
    district.drop_history()
    (name,) = names(district)
    rows = read(district.folder.inbox / name)
    keys = {(row["测点编号"], row["观测时间"]) for row in rows}
    assert len(keys) == len(rows) == 36 * 3
    assert max(row["观测时间"] for row in rows) == "2026-07-12 11:10:00"


def test_the_premises_workbook_holds_the_contracts_columns(district: District) -> None:
    district.drop_premises()
    assert names(district) == ["premises-20260712.xlsx"]
    book = load_workbook(district.folder.inbox / "premises-20260712.xlsx", read_only=True)
    rows = list(book[SHEET].iter_rows(values_only=True))
    book.close()
    assert list(rows[0]) == [c.header for c in contract("riverside_premises").columns]
    assert len(rows) == 457
    first = dict(zip(rows[0], rows[1], strict=True))
    assert Decimal(str(first["地面高程(米)"])) == Decimal("182.99")
    assert (first["场所编号"], first["区划代码"]) == ("SPB-000001", "500106004")


def test_a_file_appears_whole_under_its_name(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "exchange")
    folder.drop("a.csv", b"whole")
    assert [(f.name, f.read_bytes()) for f in folder.inbox.iterdir()] == [("a.csv", b"whole")]
