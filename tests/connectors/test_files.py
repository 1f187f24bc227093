import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.contracts import PublishMode
from catalog.domain import SourceKind
from connectors.connections import FilesConnection
from connectors.errors import (
    FileChanged,
    FileEmpty,
    FileTooLarge,
    OptionsInvalid,
    PathRefused,
    SourceError,
)
from connectors.files import file_extractions
from connectors.limits import LIMITS, Limits
from connectors.source import Fetch
from tests.connectors import example

HEADER = "站码,观测时间,水位(米),流量\r\n"
ROWS = "CQ-1,2020-08-20 08:00,181.640,74600\r\nCQ-2,2020-08-20 08:00,170.2,\r\n"


def csv_fetch(inbox: Path, *, mode: PublishMode = PublishMode.APPEND, **options: object) -> Fetch:
    chosen = {"pattern": "*.csv", "format": "csv", "encoding": "gb18030", **options}
    connection = FilesConnection(kind="files", folder=inbox)
    return example.fetch(SourceKind.FILES, connection, chosen, of=example.contract(mode=mode))


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    return example.inbox(tmp_path)


def drop(inbox: Path, name: str, text: str = HEADER + ROWS, at: int | None = None) -> Path:
    file = inbox / name
    file.write_bytes(text.encode("gb18030"))
    if at is not None:
        os.utime(file, (at, at))
    return file


def test_a_file_becomes_text_columns_with_file_and_line(inbox: Path) -> None:
    drop(inbox, "a.csv")
    (found,) = file_extractions(csv_fetch(inbox))
    assert example.table(found).to_pylist() == [
        {
            "station_code": "CQ-1",
            "observed_at": "2020-08-20 08:00",
            "level_m": "181.640",
            "flow_m3s": "74600",
            "_file": "a.csv",
            "_line": 2,
            "_broken": None,
        },
        {
            "station_code": "CQ-2",
            "observed_at": "2020-08-20 08:00",
            "level_m": "170.2",
            "flow_m3s": None,
            "_file": "a.csv",
            "_line": 3,
            "_broken": None,
        },
    ]


def test_each_file_is_one_load_oldest_first_and_part_files_wait(inbox: Path) -> None:
    drop(inbox, "b.csv", at=1_000)
    drop(inbox, "a.csv", at=2_000)
    drop(inbox, "c.csv.part", at=500)
    drop(inbox, ".d.csv", at=500)
    assert [found.origin for found in file_extractions(csv_fetch(inbox))] == ["b.csv", "a.csv"]


def test_an_acknowledged_file_moves_to_collected_beside_one_of_the_same_name(inbox: Path) -> None:
    for _ in range(2):
        drop(inbox, "a.csv")
        (found,) = file_extractions(csv_fetch(inbox))
        example.table(found)
        found.acknowledge()
    assert not list(inbox.iterdir())
    names = sorted(file.name for file in (inbox.parent / "collected").iterdir())
    assert names == ["a.2.csv", "a.csv"]


def test_a_refused_file_stands_beside_its_reason_in_both_languages(inbox: Path) -> None:
    drop(inbox, "a.csv", "站码,水位(米)\r\nCQ-1,181\r\n")
    (found,) = file_extractions(csv_fetch(inbox))
    with pytest.raises(SourceError) as refused:
        example.table(found)
    found.refuse(refused.value)
    reason = (inbox.parent / "refused" / "a.csv.reason.txt").read_text("utf-8")
    assert (inbox.parent / "refused" / "a.csv").exists()
    assert "a.csv:1 缺少“观测时间”列" in reason
    assert "a.csv:1 has no column 观测时间" in reason
    assert "district_water_level" in reason


def test_a_crash_before_a_refused_file_is_moved_leaves_it_to_be_refused_again(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(inbox, "a.csv", "站码,水位(米)\r\nCQ-1,181\r\n")
    (found,) = file_extractions(csv_fetch(inbox))
    with pytest.raises(SourceError) as refused:
        example.table(found)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            found.refuse(refused.value)
    reason = inbox.parent / "refused" / "a.csv.reason.txt"
    assert ((inbox / "a.csv").exists(), reason.exists()) == (True, True)
    found.refuse(refused.value)
    assert sorted(file.name for file in reason.parent.iterdir()) == ["a.csv", reason.name]


def test_the_same_content_under_another_name_is_the_same_load(inbox: Path) -> None:
    drop(inbox, "a.csv", at=1)
    drop(inbox, "b.csv", at=2)
    identities = []
    for found in file_extractions(csv_fetch(inbox)):
        example.table(found)
        identities.append(found.identity())
    assert identities[0] == identities[1]


def test_a_snapshot_that_goes_back_to_an_older_state_is_a_new_load(inbox: Path) -> None:
    for at, (name, level) in enumerate([("a", "1"), ("b", "2"), ("c", "1"), ("d", "1")]):
        drop(inbox, f"{name}.csv", HEADER + f"CQ-1,2020-08-20 08:00,{level},\r\n", at=at)
    identities = []
    for found in file_extractions(csv_fetch(inbox, mode=PublishMode.SNAPSHOT)):
        example.table(found)
        identities.append(found.identity())
        found.acknowledge()
    assert len(set(identities)) == 3
    assert identities[2] == identities[3]


def test_a_snapshot_without_rows_is_refused_but_an_append_is_not(inbox: Path) -> None:
    drop(inbox, "a.csv", HEADER)
    (append,) = file_extractions(csv_fetch(inbox))
    assert list(append.batches()) == []
    (snapshot,) = file_extractions(csv_fetch(inbox, mode=PublishMode.SNAPSHOT))
    with pytest.raises(FileEmpty):
        list(snapshot.batches())


def _link(inbox: Path) -> None:
    outside = inbox.parent / "secret.csv"
    outside.write_text(HEADER)
    (inbox / "a.csv").symlink_to(outside)


def _folder(inbox: Path) -> None:
    (inbox / "a.csv").mkdir()


def _pipe(inbox: Path) -> None:
    os.mkfifo(inbox / "a.csv")


@pytest.mark.parametrize("make", [_link, _folder, _pipe])
def test_links_folders_and_pipes_are_refused_and_leave_the_inbox(
    inbox: Path, make: Callable[[Path], None]
) -> None:
    make(inbox)
    (found,) = file_extractions(csv_fetch(inbox))
    with pytest.raises(PathRefused) as refused:
        list(found.batches())
    found.refuse(refused.value)
    assert not list(inbox.iterdir())
    assert (inbox.parent / "refused" / "a.csv.reason.txt").is_file()


@pytest.mark.parametrize("pattern", ["../*.csv", "/etc/*", "sub/*.csv", "..\\*.csv", ".*"])
def test_a_pattern_cannot_leave_the_inbox(inbox: Path, pattern: str) -> None:
    with pytest.raises(OptionsInvalid, match="pattern"):
        list(file_extractions(csv_fetch(inbox, pattern=pattern)))


def test_a_file_that_grows_while_it_is_read_is_read_again_later(inbox: Path) -> None:
    file = drop(inbox, "a.csv", HEADER + ROWS * 40_000)
    (found,) = file_extractions(csv_fetch(inbox))
    batches = found.batches()
    next(batches)
    with file.open("ab") as more:
        more.write(b"CQ-3,2020-08-20 09:00,1,\r\n")
    with pytest.raises(FileChanged):
        list(batches)


def test_a_new_file_that_took_the_name_is_not_moved_for_the_old_one(inbox: Path) -> None:
    drop(inbox, "a.csv")
    (found,) = file_extractions(csv_fetch(inbox))
    example.table(found)
    newer = drop(inbox, "a.csv.part", HEADER)
    newer.rename(inbox / "a.csv")
    found.acknowledge()
    assert (inbox / "a.csv").exists()


def test_a_file_above_the_limit_is_refused_unread(inbox: Path) -> None:
    drop(inbox, "a.csv")
    (found,) = file_extractions(csv_fetch(inbox), Limits(file=20))
    with pytest.raises(FileTooLarge):
        list(found.batches())


def test_a_200_mb_line_is_refused_with_its_line_in_bounded_memory(inbox: Path) -> None:
    with drop(inbox, "a.csv").open("r+b") as file:
        file.seek(0, os.SEEK_END)
        file.truncate(200 << 20)  # a hole of NUL bytes, read as one line
    (found,) = file_extractions(csv_fetch(inbox))
    with pytest.raises(SourceError, match="line 4: longer than the limit of 1048576 bytes"):
        list(found.batches())
    assert LIMITS.line == 1 << 20


CELL = st.text(
    st.characters(codec="gb18030", exclude_characters="\0\r", exclude_categories=["Cs"]),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.tuples(CELL, CELL, CELL, CELL), max_size=4))
def test_whatever_a_csv_writer_wrote_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str, str]]
) -> None:
    import csv  # noqa: PLC0415 - the writer is this test's oracle
    import io  # noqa: PLC0415

    inbox = example.inbox(tmp_path_factory.mktemp("round"))
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([["站码", "观测时间", "水位(米)", "流量"], *rows])
    drop(inbox, "a.csv", text.getvalue())
    fetch = csv_fetch(inbox, pattern="a.csv")
    (found,) = file_extractions(fetch)
    read = [
        tuple(row[name] or "" for name in ("station_code", "observed_at", "level_m", "flow_m3s"))
        for batch in found.batches()
        for row in batch.to_pylist()
    ]
    assert read == rows
