"""The demo's hub after a kill: it starts again on the same home without complaint, and goes on."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from access import usage
from demo.city import free_port
from tests.crash.town import PATIENCE_SECONDS, wait_for
from tests.running_hub import ROOT, RunningHub, processes_of, running_hub, start_hub

pytestmark = pytest.mark.crash
QUERY = "{ floodPeakForecast(limit: 1) { peakLevelM } }"
TORN = b'0123 {"half'


def killed_when(home: Path, reached: Callable[[], bool]) -> None:
    """A first start that is killed as soon as it gets that far."""
    command = [sys.executable, "server.py", "serve", "--demo", "--port", str(free_port())]
    environment = os.environ | {"VITALHUB_HOME": str(home)}
    with (home / "early.out").open("ab") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        wait_for(reached, "the moment of the kill")
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE_SECONDS)
    wait_for(lambda: not processes_of(home), "the end of what the killed hub had started")


def read_once(hub: RunningHub) -> None:
    assert hub.clients["shapingba-flood"].execute(QUERY)["floodPeakForecast"]


def test_a_killed_hub_reopens_its_warehouse_and_continues_its_usage_log(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    hub = start_hub(home)
    try:
        for _ in range(3):
            read_once(hub)
        hub.kill()
        wait_for(lambda: not hub.processes(), "the end of what the killed hub had started")
    finally:
        for client in hub.clients.values():
            client.close()
        for left in hub.processes():
            left.kill()
    with closing(duckdb.connect(str(home / "warehouse.duckdb"), read_only=True)) as read:
        published = read.execute("SELECT count(*) FROM hub.publication").fetchall()[0][0]
    assert published >= 8
    before = usage.verify(home / "usage")
    assert before.ok
    segment = max((home / "usage").glob("*.log"))
    with segment.open("ab") as log:
        log.write(TORN)
    with running_hub(home) as again:
        read_once(again)
    after = usage.verify(home / "usage", {before.count: before.head})
    assert (after.ok, after.recovered) == (True, 1)
    reads = [record for _, record in usage.recorded(home / "usage") if record.outcome == "OK"]
    assert len([record for record in reads if "flood_peak_forecast" in record.columns]) >= 4


def test_a_first_start_killed_half_way_is_made_good_by_the_next(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for file in ("registry.sqlite", "keys/mask.key", "demo-clients.json", "landing/.incoming"):
        killed_when(home, (home / file).exists)
    with running_hub(home) as hub:
        read_once(hub)
