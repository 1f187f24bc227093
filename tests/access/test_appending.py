"""One chain, written by several processes of a hub."""

import errno
import os
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from access import appending
from access.chain import entries
from access.errors import UsageLogUnavailable
from access.meter import Spent
from access.page import Page
from access.usage import JoinedUsageLog, UsageLog, recorded, verify
from tests.access.test_usage import RECORD
from tests.connectors.calling.hostile import wait_until

JOINED = """
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from access.usage import JoinedUsageLog
from tests.access.test_usage import RECORD
folder, page, client, most, segment = sys.argv[1:]
log = JoinedUsageLog(Path(folder), int(page), segment_bytes=int(segment))
for number in range(int(most)):
    log.record(replace(RECORD, client=client, rows=number, started=datetime.now(UTC)))
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
"""
SEGMENT = 40_000


@contextmanager
def joined(log: UsageLog, client: str, most: int) -> Iterator["subprocess.Popen[str]"]:
    """Another process that records, and says what it has recorded."""
    assert log.page is not None
    arguments = [str(log.folder), str(log.page), client, str(most), str(SEGMENT)]
    with subprocess.Popen(
        [sys.executable, "-c", JOINED, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=[log.page],
    ) as process:
        yield process


def rows_by_client(folder: Path) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for _, record in recorded(folder):
        found.setdefault(record.client, []).append(record.rows)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "usage"


def test_processes_that_record_at_once_make_one_chain(folder: Path) -> None:
    with (
        UsageLog(folder, page=Page.shared(), segment_bytes=SEGMENT) as log,
        joined(log, "one", 1_000) as one,
        joined(log, "two", 1_000) as two,
    ):
        assert one.stdout is not None
        assert two.stdout is not None
        for number in range(1_000):
            log.record(replace(RECORD, rows=number))
            one.stdout.readline()
            two.stdout.readline()
        assert one.wait() == two.wait() == 0
        last = log.position
    verdict = verify(folder)
    assert verdict.ok
    assert (verdict.count, verdict.head) == (last.number, last.head.hex())
    assert rows_by_client(folder) == {
        name: list(range(1_000)) for name in (RECORD.client, "one", "two")
    }
    assert len(list(folder.glob("*.log"))) > 5


def test_a_process_that_is_killed_loses_nothing_it_has_told_and_stops_nobody(folder: Path) -> None:
    told = dict.fromkeys(("a", "b", "c", "d", "e"), -1)
    with UsageLog(folder, page=Page.shared(), segment_bytes=SEGMENT) as log:
        for client in told:
            with joined(log, client, 1_000_000) as process:
                assert process.stdout is not None
                for line in process.stdout:
                    log.record(RECORD)
                    told[client] = int(line)
                    if told[client] >= 100:
                        break
                process.send_signal(signal.SIGKILL)
                for line in process.stdout:
                    told[client] = int(line) if line.endswith("\n") else told[client]
                process.wait()
            log.record(RECORD)
    assert verify(folder).ok
    found = rows_by_client(folder)
    for client, last in told.items():
        assert found[client] == list(range(len(found[client])))
        assert len(found[client]) > last


def test_a_writer_that_died_in_a_line_leaves_it_aside_and_the_next_one_says_so(
    folder: Path,
) -> None:
    with UsageLog(folder, page=Page.shared()) as log:
        log.record(RECORD)
        assert log.page is not None
        page = Page(os.dup(log.page))
        page.in_doubt = True
        page.close()
        (segment,) = folder.glob("*.log")
        with segment.open("ab") as stream:
            stream.write(b"0123 half a li")
        log.record(replace(RECORD, rows=18))
        log.record(replace(RECORD, rows=19))
    verdict = verify(folder)
    assert verdict.ok
    assert verdict.recovered == 1
    assert [entry.kind for entry in entries(folder)].count("torn") == 1
    assert rows_by_client(folder) == {RECORD.client: [17, 18, 19]}


def test_a_writer_that_died_after_its_line_is_gone_on_from(folder: Path) -> None:
    with UsageLog(folder, page=Page.shared()) as log:
        log.record(RECORD)
        assert log.page is not None
        page = Page(os.dup(log.page))
        page.move(replace(page.position, number=page.position.number - 1), 0)  # as before the line
        page.in_doubt = True
        page.close()
        log.record(replace(RECORD, rows=18))
    assert verify(folder).ok
    assert rows_by_client(folder) == {RECORD.client: [17, 18]}


def test_who_cannot_go_on_stops_all_of_them(folder: Path) -> None:
    with UsageLog(folder, page=Page.shared()) as log:
        assert log.page is not None
        other = JoinedUsageLog(folder, os.dup(log.page))
        other.record(RECORD)
        page = Page(os.dup(log.page))
        page.faulty = True
        page.close()
        for each in (log, other):
            with pytest.raises(UsageLogUnavailable):
                each.record(RECORD)
        other.close()
    with UsageLog(folder) as again:
        again.record(RECORD)
    assert verify(folder).ok


def test_who_joins_a_log_remembers_nothing_of_what_it_wrote(folder: Path) -> None:
    with UsageLog(folder, page=Page.shared()) as log:
        assert log.page is not None
        other = JoinedUsageLog(folder, os.dup(log.page))
        for _ in range(200):
            other.record(RECORD)
        tracemalloc.start()
        try:
            for _ in range(3_000):
                other.record(RECORD)
            grown = sum(
                each.size
                for each in tracemalloc.take_snapshot().statistics("filename")
                if each.traceback[0].filename == appending.__file__
            )
        finally:
            tracemalloc.stop()
        other.close()
    assert grown < 10_000


@pytest.mark.usefixtures("one_day")
def test_who_counts_goes_on_when_the_files_can_be_read_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[bool] = []

    def unreadable(*_: object) -> Iterator[bytes]:
        failed.append(True)
        raise OSError(errno.EMFILE, "too many open files")

    now = replace(RECORD, started=datetime.now(UTC))
    with UsageLog(folder, page=Page.shared()) as log:
        assert log.page is not None
        other = JoinedUsageLog(folder, os.dup(log.page))
        with monkeypatch.context() as patched:
            patched.setattr("access.counted._lines_between", unreadable)
            log.record(now)
            other.record(now)
            wait_until(lambda: len(failed) >= 2)
        spent = Spent(2, 2 * now.rows, 2 * now.reply_bytes)
        wait_until(lambda: log.meter.spent()[1] == dict.fromkeys(RECORD.grants, spent))
        other.close()


@pytest.mark.usefixtures("one_day")
def test_who_opened_the_log_counts_what_the_others_record(folder: Path) -> None:
    now = replace(RECORD, started=datetime.now(UTC))
    with UsageLog(folder, page=Page.shared(), segment_bytes=SEGMENT) as log:
        assert log.page is not None
        other = JoinedUsageLog(folder, os.dup(log.page), segment_bytes=SEGMENT)
        for _ in range(150):
            log.record(now)
            other.record(now)
        log.count()
        spent = Spent(300, 300 * now.rows, 300 * now.reply_bytes)
        assert log.meter.spent()[1] == dict.fromkeys(RECORD.grants, spent)
        other.close()
    with UsageLog(folder) as again:
        assert again.meter.spent()[1] == dict.fromkeys(RECORD.grants, spent)
