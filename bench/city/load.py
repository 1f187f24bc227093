"""Eight connections that ask one after the other: by wrk where it is installed, else by a client of ours.

Rules: the client is a process of its own; connections are kept; every contender is asked the same
arguments in the same order. A reply that is an HTTP error, or none, stops the run.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.city.asking import Wrong
from bench.city.contender import Contender

HERE = Path(__file__).parent
CONNECTIONS = 8
TIMEOUT = 120
LONGEST = 60.0
"""Seconds: who then has answered nothing is not measured."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds. `size` is of a mean reply, head included where wrk counts it; `cpu` is what the
    contender's processes used of the cores for one request, which another load on the machine hardly
    changes.
    """

    rate: float
    p50: float
    p99: float
    requests: int
    size: float
    cpu: float


def client() -> str:
    """What asks, with its version."""
    program = shutil.which("wrk")
    if program is None:
        return "bench.city.client (wrk is not installed: apt-get install wrk)"
    said = subprocess.run([program, "-v"], check=False, capture_output=True, text=True)
    return said.stdout.splitlines()[0].split(" Copyright")[0].strip()


def load(
    contender: Contender, question: str, bodies: Sequence[bytes], seconds: float, scratch: Path
) -> Measured:
    """Wrong when a request failed."""
    file = scratch / "bodies.txt"
    file.write_bytes(b"\n".join(bodies) + b"\n")
    environment = os.environ | {
        "BODIES": str(file),
        "PATH_": contender.asking.path(question),
        "TOKEN": contender.token,
    }
    before = _used(contender)
    done = subprocess.run(
        _command(contender.address, seconds),
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=seconds + 2 * TIMEOUT,
    )
    used = _used(contender) - before
    lines = done.stdout.strip().splitlines()
    if done.returncode != 0 or not lines or not lines[-1].startswith("{"):
        raise Wrong(f"{contender.name} {question}: {done.stdout[-500:]} {done.stderr[-500:]}")
    told = json.loads(lines[-1])
    if not told["requests"] and seconds < LONGEST:
        return load(contender, question, bodies, 4 * seconds, scratch)
    if told["failed"] or told["broken"] or not told["requests"]:
        raise Wrong(f"{contender.name} {question}: {lines[-1]}")
    return Measured(
        rate=told["requests"] / told["microseconds"] * 1e6,
        p50=told["p50"] / 1e3,
        p99=told["p99"] / 1e3,
        requests=told["requests"],
        size=told["bytes"] / told["requests"],
        cpu=used * 1e3 / told["requests"],
    )


def _used(contender: Contender) -> float:
    """Seconds of the cores that its processes have used so far."""
    roots = [psutil.Process(process) for process in contender.processes]
    every = [one for root in roots for one in (root, *root.children(recursive=True))]
    times = [_times(one) for one in every]
    return sum(times)


def _times(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:  # it has just ended
        return 0.0
    return float(sum(times[:4]))  # user, system, and of children that have ended


def _command(address: str, seconds: float) -> list[str]:
    if shutil.which("wrk") is None:
        return [sys.executable, "-m", "bench.city.client", address, str(seconds)]
    return [
        "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "--timeout", f"{TIMEOUT}s",
        "-s", str(HERE / "load.lua"), address,
    ]  # fmt: skip
