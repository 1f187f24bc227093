import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from access.chain import Algorithm, Finding
from access.errors import UsageLogUnavailable
from access.usage import UsageLog, UsageRecord, recorded, verify
from catalog.clock import CITY_ZONE
from catalog.ids import ClientId, DatasetCode, GrantId, OrganisationCode

RECORD = UsageRecord(
    client=ClientId("cq_shapingba-app"),
    organisation=OrganisationCode("cq_shapingba"),
    grants=(GrantId("g-1"), GrantId("g-2")),
    purposes=("防汛研判",),
    operation="a" * 64,
    reply="b" * 64,
    columns={DatasetCode("river_station"): ("station_code", "river")},
    rows=17,
    reply_bytes=2048,
    started=datetime(2026, 8, 19, 14, 0, 0, 5, tzinfo=UTC),
    seconds=0.0125,
    outcome="OK",
    request_id="r-1",
    version=42,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "usage"


def rows_of(folder: Path) -> list[int]:
    return [record.rows for _, record in recorded(folder)]


def test_a_record_is_in_the_file_when_its_id_is_returned(folder: Path) -> None:
    with UsageLog(folder) as log:
        usage_id = log.record(RECORD)
        assert list(recorded(folder)) == [(usage_id, RECORD)]
        assert verify(folder).ok


def test_a_time_of_the_city_zone_comes_back_as_the_same_instant(folder: Path) -> None:
    started = RECORD.started.astimezone(CITY_ZONE)
    with UsageLog(folder) as log:
        log.record(replace(RECORD, started=started))
    ((_, found),) = recorded(folder)
    assert found.started == started


@pytest.mark.parametrize("algorithm", ["sha256", "sm3"])
def test_the_chain_goes_on_after_a_restart(folder: Path, algorithm: Algorithm) -> None:
    ids = []
    for _ in range(3):
        with UsageLog(folder, algorithm=algorithm) as log:
            ids += [log.record(RECORD), log.record(RECORD)]
    assert len(set(ids)) == 6
    assert [usage_id for usage_id, _ in recorded(folder)] == ids
    verdict = verify(folder)
    assert verdict.ok
    assert verdict.count == 7
    assert len(list(folder.glob("*.log"))) == 1


def test_a_full_segment_is_followed_by_another_in_the_same_chain(folder: Path) -> None:
    with UsageLog(folder, segment_bytes=2000) as log:
        for rows in range(20):
            log.record(replace(RECORD, rows=rows))
        position = log.position
    assert len(list(folder.glob("*.log"))) > 3
    verdict = verify(folder)
    assert verdict.ok
    assert (verdict.count, verdict.head) == (position.number, position.head.hex())
    assert rows_of(folder) == list(range(20))


def test_the_log_goes_on_when_old_segments_are_archived_and_verifies_with_them(
    folder: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "archive"
    archive.mkdir()
    with UsageLog(folder, segment_bytes=2000) as log:
        for rows in range(20):
            log.record(replace(RECORD, rows=rows))
    *old, newest = sorted(folder.glob("*.log"))
    for segment in old:
        segment.rename(archive / segment.name)
    with UsageLog(folder, segment_bytes=2000) as log:
        log.record(replace(RECORD, rows=20))
    alone = verify(folder)
    assert (alone.finding, alone.file) == (Finding.GAP, newest.name)
    for segment in folder.glob("*.log"):
        (archive / segment.name).symlink_to(segment)
    assert verify(archive).ok
    assert rows_of(archive) == list(range(21))


def test_another_algorithm_begins_a_new_segment_of_the_same_chain(folder: Path) -> None:
    with UsageLog(folder, algorithm="sha256") as log:
        log.record(RECORD)
    with UsageLog(folder, algorithm="sm3") as log:
        log.record(RECORD)
    assert len(list(folder.glob("*.log"))) == 2
    assert verify(folder).ok


def test_records_from_many_threads_make_one_chain(folder: Path) -> None:
    with UsageLog(folder, segment_bytes=20_000) as log:

        def write() -> None:
            for _ in range(100):
                log.record(RECORD)

        threads = [threading.Thread(target=write) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert verify(folder).ok
    assert len(rows_of(folder)) == 600


@pytest.mark.parametrize(
    "torn",
    [b"0123", b"a" * 64 + b' {"kind":', b"\x00" * 5000, b"\x00\n\x00\n", "半行".encode()],
    ids=["hex", "body", "zeros", "lines", "text"],
)
def test_a_torn_last_line_is_kept_aside_and_reported_by_the_chain(
    folder: Path, torn: bytes
) -> None:
    with UsageLog(folder) as log:
        log.record(RECORD)
    (segment,) = folder.glob("*.log")
    with segment.open("ab") as stream:
        stream.write(torn)
    assert not verify(folder).ok
    with UsageLog(folder) as log:
        log.record(replace(RECORD, rows=18))
    verdict = verify(folder)
    assert verdict.ok
    assert verdict.recovered == 1
    assert rows_of(folder) == [17, 18]
    (aside,) = (folder / "torn").iterdir()
    assert aside.read_bytes() == torn


@pytest.mark.parametrize("content", [b"", b"\x00" * 100, b"0123"])
def test_a_crash_at_the_birth_of_a_segment_is_mended(folder: Path, content: bytes) -> None:
    with UsageLog(folder) as log:
        log.record(RECORD)
        following = folder / f"{log.position.number + 1:012d}.log"
    following.write_bytes(content)
    with UsageLog(folder) as log:
        log.record(RECORD)
    verdict = verify(folder)
    assert verdict.ok
    assert verdict.recovered == (1 if content else 0)


def test_a_record_changed_while_the_hub_was_down_stays_visible_after_the_restart(
    folder: Path,
) -> None:
    with UsageLog(folder) as log:
        log.record(RECORD)
        log.record(RECORD)
    (segment,) = folder.glob("*.log")
    segment.write_bytes(segment.read_bytes().replace(b'"rows":17', b'"rows":71', 1))
    with UsageLog(folder) as log:
        log.record(RECORD)
    verdict = verify(folder)
    assert (verdict.finding, verdict.line) == (Finding.BROKEN, 2)


def test_a_second_writer_is_refused(folder: Path) -> None:
    with UsageLog(folder), pytest.raises(UsageLogUnavailable, match="another process"):
        UsageLog(folder)
    UsageLog(folder).close()


def test_a_closed_log_records_nothing(folder: Path) -> None:
    log = UsageLog(folder)
    log.close()
    log.close()
    with pytest.raises(UsageLogUnavailable):
        log.record(RECORD)


def test_a_folder_that_cannot_be_made_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageLogUnavailable):
        UsageLog(tmp_path / "file" / "usage")


def test_files_are_the_owners_alone(folder: Path) -> None:
    with UsageLog(folder):
        (segment,) = folder.glob("*.log")
        assert segment.stat().st_mode & 0o777 == 0o600


Write = Callable[[int, bytes], int]


def disk_full_after(taken: int) -> Write:
    """An `os.write` that takes a few bytes and then finds the disk full."""
    genuine = os.write

    def write(descriptor: int, line: bytes) -> int:
        if taken:
            return genuine(descriptor, line[:taken])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return write


@pytest.mark.parametrize("taken", [0, 10, 200])
def test_a_full_disk_refuses_the_read_and_leaves_no_half_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, taken: int
) -> None:
    with UsageLog(folder) as log:
        log.record(RECORD)
        monkeypatch.setattr(os, "write", disk_full_after(taken))
        for _ in range(2):
            with pytest.raises(UsageLogUnavailable):
                log.record(RECORD)
        monkeypatch.undo()
        log.record(replace(RECORD, rows=18))
    assert verify(folder).ok
    assert rows_of(folder) == [17, 18]


def test_half_a_line_that_cannot_be_taken_back_stops_recording_until_a_restart(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_descriptor: int, _size: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with UsageLog(folder) as log:
        monkeypatch.setattr(os, "write", disk_full_after(100))
        monkeypatch.setattr(os, "ftruncate", refused)
        with pytest.raises(UsageLogUnavailable):
            log.record(RECORD)
        monkeypatch.undo()
        with pytest.raises(UsageLogUnavailable):
            log.record(RECORD)
    with UsageLog(folder) as log:
        log.record(RECORD)
    assert verify(folder).ok
    assert verify(folder).recovered == 1


def test_a_full_disk_at_the_birth_of_a_segment_refuses_and_recovers(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with UsageLog(folder, segment_bytes=500) as log:
        log.record(RECORD)
        monkeypatch.setattr(os, "write", disk_full_after(0))
        with pytest.raises(UsageLogUnavailable):
            log.record(RECORD)
        monkeypatch.undo()
        log.record(RECORD)
    assert verify(folder).ok
    assert len(rows_of(folder)) == 2


def test_once_durability_is_lost_nothing_is_recorded_until_a_restart(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = threading.Event()

    def broken(_descriptor: int) -> None:
        failed.set()
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with UsageLog(folder) as log:
        monkeypatch.setattr(os, "fsync", broken)
        log.record(RECORD)
        assert failed.wait(60)
        monkeypatch.undo()
        deadline = threading.Event()
        while log.fault is None:
            assert not deadline.wait(0.01)
        with pytest.raises(UsageLogUnavailable):
            log.record(RECORD)
    with UsageLog(folder) as log:
        log.record(RECORD)
    assert verify(folder).ok


def test_records_become_durable_within_the_promised_time(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = threading.Event()
    genuine = os.fsync

    def seen(descriptor: int) -> None:
        genuine(descriptor)
        synced.set()

    with UsageLog(folder) as log:
        monkeypatch.setattr(os, "fsync", seen)
        for _ in range(3):
            synced.clear()
            log.record(RECORD)
            assert synced.wait(60)


WRITER = """
import sys
from dataclasses import replace
from pathlib import Path
from access.usage import UsageLog
from tests.access.test_usage import RECORD
log = UsageLog(Path(sys.argv[1]), segment_bytes=20_000)
rows = 0
while True:
    log.record(replace(RECORD, rows=rows))
    sys.stdout.write(f"{rows}\\n")
    sys.stdout.flush()
    rows += 1
"""


def test_a_killed_server_loses_no_record_whose_reply_left(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        replied = -1
        for line in server.stdout:
            replied = int(line)
            if replied >= 500:
                break
        server.send_signal(signal.SIGKILL)
        for line in server.stdout:
            replied = int(line) if line.endswith("\n") else replied
    with UsageLog(folder) as log:
        log.record(replace(RECORD, rows=-1))
    assert verify(folder).ok
    *rows, last = rows_of(folder)
    assert last == -1
    assert rows == list(range(len(rows)))
    assert len(rows) > replied


@pytest.mark.usefixtures("one_day")
def test_an_interface_asked_three_times_is_charged_three_times_also_after_a_restart(
    folder: Path,
) -> None:
    called = {DatasetCode("b_service"): ("CALLED", "CACHED", "INTERFACE_TIMEOUT")}
    columns = {DatasetCode("a_set"): ("x",), DatasetCode("b_service"): ("y",)}
    now = replace(RECORD, columns=columns, calls=called, started=datetime.now(UTC))
    with UsageLog(folder) as log:
        log.record(now)
        counted = log.meter.spent()
    assert {grant: one.calls for grant, one in counted[1].items()} == {"g-1": 1, "g-2": 3}
    assert {one.rows for one in counted[1].values()} == {17}
    (folder / "counted.json").unlink()
    with UsageLog(folder) as log:
        assert log.meter.spent() == counted
