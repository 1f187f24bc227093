"""Usage records are read back by id and newest first, a bounded part of the log at a time."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from access import readback
from access.readback import Wanted, page, record_at, text_of
from access.record import Asked, Kept, UsageId, UsageRecord, number_of
from access.usage import UsageLog, recorded, verify
from catalog.ids import ClientId, DatasetCode
from tests.access.test_usage import RECORD

MINUTE = timedelta(minutes=1)


def numbered(number: int) -> UsageRecord:
    """Of two clients in turn, a minute apart."""
    client = ClientId(f"client-{number % 2}")
    return replace(RECORD, rows=number, client=client, started=RECORD.started + number * MINUTE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Sixty records over several segments."""
    with UsageLog(tmp_path / "usage", segment_bytes=4_000) as log:
        for number in range(60):
            log.record(numbered(number))
    assert len(list((tmp_path / "usage").glob("*.log"))) > 5
    return tmp_path / "usage"


def all_pages(folder: Path, wanted: Wanted, limit: int) -> Iterator[tuple[UsageId, UsageRecord]]:
    before: int | None = None
    while True:
        read = page(folder, wanted, limit, before)
        yield from read.records
        if read.next is None:
            return
        before = number_of(read.next)


def test_pages_hold_every_record_once_newest_first(folder: Path) -> None:
    expected = list(reversed(list(recorded(folder))))
    for limit in (1, 7, 60, 500):
        assert list(all_pages(folder, Wanted(), limit)) == expected


def test_what_is_wanted_narrows_the_pages(folder: Path) -> None:
    def rows(wanted: Wanted) -> list[int]:
        return [record.rows for _, record in all_pages(folder, wanted, 9)]

    assert rows(Wanted(client=ClientId("client-1"))) == list(range(59, 0, -2))
    since, until = numbered(50).started, numbered(55).started
    assert rows(Wanted(since=since, until=until)) == [54, 53, 52, 51, 50]
    assert rows(Wanted(data_set=DatasetCode("river"))) == []
    assert rows(Wanted(purpose="防汛研判", outcome="OK", grant=RECORD.grants[1])) == list(
        range(59, -1, -1)
    )
    assert rows(Wanted(purpose="防汛")) == []
    assert rows(Wanted(case="甲")) == []


def test_a_page_looks_at_so_many_records_and_no_more(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readback, "LOOKED_AT", 10)
    first = page(folder, Wanted(data_set=DatasetCode("nothing")), 5)
    assert (first.records, first.next is not None) == ([], True)
    assert list(all_pages(folder, Wanted(data_set=DatasetCode("nothing")), 5)) == []


def test_a_record_is_found_by_its_number(folder: Path) -> None:
    for usage_id, record in recorded(folder):
        number = number_of(usage_id)
        assert number is not None
        assert record_at(folder, number) == record
    assert record_at(folder, 1) is None  # the segment's own
    assert record_at(folder, 0) is None
    assert record_at(folder, 10**9) is None


def test_half_a_line_is_no_record_yet(folder: Path) -> None:
    expected = page(folder, Wanted(), 5).records
    last = max(folder.glob("*.log"))
    with last.open("ab") as stream:
        stream.write(b"0123 half")
    assert page(folder, Wanted(), 5).records == expected


def test_an_empty_log_has_an_empty_page(tmp_path: Path) -> None:
    with UsageLog(tmp_path / "usage"):
        pass
    assert page(tmp_path / "usage", Wanted(), 5).records == []
    assert page(tmp_path / "nowhere", Wanted(), 5).records == []


@pytest.mark.parametrize("text", ["", "u-", "u-x", "7", "u-١", "u-" + "9" * 40, "U-1", "u-1\n"])
def test_what_is_no_id_is_none(text: str) -> None:
    assert number_of(text) is None


@settings(max_examples=20, deadline=None)
@given(texts=st.lists(st.sampled_from(["{ a }", "{ b }", "{ 水位 }"]), min_size=1, max_size=8))
def test_each_text_stands_once_and_is_found_from_each_record(
    texts: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("log") / "usage"
    with UsageLog(folder, segment_bytes=700) as log:
        for text in texts:
            log.record(replace(RECORD, asked=Asked(text, '{"x":1}', "A")))
    found = [record.asked for _, record in recorded(folder)]
    kept = [asked for asked in found if isinstance(asked, Kept)]
    assert [text_of(folder, asked) for asked in kept] == texts
    assert {(asked.variables, asked.operation_name) for asked in kept} == {('{"x":1}', "A")}
    assert len({asked.text for asked in kept}) == len(set(texts))
    assert verify(folder).ok


def test_a_text_that_is_another_record_is_none(folder: Path) -> None:
    assert text_of(folder, Kept(3, "{}", None)) is None
