"""What a large load costs those who read meanwhile: `python -m bench busy [--scale small|full]`.

A real hub in a process of its own, with the bench's events published, and a client that asks at its own
pace: a second 100 events by their keys and 20 pages, which the row mirror holds, and 5 figures of a district's
last week, which the engine counts. First the hub does nothing else; then a file with as many events again
arrives at a source that the hub watches, and it lands, checks and publishes them as the product does. The
figures are the latencies of each stretch beside those of the idle hub. `--data FOLDER` keeps what is made
before, for another run.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from time import monotonic, sleep, time

import duckdb

from bench.city.asking import GraphQLAsking
from bench.city.contender import Contender, Grounds, bearer, running
from bench.city.dialect import HUB
from bench.city.generate import generate
from bench.city.home import Home, as_text, prepared_home
from bench.city.layout import CITY, Layout
from bench.city.question import QUESTIONS
from bench.city.run import districts
from bench.city.scale import SCALES, UNTIL
from bench.measure import Table
from catalog.clock import SystemClock
from catalog.contracts import Contract
from catalog.domain import read_domains
from catalog.ids import DatasetCode
from connectors.ledger import Ledger
from connectors.models import LoadState
from registry.store import Registry
from settings import Settings

RATES = {"key": 100.0, "page": 20.0, "figure": 5.0}
FIGURE = """query Q($district: PlaceCode!, $since: DateTime!) {
  cityEventAggregate(where: {district: {eq: $district}, reportedAt: {gte: $since}},
    groupBy: [{column: STATUS}], limit: 10) { key { status } count } }"""
WEEK = timedelta(days=7)
ROUNDS = 5
"""Of each device: readings are not what is asked for here."""
IDLE_SECONDS = 20.0
WARM_SECONDS = 20.0
"""Nothing counts that is asked before the hub is warm and its row mirror is built."""
AFTER_SECONDS = 10.0
"""What follows a publication (a row mirror that is brought up) belongs to it."""
LOOK_SECONDS = 0.1
TOKEN_SECONDS = 300.0
"""A token lives longer."""
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
    parser.add_argument("--data", type=Path)
    given = parser.parse_args(arguments)
    scale = replace(SCALES[given.scale], rounds=ROUNDS)
    folder = Path(tempfile.mkdtemp(prefix="vitalhub-bench-", dir=given.data))
    try:
        kept = Layout(given.data or folder, scale)
        print(_busy(kept, Layout(folder, scale)).text(), flush=True)
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


def _busy(kept: Layout, layout: Layout) -> Table:
    """On a copy of the home that is kept."""
    generate(kept.scale, CITY, kept.rows)
    made = prepared_home(kept.hub, kept.rows, CITY, gate=False, memory="4GB")
    arriving = _arriving(kept, made)
    if kept == layout:
        home = made
    else:
        shutil.copytree(made.home, layout.hub / "home")
        shutil.copytree(made.city, layout.hub / "city")
        home = replace(made, home=layout.hub / "home", city=layout.hub / "city")
    watched = _source(layout, home)
    log = layout.own / "hub.log"
    with running("hub", Grounds(layout, home, None), log) as hub:
        out = layout.own / "replies.txt"
        stretches = Stretches()
        with _paced(layout, hub, out) as renew:
            sleep(WARM_SECONDS)
            stretches.now("idle")
            sleep(IDLE_SECONDS)
            stretches.now("landed and checked")
            os.link(arriving, watched / FILE)
            _follow(home, stretches, lambda: renew(bearer(hub.address, home)))
            stretches.now("")
    return _told(layout, stretches, out)


def _arriving(kept: Layout, home: Home) -> Path:
    """The file that is to arrive."""
    file = kept.own / "events.csv"
    if file.exists():
        return file
    contract = _contract(home)
    columns = ", ".join(
        f'{as_text(contract, column.name)} AS "{column.header}"' for column in contract.columns
    )
    rows, part = kept.rows / "city_event.parquet", file.with_suffix(".part")
    shifted = f"SELECT * REPLACE (id + {kept.scale.events} AS id) FROM '{rows}'"
    with duckdb.connect(config={"threads": 2, "memory_limit": "4GB"}) as connection:
        connection.execute(f"COPY (SELECT {columns} FROM ({shifted})) TO '{part}' (FORMAT csv)")
    part.rename(file)
    return file


def _source(layout: Layout, home: Home) -> Path:
    """The domain gets a source and the home its address, a folder."""
    (home.city / "domains" / "operation" / "sources.yaml").write_text(SOURCES, "utf-8")
    folder = layout.own / "arriving"
    folder.mkdir()
    connection = {"bench_files": {"kind": "files", "folder": str(folder.absolute())}}
    connections = home.home / "connections.yaml"
    connections.write_text(json.dumps(connection), "utf-8")
    connections.chmod(0o600)
    return folder


def _contract(home: Home) -> Contract:
    declared = (c for domain in read_domains(home.city) for c in domain.contracts)
    return next(contract for contract in declared if contract.data_set == EVENTS)


@contextmanager
def _paced(layout: Layout, hub: Contender, out: Path) -> Iterator[Callable[[str], None]]:
    """What tells the client its next token."""
    bodies = {"key": _bodies(layout, "Q1"), "page": _bodies(layout, "Q2"), "figure": _figures()}
    kinds = {kind: {"rate": RATES[kind], "bodies": bodies[kind]} for kind in RATES}
    file = layout.own / "bodies.json"
    file.write_text(json.dumps(kinds), "utf-8")
    port = hub.address.rsplit(":", 1)[1]
    command = [sys.executable, "-m", "bench.paced", port, hub.token, str(file), str(out)]
    client = subprocess.Popen(command, stdin=subprocess.PIPE, env=os.environ, text=True)
    assert client.stdin is not None
    said = client.stdin

    def renew(token: str) -> None:
        said.write(f"{token}\n")
        said.flush()

    try:
        yield renew
    finally:
        client.communicate(timeout=120)


def _bodies(layout: Layout, name: str) -> list[str]:
    asking, question = GraphQLAsking(HUB), QUESTIONS[name]
    asked = question.arguments(layout.scale, districts(), question.timed)
    return [asking.body(name, each).decode() for each in asked]


def _figures() -> list[str]:
    since = (UNTIL - WEEK).isoformat()
    asked = [{"district": district, "since": since} for district in districts()]
    return [json.dumps({"query": FIGURE, "variables": each}) for each in asked]


def _follow(home: Home, stretches: Stretches, renew: Callable[[], None]) -> None:
    """Until the load is published, and a while longer."""
    renewed = monotonic()
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
            if monotonic() - renewed > TOKEN_SECONDS:
                renew()
                renewed = monotonic()
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
        f"Readers while {events:,} events are loaded beside {events:,} "
        "(100 keys, 20 pages, 5 figures/s)"
    )
    names = [name for name, _ in stretches.began if name]
    for (name, began), (_, ended) in zip(stretches.began, stretches.began[1:], strict=False):
        table.seconds(f"{name}: lasted", ended - began)
    for name in names:
        table.figure(f"{name}: refused or lost", f"{len(found.get((name, 'refused'), [])):>8}")
    for kind in RATES:
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
