"""How an export ends that is not read to its end, and what is left of it: a record, and nothing else."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from access.errors import UsageLogUnavailable
from access.usage import UsageLog
from catalog.ids import ClientId, DatasetCode
from catalog.sharing.grant import Quota
from schema.export import reading as export_reading
from schema.export import run as export_run
from schema.export import sending
from tests.moved_loop import MovedLoop
from tests.schema.export.readers import ALL, Transfer, publish_many, records_of
from tests.schema.hub import READING_COLUMNS, Hub, whole
from tests.shared_data import grant

ROWS = 40_000
PIECES = 2_048
PATIENCE = 3_600.0
"""Seconds that no reader of a test is stopped by, but one whose time is moved."""
PLACES = ["500106", "500172"]


@pytest.fixture
def many(hub: Hub, app: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The token of who may export 40,000 rows, in twenty pieces."""
    monkeypatch.setattr(export_reading, "BATCH_ROWS", PIECES)
    monkeypatch.setattr(export_reading, "LEAST_ROWS", PIECES)
    monkeypatch.setattr(sending, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(sending, "READER_SECONDS", PATIENCE)
    publish_many(hub, ROWS)
    return app


def transferred(
    hub: Hub,
    token: str,
    on_piece: Callable[[Transfer], object] | None = None,
    *,
    accept: str = "application/x-ndjson",
    cut: bool = True,
) -> Transfer:
    return asyncio.run(Transfer(hub, token, ALL, accept, on_piece).run(cut=cut))


def outcome(hub: Hub) -> dict[str, Any]:
    """The record of the end of the only export; the beginning stands before it."""
    begun, ended = records_of(hub)
    assert begun["outcome"] == "EXPORT_BEGUN"
    return ended


async def never(_: Transfer) -> None:
    await asyncio.Event().wait()


def after(pieces: int, act: Callable[[Transfer], object]) -> Callable[[Transfer], object]:
    """Does it once, with so many pieces there; nothing more is taken until the connection ends."""

    async def on_piece(transfer: Transfer) -> None:
        if len(transfer.pieces) == pieces:
            act(transfer)
            await transfer.left.wait()

    return on_piece


def test_a_reader_that_stops_is_cut_off_recorded_and_leaves_nothing_behind(
    hub: Hub, many: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "READER_SECONDS", 0.2)
    got = transferred(hub, many, never)
    assert (got.status, got.whole, got.broken) == (200, False, True)
    ended = outcome(hub)
    assert ended["outcome"] == "READER_STOPPED"
    assert 0 < ended["rows"] < ROWS
    assert hub.ask(many, "{ reading(limit: 1) { levelM } }")


def test_a_reader_that_leaves_ends_its_export(hub: Hub, many: str) -> None:
    got = transferred(hub, many, after(2, lambda transfer: transfer.left.set()))
    assert not got.whole
    ended = outcome(hub)
    assert ended["outcome"] == "READER_LEFT"
    assert ended["rows"] < ROWS


def test_a_grant_that_is_revoked_ends_the_export_it_carries(hub: Hub, many: str) -> None:
    got = transferred(hub, many, after(2, lambda _: hub.granted("app")))
    assert (got.whole, got.broken) == (False, True)
    assert outcome(hub)["outcome"] == "SCOPE_CHANGED"


def test_a_grant_that_says_something_else_now_ends_the_export_too(hub: Hub, many: str) -> None:
    less = grant(DatasetCode("reading"), READING_COLUMNS, places=["500172"])
    transferred(hub, many, after(2, lambda _: hub.granted("app", less)))
    assert outcome(hub)["outcome"] == "SCOPE_CHANGED"


def test_another_grant_that_changes_is_no_business_of_an_export(hub: Hub, many: str) -> None:
    def change(transfer: Transfer) -> None:
        if len(transfer.pieces) == 2:
            hub.granted("app", *(g for g in whole() if g.data_set == "reading"))

    assert transferred(hub, many, change).whole
    assert outcome(hub)["outcome"] == "OK"


def test_a_token_that_is_revoked_ends_the_export_it_began(hub: Hub, many: str) -> None:
    def revoke(_: Transfer) -> None:
        threading.Thread(target=hub.clients.revoke_client, args=(ClientId("app"),)).start()

    transferred(hub, many, after(2, revoke))
    assert outcome(hub)["outcome"] in {"TOKEN_REVOKED", "TOKEN_INVALID"}


def test_a_quota_of_rows_holds_within_a_file(hub: Hub, many: str) -> None:
    held = grant(DatasetCode("reading"), READING_COLUMNS, places=PLACES)
    hub.granted("app", replace(held, quota=Quota(rows=10_000)))
    got = transferred(hub, many)
    assert (got.status, got.whole, got.broken) == (200, False, True)
    assert got.body.count(b"\n") <= 10_000
    ended = outcome(hub)
    assert ended["outcome"] == "QUOTA_SPENT"
    assert ended["rows"] == got.body.count(b"\n") > 0


def test_a_quota_of_bytes_holds_within_a_file_and_for_all_files_together(
    hub: Hub, many: str
) -> None:
    held = grant(DatasetCode("reading"), READING_COLUMNS, places=PLACES)
    hub.granted("app", replace(held, quota=Quota(bytes=1_500_000)))

    async def both() -> list[Transfer]:
        two = (Transfer(hub, many, ALL).run() for _ in range(2))
        return list(await asyncio.gather(*two))

    assert sum(len(got.body) for got in asyncio.run(both())) <= 1_500_000


def test_a_quota_that_is_spent_refuses_before_anything_leaves(hub: Hub, many: str) -> None:
    held = grant(DatasetCode("reading"), READING_COLUMNS, places=PLACES)
    hub.granted("app", replace(held, quota=Quota(calls=1)))
    assert transferred(hub, many).whole
    again = transferred(hub, many)
    assert (again.status, again.errors) == (429, ["QUOTA_SPENT"])
    assert "retry-after" in again.got


def test_what_left_before_a_crash_counts_after_it(hub: Hub, many: str) -> None:
    held = grant(DatasetCode("reading"), READING_COLUMNS, places=PLACES)
    held = replace(held, quota=Quota(rows=1_000_000, calls=10))
    hub.granted("app", held)
    got = transferred(hub, many, after(3, lambda transfer: transfer.left.set()))
    (left,) = hub.ask(many, "{ me { quotas { left { calls rows } } } }")["me"]["quotas"]
    assert int(left["left"]["rows"]) <= 1_000_000 - got.body.count(b"\n")
    hub.usage.close()
    with UsageLog(hub.folder / "usage") as again:
        quota = again.meter.left(held, datetime.now(UTC))
    assert (str(quota.calls), str(quota.rows)) == (left["left"]["calls"], left["left"]["rows"])


def test_nothing_leaves_that_could_not_be_recorded(
    hub: Hub, many: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise UsageLogUnavailable("no space left")

    monkeypatch.setattr(hub.usage, "part", full)
    refused = transferred(hub, many)
    assert (refused.status, refused.errors) == (503, ["USAGE_LOG_UNAVAILABLE"])
    monkeypatch.setattr(hub.usage, "record", full)
    assert transferred(hub, many).status == 503


def test_an_export_that_takes_too_long_ends(hub: Hub, many: str) -> None:
    hub.serve(export_seconds=PATIENCE / 2)
    loop = MovedLoop()

    async def dawdle(_: Transfer) -> None:
        loop.ahead = PATIENCE / 2
        await asyncio.Event().wait()

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        got = runner.run(Transfer(hub, many, ALL, on_piece=dawdle).run())
    assert (got.status, got.whole) == (200, False)
    assert outcome(hub)["outcome"] == "QUERY_TIMEOUT"


def test_an_engine_that_fails_in_the_middle_breaks_the_file(
    hub: Hub, many: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = export_reading.ExportReading.next
    batches = iter(range(100))

    def failing(self: export_reading.ExportReading) -> Any:
        if next(batches) > 3:
            raise OSError("the disk is gone")
        return real(self)

    monkeypatch.setattr(export_reading.ExportReading, "next", failing)
    got = transferred(hub, many)
    assert (got.status, got.whole, got.broken) == (200, False, True)
    assert "disk" not in str(got.body[-200:])
    assert outcome(hub)["outcome"] == "INTERNAL"
    assert "the disk is gone" in caplog.text


def test_a_server_that_cannot_cut_closes_after_an_error(hub: Hub, many: str) -> None:
    held = grant(DatasetCode("reading"), READING_COLUMNS, places=PLACES)
    hub.granted("app", replace(held, quota=Quota(rows=10_000)))
    got = transferred(hub, many, cut=False)
    assert (got.whole, got.broken) == (False, True)


def test_all_of_a_file_is_one_version_while_others_are_published(hub: Hub, many: str) -> None:
    def publish(transfer: Transfer) -> None:
        if len(transfer.pieces) == 2:
            publish_many(hub, ROWS + 500, "more")

    got = transferred(hub, many, publish)
    assert got.whole
    assert got.body.count(b"\n") == ROWS + 3
    assert transferred(hub, many).body.count(b"\n") == ROWS + 503


def test_a_slow_reader_keeps_nobody_from_the_engine(hub: Hub, many: str) -> None:
    other = hub.client("other")
    hub.granted("other", *whole(PLACES))

    async def one_waits() -> None:
        stopped = asyncio.Event()
        waiting = asyncio.Event()

        async def wait(_: Transfer) -> None:
            waiting.set()
            await stopped.wait()

        slow = [asyncio.create_task(Transfer(hub, many, ALL, on_piece=wait).run()) for _ in "12"]
        await waiting.wait()
        quick = await Transfer(hub, other, ALL, "text/csv").run()
        assert quick.whole
        stopped.set()
        assert all(transfer.whole for transfer in await asyncio.gather(*slow))

    asyncio.run(one_waits())


def test_a_client_has_few_exports_under_way(hub: Hub, many: str) -> None:
    async def three() -> list[int]:
        stopped, waiting = asyncio.Event(), asyncio.Semaphore(0)

        async def wait(_: Transfer) -> None:
            waiting.release()
            await stopped.wait()

        slow = [
            asyncio.create_task(Transfer(hub, many, ALL, on_piece=wait).run())
            for _ in range(export_run.CLIENT_EXPORTS)
        ]
        for _ in slow:
            await waiting.acquire()
        third = await Transfer(hub, many).run()
        stopped.set()
        await asyncio.gather(*slow)
        fourth = await Transfer(hub, many).run()
        return [third.status, fourth.status]

    assert asyncio.run(three()) == [429, 200]
