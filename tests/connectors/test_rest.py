import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from types import SimpleNamespace

import pyarrow as pa
import pytest
import tenacity
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse

from catalog.domain import SourceKind
from connectors import rest
from connectors.errors import (
    AddressRefused,
    ColumnMissing,
    ColumnRetyped,
    CursorStuck,
    PageTooLarge,
    PageTruncated,
    PageUnreadable,
    SourceRefusesUs,
    SourceUnavailable,
)
from connectors.limits import LIMITS, Limits
from connectors.rest import rest_extractions
from connectors.signed import SignedClient
from connectors.source import Extraction, Fetch
from tests.connectors import example
from tests.connectors.ministry import PATH, Ministry, Row, Trick, serving


def reading(seq: int, **other: object) -> Row:
    row: dict[str, object] = {
        "seq": seq,
        "站码": f"CQ-{seq % 3}",
        "观测时间": "2020-08-20T08:00:00+08:00",
        "水位(米)": 181.640,
        "流量": "74600",
    }
    return {**row, **other}


@pytest.fixture
def ministry() -> Iterator[Ministry]:
    with serving(Ministry([reading(seq) for seq in range(1, 26)])) as running:
        yield running


def rest_fetch(ministry: Ministry, after: int | None = None, **options: object) -> Fetch:
    chosen = {"path": PATH, "page_size": 10, "per_second": 1000, "retry_seconds": 60, **options}
    cursor = None if after is None else {"after": str(after)}
    return example.fetch(SourceKind.REST, ministry.connection, chosen, cursor=cursor)


def read(fetch: Fetch, limits: Limits = LIMITS) -> tuple[Extraction, pa.Table]:
    (extraction,) = rest_extractions(fetch, limits)
    return extraction, example.table(extraction)


def seqs(table: pa.Table) -> list[int]:
    found: list[int] = table["_line"].to_pylist()
    return found


def busy(_: Request, __: bytes) -> Response:
    return Response(status_code=503, headers={"Retry-After": "0"})


def cut(_: Request, body: bytes) -> Response:
    digest = hashlib.sha256(body).hexdigest()
    return Response(body[: len(body) // 2], headers={"X-Content-SHA256": digest})


def dies(_: Request, body: bytes) -> Response:
    async def half() -> "Iterator[bytes]":  # type: ignore[misc]
        yield body[: len(body) // 2]
        message = "the source dies in the middle of a page"
        raise ConnectionResetError(message)

    return StreamingResponse(half(), headers={"Content-Length": str(len(body))})


def says(content: object) -> Trick:
    return lambda _, __: JSONResponse(content)


def test_pages_are_read_to_the_end_and_the_cursor_is_the_last_sequence(ministry: Ministry) -> None:
    extraction, table = read(rest_fetch(ministry))
    assert seqs(table) == list(range(1, 26))
    assert extraction.cursor() == {"after": "25"}
    assert extraction.origin == "rest example after the start"
    assert table["level_m"][0].as_py() == "181.64"


def test_the_next_fetch_continues_after_the_cursor(ministry: Ministry) -> None:
    extraction, table = read(rest_fetch(ministry, after=20))
    assert seqs(table) == [21, 22, 23, 24, 25]
    assert extraction.origin == "rest example after 20"
    assert list(rest_extractions(rest_fetch(ministry, after=25))) == []


@pytest.mark.parametrize("size", [1, 4, 25, 100])
def test_how_rows_are_paged_changes_neither_rows_nor_identity(
    ministry: Ministry, size: int
) -> None:
    extraction, table = read(rest_fetch(ministry, page_size=size))
    usual, wanted = read(rest_fetch(ministry))
    assert table.equals(wanted)
    assert extraction.identity() == usual.identity()


@pytest.mark.parametrize("stumble", [busy, cut])
def test_a_busy_source_and_a_truncated_page_are_asked_again_signed_anew(
    ministry: Ministry, stumble: Trick
) -> None:
    ministry.tricks = [stumble, lambda *_: None, stumble]
    _, table = read(rest_fetch(ministry))
    assert seqs(table) == list(range(1, 26))
    assert len(ministry.seen) == 5
    assert len(ministry.nonces) == 5


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_source_that_dies_mid_page_is_asked_again_and_no_row_comes_twice(
    ministry: Ministry,
) -> None:
    ministry.tricks = [lambda *_: None, dies]
    _, table = read(rest_fetch(ministry))
    assert seqs(table) == list(range(1, 26))


def test_a_source_that_stays_busy_is_given_up_after_the_total_time(
    ministry: Ministry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time is that of the pauses alone, which are counted and not waited for."""
    pauses: list[float] = []
    monkeypatch.setattr(tenacity, "time", SimpleNamespace(monotonic=lambda: sum(pauses)))
    monkeypatch.setattr(rest, "SignedClient", partial(SignedClient, sleep=pauses.append))
    ministry.tricks = [busy] * 50
    with pytest.raises(SourceUnavailable, match="503"):
        read(rest_fetch(ministry, retry_seconds=10))
    assert 3 < len(ministry.seen) == len(pauses) + 1
    assert sum(pauses) < 10


def test_a_page_that_stays_truncated_is_refused(ministry: Ministry) -> None:
    ministry.tricks = [cut] * 50
    with pytest.raises(PageTruncated):
        read(rest_fetch(ministry, retry_seconds=0.5))


def test_a_retry_after_beyond_the_total_time_is_not_waited_for(ministry: Ministry) -> None:
    ministry.tricks = [lambda *_: Response(status_code=503, headers={"Retry-After": "3600"})]
    with pytest.raises(SourceUnavailable):
        read(rest_fetch(ministry))
    assert len(ministry.seen) == 1


def test_a_retry_after_may_be_a_date(ministry: Ministry) -> None:
    far = format_datetime(datetime.now(UTC) + timedelta(hours=1))
    ministry.tricks = [lambda *_: Response(status_code=429, headers={"Retry-After": far})]
    with pytest.raises(SourceUnavailable, match="429"):
        read(rest_fetch(ministry))
    past = format_datetime(datetime.now(UTC) - timedelta(hours=1))
    ministry.tricks = [lambda *_: Response(status_code=429, headers={"Retry-After": past})]
    assert len(seqs(read(rest_fetch(ministry))[1])) == 25


def test_a_source_that_is_not_there_is_unavailable() -> None:
    gone = Ministry([])
    with serving(gone):
        pass
    with pytest.raises(SourceUnavailable, match="ConnectError"):
        read(rest_fetch(gone, retry_seconds=0.3))


def test_a_wrong_key_is_not_tried_again_and_never_told(ministry: Ministry) -> None:
    wrong = ministry.connection.model_copy(update={"secret": SecretStr("wr0ng")})
    fetch = rest_fetch(ministry)
    fetch = example.fetch(SourceKind.REST, wrong, fetch.feed.options)
    with pytest.raises(SourceRefusesUs, match="401") as refused:
        read(fetch)
    assert len(ministry.seen) == 1
    assert "wr0ng" not in f"{refused.value!r} {refused.value.details} {fetch!r}"


def test_a_redirect_to_an_undeclared_address_is_not_followed(ministry: Ministry) -> None:
    with serving(Ministry([reading(1)])) as other:
        ministry.tricks = [
            lambda *_: RedirectResponse(f"http://127.0.0.1:{other.port}{PATH}?limit=1")
        ]
        with pytest.raises(AddressRefused):
            read(rest_fetch(ministry))
        assert other.seen == []


@pytest.mark.parametrize("to", ["http://169.254.169.254/latest", "file:///etc/passwd"])
def test_a_redirect_to_link_local_or_a_file_is_refused(ministry: Ministry, to: str) -> None:
    ministry.tricks = [lambda *_: RedirectResponse(to)]
    with pytest.raises(AddressRefused):
        read(rest_fetch(ministry))


def test_a_redirect_within_the_declared_pair_is_followed_a_few_times(ministry: Ministry) -> None:
    def on(request: Request, _: bytes) -> Response:
        return RedirectResponse(f"/elsewhere?{request.url.query}")

    ministry.tricks = [on]
    assert len(seqs(read(rest_fetch(ministry))[1])) == 25
    ministry.tricks = [on] * 10
    with pytest.raises(SourceRefusesUs, match="redirects"):
        read(rest_fetch(ministry))


def test_a_page_above_the_limit_is_dropped_while_it_streams(ministry: Ministry) -> None:
    async def endless() -> "Iterator[bytes]":  # type: ignore[misc]
        for _ in range(100):
            yield b"x" * 100_000

    ministry.tricks = [lambda *_: StreamingResponse(endless())]
    with pytest.raises(PageTooLarge):
        read(rest_fetch(ministry), Limits(page=200_000))


@pytest.mark.parametrize(
    "content", [[], {"rows": 5}, {"rows": [1]}, {"rows": [{"站码": "x"}]}, {"rows": None}]
)
def test_an_answer_of_another_form_is_refused(ministry: Ministry, content: object) -> None:
    ministry.tricks = [says(content)] * 3
    with pytest.raises((PageUnreadable, ColumnMissing)):
        read(rest_fetch(ministry))


def test_a_page_that_comes_again_is_seen(ministry: Ministry) -> None:
    page = {"rows": [reading(1), reading(2)], "next": "2"}
    ministry.tricks = [says(page), says(page)]
    with pytest.raises(CursorStuck):
        read(rest_fetch(ministry))


def test_a_source_that_ends_before_its_own_count_is_seen(ministry: Ministry) -> None:
    ministry.tricks = [says({"rows": [reading(1)], "next": None, "total": 25})] * 50
    with pytest.raises(PageTruncated, match="ends at 1 of 25"):
        read(rest_fetch(ministry, total="total", retry_seconds=0.3))
    ministry.tricks = []
    assert len(seqs(read(rest_fetch(ministry, total="total"))[1])) == 25


def test_a_missing_key_names_contract_and_data_set(ministry: Ministry) -> None:
    ministry.rows = [
        {k: v for k, v in reading(seq).items() if k != "水位(米)"} for seq in range(1, 9)
    ]
    with pytest.raises(ColumnMissing, match=r"level_m") as refused:
        read(rest_fetch(ministry))
    assert "district_water_level" in refused.value.message_zh


def test_a_retyped_value_stops_the_load(ministry: Ministry) -> None:
    ministry.rows = [reading(seq, **{"水位(米)": "high"}) for seq in range(1, 9)]
    with pytest.raises(ColumnRetyped, match="high"):
        read(rest_fetch(ministry))


def test_a_nested_value_is_one_rows_fault(ministry: Ministry) -> None:
    ministry.rows = [reading(1), reading(2, 流量={"value": 1})]
    _, table = read(rest_fetch(ministry))
    assert table["_broken"].to_pylist() == [None, "nested_value:流量 is not a single value"]


def test_numbers_keep_every_digit_they_were_sent_with(ministry: Ministry) -> None:
    digits = "181.12345678901234567890"
    row = json.dumps(reading(1), ensure_ascii=False).replace("181.64", digits)
    body = f'{{"rows": [{row}], "next": null}}'.encode()
    ministry.tricks = [lambda *_: Response(body)]
    _, table = read(rest_fetch(ministry))
    assert table["level_m"][0].as_py() == digits


def test_a_load_ends_after_its_limit_of_pages_and_the_next_goes_on(ministry: Ministry) -> None:
    extraction, table = read(rest_fetch(ministry), Limits(pages=2))
    assert seqs(table) == list(range(1, 21))
    assert extraction.cursor() == {"after": "20"}
