"""What a large load costs those who read meanwhile: `python -m bench busy [--scale small|full]`.

A real hub in a process of its own, with the bench's events published, and a client that asks at its own
pace: 100 events by key and 20 pages a second. First the hub does nothing else; then a file with as many
events again arrives at a source that the hub watches, and it lands, checks and publishes them as the product
does. The figures are the latencies of each stretch beside those of the idle hub.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep, time

import duckdb

from bench.city.asking import GraphQLAsking
from bench.city.contender import Contender, Grounds, running
from bench.city.dialect import HUB
from bench.city.generate import generate
from bench.city.home import Home, as_text, prepared_home
from bench.city.layout import CITY, Layout
from bench.city.question import QUESTIONS
from bench.city.run import districts
from bench.city.scale import SCALES
from bench.measure import Table
from catalog.clock import SystemClock
from catalog.contracts import Contract
from catalog.domain import read_domains
from catalog.ids import DatasetCode
from connectors.ledger import Ledger
from connectors.models import LoadState
from registry.store import Registry
from settings import Settings

KINDS = {"key": ("Q1", 100.0), "page": ("Q2", 20.0)}
IDLE_SECONDS = 20.0
WARM_SECONDS = 20.0
"""Nothing counts that is asked before the hub is warm and its row mirror is built."""
AFTER_SECONDS = 10.0
"""What follows a publication (a row mirror that is brought up) belongs to it."""
LOOK_SECONDS = 0.1
EVENTS = DatasetCode("city_event")
FILE = "events-1.csv"
SOURCES = """sources:
  - id: bench_files
    title: bench
    kind: files
    provider: cq_bigdata
    connection: bench_files
    feeds:
      - data_set: city_event
        every_seconds: 1
        options: {pattern: "events-*.csv", format: csv, encoding: utf-8}
"""


def busy(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="make bench ARGS=busy", description=__doc__)
    parser.add_argument("--scale", choices=list(SCALES), default="small")
    scale = SCALES[parser.parse_args(arguments).scale]
    folder = Path(tempfile.mkdtemp(prefix="vitalhub-bench-"))
    try:
        print(_busy(Layout(folder, scale)).text(), flush=True)
    finally:
        shutil.rmtree(folder)
    return 0


@dataclass(slots=True)
class Stretches:
    """When each began, in seconds since 1970; the last one is the end."""

    began: list[tuple[str, float]] = field(default_factory=list)

    def now(self, name: str) -> None:
        self.began.append((name, time()))

    def of(self, at: float) -> str:
        name = ""
        for name_, began in self.began:
            if at < began:
                break
            name = name_
        return name


def _busy(layout: Layout) -> Table:
    generate(layout.scale, CITY, layout.rows)
    home = prepared_home(layout.hub, layout.rows, CITY, gate=False, memory="4GB")
    arriving = _source(layout, home)
    log = layout.own / "hub.log"
    with running("hub", Grounds(layout, home, None), log) as hub:
        out = layout.own / "replies.txt"
        stretches = Stretches()
        with _paced(layout, hub, out):
            sleep(WARM_SECONDS)
            stretches.now("idle")
            sleep(IDLE_SECONDS)
            stretches.now("landed and checked")
            arriving.rename(arriving.with_name(FILE))
            _follow(home, stretches)
            stretches.now("")
    return _told(layout, stretches, out)


def _source(layout: Layout, home: Home) -> Path:
    """The domain gets a source and the home its address; the file that is to arrive, not yet under its name."""
    (home.city / "domains" / "operation" / "sources.yaml").write_text(SOURCES, "utf-8")
    folder = layout.own / "arriving"
    folder.mkdir()
    connection = {"bench_files": {"kind": "files", "folder": str(folder.absolute())}}
    connections = home.home / "connections.yaml"
    connections.write_text(json.dumps(connection), "utf-8")
    connections.chmod(0o600)
    contract = _contract(home)
    columns = ", ".join(
        f'{as_text(contract, column.name)} AS "{column.header}"' for column in contract.columns
    )
    rows, part = layout.rows / "city_event.parquet", folder / "events.part"
    shifted = f"SELECT * REPLACE (id + {layout.scale.events} AS id) FROM '{rows}'"
    with duckdb.connect(config={"threads": 2, "memory_limit": "4GB"}) as connection_:
        connection_.execute(f"COPY (SELECT {columns} FROM ({shifted})) TO '{part}' (FORMAT csv)")
    return part


def _contract(home: Home) -> Contract:
    declared = (c for domain in read_domains(home.city) for c in domain.contracts)
    return next(contract for contract in declared if contract.data_set == EVENTS)


@contextmanager
def _paced(layout: Layout, hub: Contender, out: Path) -> Iterator[None]:
    asking, kinds = GraphQLAsking(HUB), {}
    for kind, (name, rate) in KINDS.items():
        question = QUESTIONS[name]
        asked = question.arguments(layout.scale, districts(), question.timed)
        bodies = [asking.body(name, each).decode() for each in asked]
        kinds[kind] = {"rate": rate, "bodies": bodies}
    file = layout.own / "bodies.json"
    file.write_text(json.dumps(kinds), "utf-8")
    port = hub.address.rsplit(":", 1)[1]
    command = [sys.executable, "-m", "bench.paced", port, hub.token, str(file), str(out)]
    client = subprocess.Popen(command, stdin=subprocess.PIPE, env=os.environ)
    try:
        yield
    finally:
        client.communicate(timeout=120)


def _follow(home: Home, stretches: Stretches) -> None:
    """Until the load is published, and a while longer."""
    registry = Registry(Settings(home=home.home).registry)
    ledger = Ledger(registry, SystemClock())
    try:
        handed_over = False
        while True:
            states = [LoadState(load.state) for load in ledger.loads([EVENTS])]
            if LoadState.HANDED_OVER in states and not handed_over:
                handed_over = True
                stretches.now("published")
            if LoadState.PUBLISHED in states:
                break
            wrong = {LoadState.REJECTED, LoadState.REFUSED, LoadState.FAILED} & set(states)
            assert not wrong, f"the load came to {wrong}"
            sleep(LOOK_SECONDS)
        stretches.now("after it")
        sleep(AFTER_SECONDS)
    finally:
        registry.close()


def _told(layout: Layout, stretches: Stretches, out: Path) -> Table:
    found: dict[tuple[str, str], list[float]] = {}
    for line in out.read_text("ascii").splitlines():
        at, kind, milliseconds = line.split()
        found.setdefault((stretches.of(float(at)), kind), []).append(float(milliseconds))
    events = layout.scale.events
    table = Table(
        f"Readers while {events:,} events are loaded beside {events:,} (100 keys, 20 pages/s)"
    )
    names = [name for name, _ in stretches.began if name]
    for (name, began), (_, ended) in zip(stretches.began, stretches.began[1:], strict=False):
        table.seconds(f"{name}: lasted", ended - began)
    for name in names:
        table.figure(f"{name}: refused or lost", f"{len(found.get((name, 'refused'), [])):>8}")
    for kind in KINDS:
        idle = found["idle", kind]
        for name in names:
            _compare(table, kind, name, found.get((name, kind), []), idle)
    return table


def _compare(table: Table, kind: str, name: str, found: list[float], idle: list[float]) -> None:
    if not found:
        return
    p50, p99 = _percentile(found, 50), _percentile(found, 99)
    table.figure(
        f"{kind}, {name}: p50, p99, longest",
        f"{p50:>8.1f} {p99:>8.1f} {max(found):>8.1f} ms  ({len(found)} replies)",
    )
    if name != "idle":
        usual, rare = _percentile(idle, 50), max(2 * _percentile(idle, 99), 20.0)
        table.ratio("  p50 of the idle p50", p50 / usual, "at most 1.25", met=p50 <= 1.25 * usual)
        table.ratio("  p99 of max(2x idle p99, 20 ms)", p99 / rare, "at most 1", met=p99 <= rare)


def _percentile(milliseconds: list[float], percent: int) -> float:
    return sorted(milliseconds)[len(milliseconds) * percent // 100]
