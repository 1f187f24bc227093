"""The ministry's service, asked over a real connection."""

import hashlib
import json
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import uvicorn

from catalog.clock import ReplayClock
from demo.city import PROJECT, free_port
from demo.key import Key, ministry_key
from demo.lifeline import CITY
from demo.ministry import PATH, Faults, Gate, Ministry, signature
from demo.scenario import ScenarioName, scenario

START = datetime(2026, 7, 12, 3, 20, tzinfo=UTC)
KEY = Key("vitalhub-chongqing", "a secret of this test")
CALM = Faults(busy_every=0)


@contextmanager
def served(faults: Faults = CALM, clock: ReplayClock | None = None) -> Iterator[httpx.Client]:
    flood = scenario(ScenarioName.AUGUST_2020, START, CITY)
    app = Ministry(flood, Gate(KEY), clock or ReplayClock(START), faults).app()
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_for(lambda: server.started)
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False
        ) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(timeout=60)


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.02)


def signed(
    query: Mapping[str, object], key: Key = KEY, **changes: str
) -> tuple[str, dict[str, str]]:
    target = f"{PATH}?{urlencode(query)}"
    stamp = changes.get("stamp", str(int(time.time())))
    nonce = changes.get("nonce", secrets.token_hex(8))
    return target, {
        "X-Key-Id": key.key_id,
        "X-Timestamp": stamp,
        "X-Nonce": nonce,
        "X-Signature": signature(key.secret, "GET", target, stamp, nonce),
    }


def ask(client: httpx.Client, **query: object) -> httpx.Response:
    target, headers = signed(query)
    return client.get(target, headers=headers)


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with served() as opened:
        yield opened


def test_pages_of_500_lead_through_all_rows_once(client: httpx.Client) -> None:
    seen: list[dict[str, Any]] = []
    cursor: str | None = ""
    pages = 0
    while cursor is not None:
        page = ask(client, after=cursor, limit=500).json()
        assert page["total"] == 825
        seen += page["rows"]
        cursor = page["next"]
        pages += 1
    assert pages == 2
    assert [row["seq"] for row in seen] == list(range(1, 826))
    assert {row["stcd"] for row in seen} >= {"60105400", "CQ-BEIBEI3"}


def test_a_row_keeps_the_texts_of_the_source(client: httpx.Client) -> None:
    rows = ask(client, after="", limit=500).json()["rows"]
    cuntan = next(row for row in rows if row["stcd"] == "60105400")
    assert cuntan == {
        "seq": cuntan["seq"],
        "stcd": "60105400",
        "tm": "2026-07-07T23:20:00+08:00",
        "z": "180.88",
        "q": "48700",
        "otq": "0",
        "wptn": 5,
        "scenario_id": "august-2020-1",
        "synthetic": False,
    }
    assert any(row["q"] == "0" for row in rows)


def test_after_the_last_row_a_page_is_empty_until_two_hours_have_passed() -> None:
    clock = ReplayClock(START)
    with served(clock=clock) as client:
        assert ask(client, after=825, limit=500).json() == {"rows": [], "next": None, "total": 825}
        clock.advance(timedelta(hours=2))
        page = ask(client, after=825, limit=500).json()
        assert page["rows"][0]["seq"] == 826
        assert {row["scenario_id"] for row in page["rows"]} == {"august-2020-2"}


def test_a_page_holds_at_most_500_rows(client: httpx.Client) -> None:
    assert len(ask(client, after="", limit=100_000).json()["rows"]) == 500


def test_a_body_carries_its_digest(client: httpx.Client) -> None:
    reply = ask(client, after="", limit=5)
    assert reply.headers["X-Content-SHA256"] == hashlib.sha256(reply.content).hexdigest()


@pytest.mark.parametrize("query", [{"after": "x"}, {"limit": "0"}, {"limit": "-1"}])
def test_a_cursor_that_is_no_number_is_a_bad_request(
    client: httpx.Client, query: dict[str, str]
) -> None:
    assert ask(client, **query).status_code == 400


def test_an_unsigned_request_is_refused(client: httpx.Client) -> None:
    assert client.get(f"{PATH}?limit=5").status_code == 401


def test_a_wrong_secret_is_refused(client: httpx.Client) -> None:
    target, headers = signed({"limit": 5}, Key(KEY.key_id, "another"))
    reply = client.get(target, headers=headers)
    assert (reply.status_code, reply.json()) == (401, {"error": "wrong signature"})


def test_a_signature_holds_for_its_own_query_only(client: httpx.Client) -> None:
    _, headers = signed({"limit": 5})
    assert client.get(f"{PATH}?limit=500", headers=headers).status_code == 401


@pytest.mark.parametrize("shift", [-3600, 3600])
def test_a_time_outside_the_window_is_refused(client: httpx.Client, shift: int) -> None:
    target, headers = signed({"limit": 5}, stamp=str(int(time.time()) + shift))
    assert client.get(target, headers=headers).status_code == 401


def test_a_replayed_request_is_refused(client: httpx.Client) -> None:
    target, headers = signed({"limit": 5}, nonce="once")
    assert client.get(target, headers=headers).status_code == 200
    again = client.get(target, headers=headers)
    assert (again.status_code, again.json()) == (401, {"error": "replayed"})


def test_every_seventh_request_finds_the_service_busy() -> None:
    with served(Faults()) as client:
        replies = [ask(client, limit=1) for _ in range(14)]
    assert [r.status_code for r in replies] == ([200] * 6 + [503]) * 2
    assert replies[6].headers["Retry-After"] == "1"


def test_a_request_that_found_it_busy_may_be_sent_again() -> None:
    with served(Faults(busy_every=1)) as client:
        assert ask(client, limit=1).status_code == 503


def test_a_page_cut_short_does_not_match_its_digest() -> None:
    with served(Faults(busy_every=0, truncate_page=2)) as client:
        whole, cut, again = (ask(client, limit=50) for _ in range(3))
    assert whole.content == again.content
    assert len(cut.content) < len(whole.content)
    assert cut.headers["X-Content-SHA256"] == hashlib.sha256(whole.content).hexdigest()
    with pytest.raises(json.JSONDecodeError):
        cut.json()


def test_the_service_can_die_in_the_middle_of_a_page(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "demo.ministry", "--home", str(tmp_path), "--port", str(port)]
    command += ["--start", START.isoformat(), "--busy-every", "0", "--die-page", "2"]
    with subprocess.Popen(command, cwd=PROJECT) as process:
        address = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
            wait_for(lambda: answers(client))
            key = ministry_key(tmp_path)
            target, headers = signed({"limit": 500}, key)
            assert client.get(target, headers=headers).status_code == 200
            target, headers = signed({"limit": 500}, key)
            with pytest.raises(httpx.TransportError):
                client.get(target, headers=headers)
        assert process.wait(timeout=60) == 1


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/health").is_success
    except httpx.TransportError:
        return False
