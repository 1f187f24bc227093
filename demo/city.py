"""The demo city: its files, its sources and live services in their own processes, and the operator's connections.

Rules: a home keeps its scenario and start instant, so a second run goes on where the first stood and
never repeats a key; sources listen on 127.0.0.1 only; connections.yaml is readable by its owner alone;
the children end with this process, however it ends.
"""

import json
import secrets
import socket
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import yaml

from catalog.clock import SystemClock
from demo import enterprises, waterlogging
from demo.bureau import Bureau, bureau_url
from demo.district import EVERY_SECONDS, District, Folder
from demo.key import ministry_key, write_private
from demo.lifeline import CITY, stop_event
from demo.ministry import BUSY_EVERY
from demo.scenario import Scenario, ScenarioName, scenario
from demo.service import service_key

SERVICES = {
    enterprises.NAME: "samr_enterprises",
    waterlogging.NAME: "cq_water_waterlogging",
}
"""The live services by their program, with the connection that the interfaces name."""
READY_SECONDS = 60.0
STOP_SECONDS = 5.0
POLL_SECONDS = 0.05
ATTEMPTS = 5
PROJECT = Path(__file__).parents[1]
PORTS = range(20_000, 32_000)
PLACES_FILE = "places-2023.csv"


class CityNotReady(RuntimeError):
    """A source of the demo city did not come up."""


@dataclass(slots=True)
class DemoCity:
    """`start` counts only for a home that has none yet."""

    home: Path
    scenario: ScenarioName = ScenarioName.CIQIKOU
    start: datetime | None = None
    city: Path = CITY
    busy_every: int = BUSY_EVERY
    gauge_seconds: float = EVERY_SECONDS
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    """Of the programs that answer HTTP."""

    def __enter__(self) -> Self:
        self.run()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def connections_file(self) -> Path:
        return self.home / "connections.yaml"

    def prepare(self) -> Scenario:
        """The files and the database as they stand now, without any process."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.scenario, self.start = self._remembered()
        flood = scenario(self.scenario, self.start, self.city)
        bureau = Bureau(bureau_url(self.home), flood)
        bureau.update(SystemClock())
        bureau.close()
        district = District(self.home, flood, self.city)
        district.drop_premises()
        district.drop_history()
        places = Folder(self.home / "bigdata")
        if not places.has_had(PLACES_FILE):
            places.drop(PLACES_FILE, (self.city / "places.csv").read_bytes())
        return flood

    def run(self) -> None:
        """Prepare, start the sources and wait until they answer; CityNotReady stops what began."""
        self.prepare()
        try:
            self._start_http("ministry", "--busy-every", str(self.busy_every))
            for service in SERVICES:
                self._start_http(service)
            self._start("bureau")
            self._start("district", "--every", str(self.gauge_seconds))
            write_private(self.connections_file, yaml.safe_dump(self.connections()))
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End every child: politely, then not."""
        for process in self.processes.values():
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in self.processes.values():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdin is not None:
                process.stdin.close()
        self.processes.clear()

    def ended(self) -> tuple[str, ...]:
        """The names of sources that no longer run."""
        return tuple(n for n, process in self.processes.items() if process.poll() is not None)

    def connections(self) -> Mapping[str, Mapping[str, object]]:
        """What the operator's connections file says of the sources."""
        key, home, port = ministry_key(self.home), self.home.absolute(), self.ports["ministry"]
        return {
            "mwr_river": {
                "kind": "rest",
                "url": f"http://127.0.0.1:{port}",
                "allow": [f"127.0.0.1:{port}"],
                "key_id": key.key_id,
                "secret": key.secret,
            },
            "cq_water_db": {"kind": "sql", "url": bureau_url(self.home), "allow": []},
            "shapingba_files": {"kind": "files", "folder": str(home / "district" / "inbox")},
            "bigdata_files": {"kind": "files", "folder": str(home / "bigdata" / "inbox")},
            **{connection: self._service(name) for name, connection in SERVICES.items()},
        }

    def _service(self, name: str) -> Mapping[str, object]:
        port = self.ports[name]
        return {
            "kind": "interface",
            "url": f"http://127.0.0.1:{port}",
            "allow": [f"127.0.0.1:{port}"],
            "secret": f"Bearer {service_key(self.home, name)}",
        }

    def _remembered(self) -> tuple[ScenarioName, datetime]:
        file = self.home / "demo-city.json"
        if not file.exists():
            start = self.start or SystemClock().now()
            write_private(file, json.dumps({"scenario": self.scenario, "start": start.isoformat()}))
        kept = json.loads(file.read_text("utf-8"))
        return ScenarioName(kept["scenario"]), datetime.fromisoformat(kept["start"])

    def _start_http(self, name: str, *options: str) -> None:
        for _ in range(ATTEMPTS):
            port = self.ports[name] = free_port()
            process = self._start(name, "--port", str(port), *options)
            if _answers(process, f"http://127.0.0.1:{port}/health"):
                return
        raise CityNotReady(f"the service {name} does not come up")

    def _start(self, name: str, *options: str) -> subprocess.Popen[bytes]:
        if self.start is None:
            raise CityNotReady("prepare() comes first")
        command = [sys.executable, "-m", f"demo.{name}", "--lifeline", *options]
        command += ["--home", str(self.home.absolute()), "--city", str(self.city.absolute())]
        command += ["--scenario", self.scenario, "--start", self.start.isoformat()]
        process = subprocess.Popen(  # noqa: S603 - our own programs
            command, cwd=PROJECT, stdin=subprocess.PIPE, start_new_session=True
        )
        self.processes[name] = process
        return process


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has just now. Systems hand out higher ones by themselves, so none
    of their callers gets it before our own child listens.
    """
    for _ in range(len(PORTS)):
        port = secrets.choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise CityNotReady("no port is free")


def _answers(process: subprocess.Popen[bytes], address: str) -> bool:
    """Whether the child answers before it ends; CityNotReady when it does neither in time."""
    deadline = time.monotonic() + READY_SECONDS
    with httpx.Client(trust_env=False, timeout=1.0) as client:
        while time.monotonic() < deadline:
            if process.poll() is not None:
                return False
            try:
                if client.get(address).is_success:
                    return True
            except httpx.TransportError:
                time.sleep(POLL_SECONDS)
    raise CityNotReady(f"{address} does not answer")


def main() -> None:
    parser = ArgumentParser(description="The demo city's sources, until Ctrl-C")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--scenario", type=ScenarioName, default=ScenarioName.CIQIKOU)
    parser.add_argument("--start", type=datetime.fromisoformat, default=None)
    given = parser.parse_args()
    stop = stop_event()
    with DemoCity(given.home, given.scenario, given.start) as city:
        sys.stdout.write(f"{city.scenario}: connections in {city.connections_file}\n")
        sys.stdout.flush()
        while not stop.wait(1.0):
            for name in city.ended():
                sys.stdout.write(f"{name} has ended\n")
                return


if __name__ == "__main__":
    main()
