"""Checked Parquet to published, beside the same done by hand in DuckDB: `python -m bench publishing [--rows N]`.

Rules: the same files, the same threads and memory, the two take turns, each from a fresh copy of what was published
before; the best run of each counts. The row mirror is off and its own time is told apart, after the commit; so
is the gate's, which comes before. Beside the time on the clock stands the processor time, which says the same on
a machine that has other work.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter, process_time

from bench.batches import CASES, Batch, Case, batches, withheld_in
from bench.byhand import INSERT, ByHand, ways
from bench.city.home import DOMAIN
from bench.measure import Table
from catalog.catalogue import Catalogue
from catalog.clock import SystemClock
from catalog.contracts import Contract, PublishMode
from catalog.domain import read_domain
from catalog.ids import DatasetCode, LoadId
from catalog.places import Places
from warehouse.duck import DuckWarehouse
from warehouse.engine import LoadPlan
from warehouse.mirror.keeper import MirrorKeeper
from warehouse.mirror.process import WriterProcess

ROWS = 500_000
ROUNDS = 3
LEAST = 0.6
"""Of the rate by hand."""
EVENTS = DatasetCode("city_event")
PUBLISHED = "published"
MIRROR_SECONDS = 3_600.0


def publishing(arguments: Sequence[str] = ()) -> Table:
    parser = argparse.ArgumentParser(prog="make bench ARGS=publishing", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--data", type=Path, help="a folder that keeps the batches for other runs")
    parser.add_argument("--no-mirror", dest="mirror", action="store_false")
    given = parser.parse_args(arguments)
    if given.data is not None:
        given.data.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="vitalhub-bench-", dir=given.data))
    kept = folder if given.data is None else given.data.absolute() / f"publishing-{given.rows}"
    try:
        return _publishing(Grounds(folder.absolute(), kept, given.rows, given.rounds, given.mirror))
    finally:
        shutil.rmtree(folder)


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds: on the clock, and of the processor."""

    seconds: float
    processor: float

    def best(self, other: "Took | None") -> "Took":
        if other is None:
            return self
        return Took(min(self.seconds, other.seconds), min(self.processor, other.processor))


@dataclass(frozen=True, slots=True)
class Grounds:
    """`landing` has the batches, `folder` everything else."""

    folder: Path
    landing: Path
    rows: int
    rounds: int
    mirrored: bool

    @property
    def served(self) -> Path:
        """With the first batch published."""
        return self.folder / "served.duckdb"

    @property
    def mirror(self) -> Path:
        """Of the same."""
        return self.folder / "served.sqlite"

    @property
    def by_hand(self) -> Path:
        return self.folder / "by-hand.duckdb"


def _publishing(grounds: Grounds) -> Table:
    files = batches(grounds.rows, grounds.landing)
    contract = next(c for c in read_domain(DOMAIN).contracts if c.data_set == EVENTS)
    hub = HubsWay(grounds, contract, files)
    hub.first()
    with _by_hand(grounds.by_hand, contract, files) as by_hand:
        by_hand.create()
        by_hand.run(Batch.FIRST, (INSERT,))
    table = Table(
        f"Publishing {grounds.rows:,} checked rows ({len(contract.columns)} columns), beside the"
        " same by hand in DuckDB"
    )
    for case in CASES:
        print(f"measuring: {case.name}", file=sys.stderr, flush=True)
        _measure(table, grounds, hub, contract, case)
    return table


class HubsWay:
    """Publishing by the product's own step, and by that alone."""

    def __init__(self, grounds: Grounds, contract: Contract, files: Mapping[Batch, Path]) -> None:
        self.files = files
        self._grounds = grounds
        self._contract = contract

    def first(self) -> None:
        """What is there before."""
        engine = self._engine(self._grounds.served)
        engine.publish(self._plan(PublishMode.UPSERT, Batch.FIRST, "first"))
        engine.maintain()
        if self._grounds.mirrored:
            self._mirrored(engine, self._grounds.mirror)
        engine.close()

    def publish(self, case: Case, *, mirrored: bool) -> tuple[Took, float]:
        """The publication, and the seconds that the row mirror takes after it."""
        file, mirror = self._grounds.folder / "run.duckdb", self._grounds.folder / "run.sqlite"
        if case.beside:
            shutil.copy(self._grounds.served, file)
            if mirrored:
                shutil.copy(self._grounds.mirror, mirror)
        engine = self._engine(file)
        plan = self._plan(case.mode, case.batch, "measured")
        engine.prepare(plan.contract)
        took = timed(lambda: engine.publish(plan))
        seconds = self._mirrored(engine, mirror) if mirrored else 0.0
        engine.close()
        clear(file, mirror)
        return took, seconds

    def _engine(self, file: Path) -> DuckWarehouse:
        return DuckWarehouse(file, self._grounds.landing, SystemClock(), memory_limit="2GB")

    def _plan(self, mode: PublishMode, batch: Batch, load: str) -> LoadPlan:
        return LoadPlan(
            LoadId(load),
            replace(self._contract, publish_mode=mode),
            self.files[batch],
            "bench",
            self._grounds.landing / "unfit.parquet",
            withheld=withheld_in(self._grounds.landing),
        )

    def _mirrored(self, engine: DuckWarehouse, file: Path) -> float:
        catalogue = Catalogue({EVENTS: self._contract}, {}, Places(()))
        log, work = self._grounds.folder / "mirror.log", self._grounds.landing / "mirror"
        writer = WriterProcess(file, log, {"VITALHUB_HOME": str(self._grounds.folder)})
        keeper = MirrorKeeper(
            engine, lambda: catalogue, writer, file, work, wait_seconds=MIRROR_SECONDS
        )
        began = perf_counter()
        assert keeper.step(), keeper.fault
        took = perf_counter() - began
        keeper.stop()
        writer.rest()
        return took


def _measure(table: Table, grounds: Grounds, hub: HubsWay, contract: Contract, case: Case) -> None:
    same, nothing_kept = ways(case)
    took: dict[str, Took] = {}
    mirror = 0.0
    for number in range(grounds.rounds):
        last = number == grounds.rounds - 1
        published, mirror = hub.publish(case, mirrored=grounds.mirrored and last)
        took[PUBLISHED] = published.best(took.get(PUBLISHED))
        for name, statements in {**same, **nothing_kept}.items():
            run = _hand(grounds, contract, hub.files, case, statements)
            took[name] = run.best(took.get(name))
    ours = took[PUBLISHED]
    table.seconds(f"{case.name}: published", ours.seconds, f"{ours.processor:.2f} s processor")
    for kind, of_kind in (("", same), (", nothing kept", nothing_kept)):
        for name in of_kind:
            hand = took[name]
            table.seconds(f"    by hand: {name}{kind}", hand.seconds, f"{hand.processor:.2f} s")
    _ratio(table, "  rate of the fastest of the same effect", ours, [took[n] for n in same])
    if nothing_kept:
        fastest = [took[n] for n in nothing_kept]
        _ratio(table, "  rate of the fastest that keeps nothing", ours, fastest, told=False)
    if grounds.mirrored:
        table.seconds("  its row mirror, after the commit", mirror)


def _ratio(
    table: Table, name: str, ours: Took, theirs: Sequence[Took], *, told: bool = True
) -> None:
    clock = min(each.seconds for each in theirs) / ours.seconds
    processor = min(each.processor for each in theirs) / ours.processor
    if told:
        table.ratio(name, clock, f"at least {LEAST}", met=clock >= LEAST)
    else:
        table.figure(name, f"{clock:>10.2f} x")
    table.figure("  the same by processor time", f"{processor:>10.2f} x")


def _hand(
    grounds: Grounds,
    contract: Contract,
    files: Mapping[Batch, Path],
    case: Case,
    statements: Sequence[str],
) -> Took:
    file = grounds.folder / "hand.duckdb"
    if case.beside:
        shutil.copy(grounds.by_hand, file)
    with _by_hand(file, contract, files) as by_hand:
        if not case.beside:
            by_hand.create()
        took = timed(lambda: by_hand.run(case.batch, statements))
    clear(file)
    return took


@contextmanager
def _by_hand(file: Path, contract: Contract, files: Mapping[Batch, Path]) -> Iterator[ByHand]:
    by_hand = ByHand(file, contract, files)
    try:
        yield by_hand
    finally:
        by_hand.close()


def timed(run: Callable[[], object]) -> Took:
    clock, processor = perf_counter(), process_time()
    run()
    return Took(perf_counter() - clock, process_time() - processor)


def clear(*files: Path) -> None:
    """With what engines leave beside them."""
    for file in files:
        for each in file.parent.glob(f"{file.name}*"):
            each.unlink()
