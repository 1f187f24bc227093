"""Quotas are counted from what was recorded; no number of calls at once passes a limit of calls."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import orjson
import pytest

from access import chain, counted
from access.errors import QuotaSpent
from access.meter import Call, Meter, renewal
from access.record import Part, UsageId
from access.usage import UsageLog, recorded
from catalog.clock import ReplayClock
from catalog.ids import DatasetCode, GrantId
from catalog.sharing.grant import Grant, Quota
from tests.access.test_usage import RECORD
from tests.shared_data import grant

NOON = datetime(2026, 8, 19, 4, 0, tzinfo=UTC)
"""12:00 in the city."""
MIDNIGHT = datetime(2026, 8, 19, 16, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def limited(**limits: int) -> Grant:
    return replace(grant(DatasetCode("station"), ("code",)), quota=Quota(**limits))


def spend(meter: Meter, held: Grant, at: datetime, rows: int = 1, size: int = 10) -> None:
    call = meter.enter([held], at)
    meter.check(call, at)
    meter.charge([held.id], at, rows, size, call)


def test_a_hundred_calls_at_once_pass_a_limit_of_ten_ten_times() -> None:
    meter, held, start = Meter(), limited(calls=10), Barrier(20)

    def call(number: int) -> bool:
        if number < 20:
            start.wait(60)
        try:
            spend(meter, held, NOON)
        except QuotaSpent:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        passed = sum(pool.map(call, range(100)))
    assert passed == 10
    assert meter.left(held, NOON).calls == 0


def test_calls_under_way_hold_their_places_and_give_them_back_when_nothing_left() -> None:
    meter, held = Meter(), limited(calls=2)
    first, _second = meter.enter([held], NOON), meter.enter([held], NOON)
    with pytest.raises(QuotaSpent):
        meter.enter([held], NOON)
    meter.leave(first)
    meter.leave(first)
    third = meter.enter([held], NOON)
    with pytest.raises(QuotaSpent):
        meter.enter([held], NOON)
    meter.leave(third)
    assert meter.left(held, NOON).calls == 2


@pytest.mark.parametrize("what", ["rows", "bytes"])
def test_the_answer_that_passes_a_limit_leaves_and_is_the_last(what: str) -> None:
    meter, held = Meter(), limited(**{what: 100})
    spend(meter, held, NOON, rows=60, size=60)
    one, other = meter.enter([held], NOON), meter.enter([held], NOON)
    meter.check(one, NOON)
    meter.charge([held.id], NOON, 60, 60, one)
    with pytest.raises(QuotaSpent, match=f"100 {what}"):
        meter.check(other, NOON)
    with pytest.raises(QuotaSpent):
        meter.enter([held], NOON)


def test_a_refusal_tells_limit_data_set_and_renewal_in_the_citys_time() -> None:
    meter, held = Meter(), limited(calls=1)
    spend(meter, held, NOON)
    with pytest.raises(QuotaSpent) as refused:
        meter.enter([held], NOON)
    assert "1 calls of station" in refused.value.message_en
    assert "2026-08-20T00:00:00+08:00" in refused.value.message_zh
    assert refused.value.details["seconds"] == 12 * 3600


def test_quotas_renew_at_the_citys_midnight() -> None:
    meter, held = Meter(), limited(calls=1)
    spend(meter, held, MIDNIGHT - SECOND)
    with pytest.raises(QuotaSpent):
        meter.enter([held], MIDNIGHT - SECOND)
    assert meter.left(held, MIDNIGHT).calls == 1
    spend(meter, held, MIDNIGHT)
    assert renewal(MIDNIGHT) == MIDNIGHT + timedelta(days=1)


def test_a_call_that_ends_after_midnight_counts_on_the_day_it_began() -> None:
    meter, held = Meter(), limited(calls=1)
    late = meter.enter([held], MIDNIGHT - SECOND)
    spend_after = meter.left(held, MIDNIGHT)
    meter.charge([held.id], MIDNIGHT - SECOND, 1, 1, late)
    assert spend_after.calls == 1
    spend(meter, held, MIDNIGHT)


def test_one_grant_without_anything_left_stops_the_whole_operation_and_charges_no_other() -> None:
    meter, spent = Meter(), limited(calls=1)
    other = replace(limited(calls=5), id=GrantId("other"), data_set=DatasetCode("reading"))
    spend(meter, spent, NOON)
    with pytest.raises(QuotaSpent, match="station"):
        meter.enter([other, spent], NOON)
    assert meter.left(other, NOON).calls == 5
    assert meter.enter([other], NOON).grants == (other,)


HELD = replace(limited(calls=10_000, rows=10**9, bytes=10**9), id=RECORD.grants[0])


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., UsageLog]:
    def log(at: datetime = NOON, segment_bytes: int = 4_000) -> UsageLog:
        return UsageLog(
            tmp_path / "usage", system_clock=ReplayClock(at), segment_bytes=segment_bytes
        )

    return log


def at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def test_what_was_spent_today_is_known_again_after_a_restart(
    opened: Callable[..., UsageLog], tmp_path: Path
) -> None:
    with opened(at(-24)) as log:
        for _ in range(30):
            log.record(replace(RECORD, started=at(-24)))
    with opened() as log:
        assert log.meter.left(HELD, NOON).calls == 10_000
        for _ in range(40):
            log.record(replace(RECORD, started=NOON))
        known = log.meter.left(HELD, NOON)
        assert known.calls == 9_960
        assert known.rows == 10**9 - 40 * RECORD.rows
    with opened(at(1)) as log:
        assert log.meter.left(HELD, NOON) == known
    (tmp_path / "usage" / counted.FILE).unlink()
    with opened(at(1)) as log:
        assert log.meter.left(HELD, NOON) == known


def test_after_a_kill_the_records_behind_the_checkpoint_count_too(
    opened: Callable[..., UsageLog], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("access.usage.EVERY", 25)
    with opened() as log:
        for _ in range(40):
            log.record(replace(RECORD, started=NOON))
        kept = (tmp_path / "usage" / counted.FILE).read_bytes()
    body = orjson.loads(kept)
    assert 0 < body["number"] < 40
    (tmp_path / "usage" / counted.FILE).write_bytes(kept)  # as a kill would have left it
    with opened() as log:
        assert log.meter.left(HELD, NOON).calls == 9_960


@pytest.mark.parametrize("change", [{"number": 7}, {"head": "00" * 32}, {"spent": 3}, {"day": "x"}])
def test_a_checkpoint_that_does_not_fit_the_log_counts_for_nothing(
    opened: Callable[..., UsageLog], tmp_path: Path, change: dict[str, object]
) -> None:
    with opened() as log:
        for _ in range(40):
            log.record(replace(RECORD, started=NOON))
    file = tmp_path / "usage" / counted.FILE
    file.write_bytes(orjson.dumps(orjson.loads(file.read_bytes()) | {"spent": {}} | change))
    with opened() as log:
        assert log.meter.left(HELD, NOON).calls == 9_960


def test_only_todays_segments_are_read(
    opened: Callable[..., UsageLog], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(-5, 0):
        with opened(at(24 * day)) as log:
            for _ in range(30):
                log.record(replace(RECORD, started=at(24 * day)))
    with opened() as log:
        log.record(replace(RECORD, started=NOON))
    (tmp_path / "usage" / counted.FILE).unlink()
    read: list[bytes] = []

    def parsed(line: bytes) -> chain.Entry | None:
        read.append(line)
        return whole(line)

    whole = chain.parsed
    monkeypatch.setattr(chain, "parsed", parsed)
    meter = Meter()
    counted.bring_back(tmp_path / "usage", meter, NOON)
    assert meter.left(HELD, NOON).calls == 9_999
    assert len(read) < 20


PART = Part(UsageId("u-1"), (GrantId("grant-station"),), NOON, 60, 600)


def begun(log: UsageLog, held: Grant) -> tuple[UsageId, Call]:
    """An export that has begun."""
    call = log.meter.enter([held], NOON)
    record = replace(
        RECORD, grants=(held.id,), started=NOON, rows=0, reply_bytes=0, media="text/csv"
    )
    return log.record(record, call), call


def test_the_part_of_an_export_that_would_pass_a_limit_does_not_leave(tmp_path: Path) -> None:
    held = limited(rows=100)
    with UsageLog(tmp_path, system_clock=ReplayClock(NOON)) as log:
        _, call = begun(log, held)
        log.part(PART, call)
        with pytest.raises(QuotaSpent):
            log.part(PART, call)
        assert log.meter.left(held, NOON).rows == 40
        log.part(replace(PART, rows=40), call)
        assert log.meter.left(held, NOON).rows == 0


def test_an_export_counts_once_however_its_parts_and_its_end_are_read_back(tmp_path: Path) -> None:
    held = limited(rows=1_000, calls=10, bytes=10_000)
    with UsageLog(tmp_path, system_clock=ReplayClock(NOON)) as log:
        usage, call = begun(log, held)
        log.part(PART, call)
        log.part(PART, call)
        end = replace(
            RECORD, grants=(held.id,), started=NOON, rows=120, reply_bytes=1_200, begun=usage
        )
        log.record(end)
        left = log.meter.left(held, NOON)
        assert (left.calls, left.rows, left.bytes) == (9, 880, 8_800)
    (tmp_path / counted.FILE).unlink()
    with UsageLog(tmp_path, system_clock=ReplayClock(NOON)) as again:
        assert again.meter.left(held, NOON) == left


def test_what_left_of_an_export_that_a_crash_ended_counts(tmp_path: Path) -> None:
    held = limited(rows=1_000, calls=10)
    with UsageLog(tmp_path, system_clock=ReplayClock(NOON)) as log:
        _, call = begun(log, held)
        log.part(PART, call)
    (tmp_path / counted.FILE).unlink()
    with UsageLog(tmp_path, system_clock=ReplayClock(NOON)) as again:
        left = again.meter.left(held, NOON)
        assert (left.calls, left.rows) == (9, 940)
        assert [record.media for _, record in recorded(tmp_path)] == ["text/csv"]
