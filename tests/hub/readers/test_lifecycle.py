"""Readers begin with the hub, are started again, and end with it, however that ends."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil
import pytest

from access.roles import Role
from access.usage import UsageLog, recorded, verify
from bench.readings import texts
from catalog.ids import ClientId
from demo.city import free_port
from hub.composition import build_hub
from settings import Settings
from tests.connectors.calling.hostile import wait_until
from tests.hub.readers.running import (
    ASKS,
    PATIENCE,
    READERS,
    ROW,
    Asking,
    RunningHub,
    grant,
    key,
    publish,
    served,
)
from tests.running_hub import ROOT, processes_of

NAME = ClientId("kept")


@pytest.fixture
def own(home: Path, tmp_path: Path) -> Path:
    """A copy of the home as it was made."""
    return Path(shutil.copytree(home, tmp_path / "home"))


def test_a_reader_that_is_killed_takes_its_connections_and_nothing_else(own: Path) -> None:
    with served(own) as running:
        readers = running.hub.readers
        assert readers is not None
        asking, _ = running.granted()
        ended = threading.Event()

        def ask(_: int) -> int:
            answered = 0
            while not ended.is_set():
                if answered % 50 == 0:
                    each = running.again(asking)
                with suppress(httpx.TransportError):  # it was this one's
                    reply = each.row(answered % 500)
                    assert reply.json()["data"]["riverRegimeMunicipalByKey"] is not None
                    answered += 1
            return answered

        with ThreadPoolExecutor(4) as pool:
            asked = [pool.submit(ask, number) for number in range(4)]
            try:
                for _ in range(2):
                    kill_the_first(running, asking)
            finally:
                ended.set()
            answered = sum(each.result() for each in asked)
        assert running.hub.parts["readers"]()
    assert verify(own / "usage").ok
    assert sum(1 for _ in recorded(own / "usage")) >= answered


def test_a_reader_that_stands_still_is_killed_and_begins_anew(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.readers.process.STILL_LOOKS", 10)
    with served(own) as running:
        readers = running.hub.readers
        assert readers is not None
        asking, _ = running.granted()
        first, second = readers.pids()
        os.kill(first, signal.SIGSTOP)
        wait_until(lambda: not psutil.pid_exists(first) or readers.pids()[0] != first, PATIENCE)
        assert running.again(asking).row(1).status_code == httpx.codes.OK
        wait_until(lambda: readers.ready == READERS and readers.pids()[0] != first, PATIENCE)
        assert readers.pids()[1] == second
        for _ in range(4):
            assert running.again(asking).row(1).status_code == httpx.codes.OK
    assert verify(own / "usage").ok


def kill_the_first(running: RunningHub, asking: Asking) -> None:
    """While it answers; it is there again afterwards."""
    readers = running.hub.readers
    assert readers is not None
    before = readers.tallied()[0].calls
    wait_until(lambda: readers.tallied()[0].calls > before)
    os.kill(readers.pids()[0], signal.SIGKILL)
    wait_until(lambda: readers.ready < READERS)
    assert running.again(asking).row(1).status_code == httpx.codes.OK
    wait_until(lambda: readers.ready == READERS, PATIENCE)


def test_health_names_readers_and_metrics_count_what_they_answered(own: Path) -> None:
    with served(own) as running:
        asking, _ = running.granted()
        operator = running.client(Role.OPERATOR)
        told = operator.http.get("/health").json()
        assert told["parts"]["readers"] == "up"

        def figures() -> dict[str, float]:
            headers = {"authorization": f"Bearer {operator.token}"}
            lines = operator.http.get("/metrics", headers=headers).text.splitlines()
            pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
            return {name: float(value) for name, value in pairs}

        before = figures()
        for number in range(50):
            asking.row(number)
        after = figures()
        assert running.answered >= 50
        for name, more in (
            ('vitalhub_requests_total{code="OK"}', 50),
            ("vitalhub_rows_total", 50),
            ("vitalhub_request_seconds_count", 50),
        ):
            assert after[name] - before.get(name, 0) == more
        assert after["vitalhub_reply_bytes_total"] > before["vitalhub_reply_bytes_total"] + 50 * 100
    logs = [
        line
        for file in (own / "operations").glob("reader-*/*.jsonl")
        for line in file.read_text("ascii").splitlines()
    ]
    assert len(logs) == 50
    assert {json.loads(line)["client"] for line in logs} == {asking.id}


def test_the_readers_end_with_the_hub(own: Path) -> None:
    with served(own) as running:
        assert running.hub.readers is not None
        pids = running.hub.readers.pids()
        assert all(psutil.pid_exists(pid) for pid in pids)
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert verify(own / "usage").ok


@contextmanager
def hub_process(home: Path, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    environment = os.environ | {"VITALHUB_HOME": str(home), "VITALHUB_READERS": "2"}
    command = [sys.executable, "server.py", "serve", "--port", str(port)]
    with (home.parent / "out").open("ab") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        wait_until(lambda: serves(port), PATIENCE)
        yield process
    finally:
        process.kill()
        process.wait()
        for left in processes_of(home):
            with suppress(psutil.NoSuchProcess):
                left.kill()


def serves(port: int) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False).status_code == 200
    return False


def test_a_killed_hub_takes_its_readers_and_another_goes_on_where_the_log_ends(own: Path) -> None:
    hub = build_hub(Settings(home=own))
    publish(hub, texts(10, 5_000))
    secret = hub.clients.register(NAME, ASKS, [Role.APP])
    grant(hub, NAME)
    hub.close()
    answered = sum(answered_until_killed(own, secret) for _ in range(2))
    with UsageLog(own / "usage"):
        pass
    assert verify(own / "usage").ok
    assert sum(1 for _ in recorded(own / "usage")) >= answered


def answered_until_killed(own: Path, secret: str) -> int:
    port = free_port()
    with (
        hub_process(own, port) as process,
        httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE, trust_env=False
        ) as http,
    ):
        asked = http.post(
            "/oauth/token", data={"grant_type": "client_credentials"}, auth=(NAME, secret)
        )
        http.headers["authorization"] = f"Bearer {asked.json()['access_token']}"
        before = noted_by_readers(own)
        wait_until(lambda: reads(http, 1) and noted_by_readers(own) > before)
        assert all(reads(http, number) for number in range(200))
        readers = [p for p in processes_of(own) if "hub.readers.reader" in " ".join(p.cmdline())]
        assert len(readers) == 2
        process.kill()
        process.wait()
        _, left = psutil.wait_procs(readers, PATIENCE)
        assert not left
    return 200


def noted_by_readers(home: Path) -> int:
    """Bytes of their logs of operations."""
    return sum(log.stat().st_size for log in (home / "operations").glob("reader-*/*.jsonl"))


def reads(http: httpx.Client, number: int) -> bool:
    reply = http.post("/graphql", json={"query": ROW, "variables": key(number)})
    return bool(reply.json()["data"]["riverRegimeMunicipalByKey"])
