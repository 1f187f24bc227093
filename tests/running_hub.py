"""A hub as people run it: `server.py serve --demo` in a process of its own, on a free port.

Rules: it is ready when its clients are written and the line to paste is printed; every process of the
home is found by its VITALHUB_HOME, so that none is left behind unseen; SIGINT ends all of them.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from commands.client import HubClient
from demo.city import free_port

ROOT = Path(__file__).parents[1]
READY_SECONDS = 240.0
STOP_SECONDS = 60.0
LOOK_SECONDS = 0.05
PATIENT = {"VITALHUB_QUERY_SECONDS": "120"}
"""No stall of a busy machine ends an operation."""


@dataclass(frozen=True, slots=True)
class RunningHub:
    """`clients` are the demo's, by their ids; `output` is what the process has printed so far."""

    address: str
    clients: Mapping[str, HubClient]
    home: Path
    process: "subprocess.Popen[bytes]"
    output: Path

    @property
    def example(self) -> str:
        """The printed line that works when pasted."""
        lines = self.output.read_text("utf-8").splitlines()
        return next(line for line in lines if line.startswith("curl "))

    def processes(self) -> list[psutil.Process]:
        """Whatever runs on this home now: the server, its worker, the city's sources."""
        return processes_of(self.home)

    def kill(self) -> None:
        """SIGKILL to the server alone; the rest is left to notice by itself."""
        self.process.kill()
        self.process.wait(STOP_SECONDS)

    def stop(self) -> None:
        """Ctrl-C; AssertionError when it does not end, or leaves a process behind."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            assert self.process.wait(STOP_SECONDS) == 0, self.output.read_text("utf-8")
        _, left = psutil.wait_procs(self.processes(), STOP_SECONDS)
        assert not left, [process.cmdline() for process in left]


@contextmanager
def running_hub(
    home: Path, *, scenario: str = "ciqikou", environment: Mapping[str, str] | None = None
) -> Iterator[RunningHub]:
    """The same home may be run again; `environment` adds settings (VITALHUB_...)."""
    hub = start_hub(home, scenario=scenario, environment=environment)
    try:
        yield hub
        hub.stop()
    finally:
        for client in hub.clients.values():
            client.close()
        for process in processes_of(home):
            process.kill()
        hub.process.wait(STOP_SECONDS)


def start_hub(
    home: Path, *, scenario: str = "ciqikou", environment: Mapping[str, str] | None = None
) -> RunningHub:
    """Returns when it is ready; AssertionError with what it printed when it does not get there."""
    home.mkdir(parents=True, exist_ok=True)
    home, port = home.absolute(), free_port()
    output = home / "serve.out"
    command = [sys.executable, "server.py", "serve", "--demo", "--scenario", scenario]
    with output.open("wb") as printed:
        process = subprocess.Popen(
            [*command, "--port", str(port)],
            cwd=ROOT,
            env=os.environ | PATIENT | {"VITALHUB_HOME": str(home)} | dict(environment or {}),
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_ready(process, output)
    except BaseException:
        for left in processes_of(home):
            left.kill()
        process.wait(STOP_SECONDS)
        raise
    address = f"http://127.0.0.1:{port}"
    return RunningHub(address, demo_clients(home, address), home, process, output)


def demo_clients(home: Path, address: str) -> Mapping[str, HubClient]:
    listed = json.loads((home / "demo-clients.json").read_text("utf-8"))
    return {
        one["client_id"]: HubClient(address, one["client_id"], one["client_secret"])
        for one in listed
    }


def processes_of(home: Path) -> list[psutil.Process]:
    """Those whose VITALHUB_HOME it is, without this one."""
    wanted = str(home.absolute())
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get("VITALHUB_HOME") == wanted:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def _wait_until_ready(process: "subprocess.Popen[bytes]", output: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if any(line.startswith("curl ") for line in output.read_text("utf-8").splitlines()):
            return
        time.sleep(LOOK_SECONDS)
    raise AssertionError(f"the hub does not get ready:\n{output.read_text('utf-8')}")
