"""A small town for the crash tests: its declared content, its sources, its processes, and what must be.

Rules: what the sources hold is known by hand, so that what is served can be compared row by row; the
processes are real and are started again as often as they are killed.
"""

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import yaml
from sqlalchemy import select

from access import usage
from catalog.ids import SourceId
from connectors.landing import INCOMING
from connectors.models import Load, LoadState
from jobs.models import JobRow
from registry.store import Registry
from settings import Settings
from tests.crash import child
from tests.crash.child import HEAVY, SERVER, Point

BUREAU, DISTRICT, DERIVED = SourceId("bureau"), SourceId("district"), SourceId("derived")
START = datetime(2024, 8, 1, tzinfo=UTC)
STEP = timedelta(minutes=10)
PLACE = 500106004000000
STATIONS = ("A", "B", "C")
ON_THE_WAY = frozenset({LoadState.LANDED, LoadState.CHECKED, LoadState.HANDED_OVER})
PATIENCE_SECONDS = 400.0
CONTEXT = get_context("forkserver")
CONTEXT.set_forkserver_preload([child.__name__])

Reading = tuple[str, datetime, str]
"""Station, instant, level: what is served must be exactly these."""


def wait_for(condition: Callable[[], bool], what: str = "the condition") -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come true in time"
        time.sleep(0.02)


@dataclass
class Child:
    process: ForkServerProcess
    lifeline: Connection

    def ends_by_a_kill(self) -> None:
        self.process.join(PATIENCE_SECONDS)
        assert self.process.exitcode == -9, f"ended with {self.process.exitcode}, not by the kill"
        self.lifeline.close()

    def stop(self) -> None:
        """In order; AssertionError when it complains."""
        self.lifeline.close()
        self.process.join(PATIENCE_SECONDS)
        assert self.process.exitcode == 0, self.process.exitcode


@dataclass
class Town:
    """`readings` and `stations` are what the sources hold so far."""

    folder: Path
    readings: list[Reading] = field(default_factory=list)
    stations: dict[str, str] = field(default_factory=dict)
    files: int = 0
    records: int = 0
    running: list[Child] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def city(self) -> Path:
        return self.folder / "city"

    @property
    def secret(self) -> str:
        """Of the client APP."""
        return (self.folder / "secret").read_text("ascii")

    @property
    def inbox(self) -> Path:
        return self.folder / "district" / "inbox"

    def start(self, role: str, point: Point | None = None) -> Child:
        ours, theirs = CONTEXT.Pipe()
        arguments = (role, self.home, self.city, theirs, point)
        process = CONTEXT.Process(target=child.run, args=arguments)
        process.start()
        theirs.close()
        self.running.append(Child(process, ours))
        return self.running[-1]

    @contextmanager
    def hub(self) -> Iterator[None]:
        """Server and heavy worker, until the end of the block; then both end in order."""
        children = [self.start(SERVER), self.start(HEAVY)]
        yield
        for one in children:
            one.stop()

    # -- the sources ---------------------------------------------------------------------------

    def drop(self, rows: int, station: str = "A") -> None:
        """A file of new readings in the district's inbox."""
        self.files += 1
        new = [self._new_reading(station) for _ in range(rows)]
        lines = [f"{code},{at.isoformat()},{level},500106004" for code, at, level in new]
        part = self.inbox / f"{self.files:05}.part"
        part.write_text("\n".join(["station_code,observed_at,level_m,place_code", *lines]), "utf-8")
        part.rename(part.with_suffix(".csv"))

    def add(self, rows: int, station: str = "B") -> None:
        """New rows in the bureau's table."""
        new = [self._new_reading(station) for _ in range(rows)]
        first, self.records = self.records + 1, self.records + rows
        with closing(sqlite3.connect(self.folder / "bureau.sqlite", timeout=60)) as bureau, bureau:
            bureau.executemany(
                "INSERT INTO reading VALUES (?, ?, ?, ?, '500106004')",
                [(first + n, c, at.isoformat(), level) for n, (c, at, level) in enumerate(new)],
            )

    def name(self, **names: str) -> None:
        """Name stations in the bureau's table, anew or for the first time."""
        self.stations |= names
        with closing(sqlite3.connect(self.folder / "bureau.sqlite", timeout=60)) as bureau, bureau:
            bureau.executemany("INSERT OR REPLACE INTO station VALUES (?, ?, NULL)", names.items())

    def _new_reading(self, station: str) -> Reading:
        number = len(self.readings)
        reading = (station, START + number * STEP, f"{150 + number % 40}.{number % 1000:03}")
        self.readings.append(reading)
        return reading

    # -- what must be --------------------------------------------------------------------------

    def loads(self) -> Sequence[Load]:
        registry = Registry(Settings(home=self.home).registry)
        try:
            with registry.read() as session:
                rows = session.scalars(select(Load)).all()
                session.expunge_all()
                return rows
        finally:
            registry.close()

    def is_settled(self) -> bool:
        """Everything the sources hold is published, and what is derived from it, too."""
        loads = self.loads()
        if any(self.inbox.iterdir()) or any(load.state in ON_THE_WAY for load in loads):
            return False
        published = [load for load in loads if load.state == LoadState.PUBLISHED]
        newest = max(published, key=lambda load: load.seq or 0, default=None)
        return (
            sum(load.good or 0 for load in published if load.data_set == "reading")
            >= len(self.readings)
            and newest is not None
            and newest.source == DERIVED
            and self._derived(newest.id) == self.peaks()
        )

    def _derived(self, load: str) -> Mapping[str, str]:
        rows = pq.read_table(self.home / "landing" / load / "rows.parquet").to_pylist()
        return {row["code"]: str(row["peak_m"]) for row in rows}

    def check(self) -> None:
        """All of it is there once, and registry, warehouse and landing tell the same."""
        served = self.served()
        assert served["reading"] == sorted((c, at, level, PLACE) for c, at, level in self.readings)
        assert served["station"] == sorted((c, name, None) for c, name in self.stations.items())
        assert served["high_water"] == sorted(self.peaks().items())
        loads = {load.id: load for load in self.loads()}
        published = {i: load.seq for i, load in loads.items() if load.state == LoadState.PUBLISHED}
        assert published == self.publications()
        in_landing = {f.name for f in (self.home / "landing").iterdir() if f.name != INCOMING}
        assert in_landing == set(published)
        assert list((self.home / "landing" / INCOMING).iterdir()) == []
        assert len(list(self.inbox.with_name("collected").glob("*.csv"))) == self.files
        assert not self.inbox.with_name("refused").exists()
        assert self.open_jobs() <= {"extract"}
        assert usage.verify(self.home / "usage").ok

    def peaks(self) -> Mapping[str, str]:
        return {
            station: max(level for code, _, level in self.readings if code == station)
            for station in {code for code, *_ in self.readings}
        }

    def served(self) -> Mapping[str, list[tuple[object, ...]]]:
        """The current rows of each data set, read past the hub from the file it left."""
        with closing(duckdb.connect(str(self.home / "warehouse.duckdb"), read_only=True)) as read:
            queries = {
                "reading": """SELECT station_code, epoch_us(observed_at), level_m::VARCHAR, place_code
                    FROM shared.reading""",
                "station": "SELECT code, name, phone FROM shared.station",
                "high_water": "SELECT code, peak_m::VARCHAR FROM shared.high_water",
            }
            found = {name: sorted(read.execute(q).fetchall()) for name, q in queries.items()}
        found["reading"] = [
            (code, datetime.fromtimestamp(at / 1e6, UTC), level, place)
            for code, at, level, place in found["reading"]
        ]
        return found

    def publications(self) -> Mapping[str, int]:
        """AssertionError when a load was published twice."""
        with closing(duckdb.connect(str(self.home / "warehouse.duckdb"), read_only=True)) as read:
            rows = read.execute("SELECT load_id, seq FROM hub.publication").fetchall()
        assert len({load for load, _ in rows}) == len(rows) == len({seq for _, seq in rows})
        return dict(rows)

    def open_jobs(self) -> set[str]:
        registry = Registry(Settings(home=self.home).registry)
        try:
            with registry.read() as session:
                open_ = select(JobRow.kind).where(JobRow.finished_at.is_(None))
                return set(session.scalars(open_))
        finally:
            registry.close()


def copied(template: Path, folder: Path) -> Town:
    """A town of its own, with three stations and no readings."""
    shutil.copytree(template, folder)
    connections = {
        "bureau": {"kind": "sql", "url": f"sqlite:///{folder / 'bureau.sqlite'}", "allow": []},
        "district": {"kind": "files", "folder": str(folder / "district" / "inbox")},
    }
    file = folder / "home" / "connections.yaml"
    file.write_text(yaml.safe_dump(connections), "utf-8")
    file.chmod(0o600)
    town = Town(folder)
    town.name(**{code: f"站{code}" for code in STATIONS})
    return town
