"""The demo city as a whole: real processes, real files."""

import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psutil
import pytest
from sqlalchemy import create_engine, text

from catalog.domain import read_domains
from connectors.connections import read_connections
from demo.city import PROJECT, CityNotReady, DemoCity
from demo.lifeline import CITY
from demo.scenario import ScenarioName

SOURCES = {"ministry", "bureau", "district", "enterprises", "waterlogging"}


def wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.05)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_the_city_comes_up_serves_and_ends(home: Path) -> None:
    with DemoCity(home, gauge_seconds=0.2) as city:
        children = [psutil.Process(p.pid) for p in city.processes.values()]
        assert set(city.processes) == SOURCES
        assert city.ended() == ()
        address = str(city.connections()["mwr_river"]["url"])
        assert httpx.get(f"{address}/health", timeout=60, trust_env=False).json() == {
            "service": "ministry"
        }
        reply = httpx.get(f"{address}/v1/river-regime", timeout=60, trust_env=False)
        assert reply.status_code == 401
        inbox = home / "district" / "inbox"
        wait_for(lambda: len(list(inbox.glob("water-level-2*.csv"))) >= 1)
        assert len(list(inbox.glob("premises-*.xlsx"))) == 1
        assert (home / "bigdata" / "inbox" / "places-2023.csv").exists()
        engine = create_engine(str(city.connections()["cq_water_db"]["url"]))
        with engine.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM river_regime")).scalar() == 220
        engine.dispose()
    assert not any(child.is_running() for child in children)


def test_the_connections_file_serves_every_declared_source_and_only_its_owner(home: Path) -> None:
    with DemoCity(home) as city:
        assert stat.S_IMODE(city.connections_file.stat().st_mode) == 0o600
        connections = read_connections(city.connections_file)
        for source in (s for domain in read_domains(CITY) for s in domain.sources):
            assert connections.get(source.connection, source.kind).kind == source.kind.value


def test_a_home_keeps_its_scenario_and_start(home: Path) -> None:
    start = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    first = DemoCity(home, ScenarioName.AUGUST_2020, start).prepare()
    again = DemoCity(home, ScenarioName.CIQIKOU, start + timedelta(days=9)).prepare()
    assert again.timeline == first.timeline
    assert again.timeline.name == "august-2020"


def test_a_city_whose_sources_cannot_start_leaves_nothing_running(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-such-python"))
    city = DemoCity(home)
    with pytest.raises((CityNotReady, OSError)):
        city.run()
    assert city.processes == {}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_children_end_when_their_parent_does(home: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "demo.city", "--home", str(home)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL) as parent:
        wait_for((home / "connections.yaml").exists)
        children = psutil.Process(parent.pid).children(recursive=True)
        assert len(children) == len(SOURCES)
        parent.send_signal(number)
        parent.wait(timeout=60)
        wait_for(lambda: not any(running(child) for child in children))


def running(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
