import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.clock import ReplayClock
from catalog.domain import SourceKind
from catalog.errors import UserError
from connectors.columns import Layout
from connectors.connections import FilesConnection
from connectors.errors import LandingConflict, SourceUnavailable
from connectors.landing import (
    INCOMING,
    discard,
    hand_over,
    handed_over,
    land,
    process_mark,
    read_manifest,
    reopened,
    sweep,
)
from tests.connectors import example

CLOCK = ReplayClock(datetime(2026, 6, 1, tzinfo=UTC))
FETCH = example.fetch(
    SourceKind.FILES,
    FilesConnection(kind="files", folder=Path()),
    {"pattern": "x", "format": "csv"},
)
PROJECT = Path(__file__).parents[2]
SOURCE = FETCH.source.id
LAYOUT = Layout(FETCH.contract)
Value = str | None


@dataclass
class Given:
    """An extraction of given rows, paged as told; it may die after its pages."""

    rows: Sequence[Value]
    page: int = 1000
    name: str = "rows"
    origin: str = "given.csv"
    dies: bool = False

    def batches(self) -> Iterator[pa.RecordBatch]:
        for start in range(0, len(self.rows), self.page):
            part = self.rows[start : start + self.page]
            made = [(start + n + 1, [v, "t", v, None], None) for n, v in enumerate(part)]
            yield LAYOUT.batch(made, self.origin)
        if self.dies:
            raise SourceUnavailable(origin=self.origin, problem="died")

    def cursor(self) -> Mapping[str, object]:
        return {"after": len(self.rows)}

    def identity(self) -> str:
        return self.name

    def acknowledge(self) -> None: ...

    def refuse(self, error: UserError) -> None: ...


def test_a_load_is_raw_rows_and_a_manifest(tmp_path: Path) -> None:
    landed = land(Given(["1", None]), SOURCE, FETCH.contract, tmp_path, CLOCK)
    assert landed.folder.parent.name == INCOMING
    table = pq.read_table(landed.raw)
    assert table["level_m"].to_pylist() == ["1", None]
    assert table.schema.names[-3:] == ["_file", "_line", "_broken"]
    manifest = read_manifest(landed.folder)
    assert manifest["rows"] == 2
    assert manifest["cursor"] == {"after": 2}
    assert manifest["landed_at"] == "2026-06-01T00:00:00+00:00"
    assert reopened(landed.folder) == landed


def test_a_load_without_rows_still_has_its_columns(tmp_path: Path) -> None:
    landed = land(Given([]), SOURCE, FETCH.contract, tmp_path, CLOCK)
    assert pq.read_table(landed.raw).schema.equals(LAYOUT.schema)


def test_a_source_that_dies_leaves_nothing_and_its_retry_is_whole(tmp_path: Path) -> None:
    rows = [str(n) for n in range(10)]
    with pytest.raises(SourceUnavailable):
        land(Given(rows, page=3, dies=True), SOURCE, FETCH.contract, tmp_path, CLOCK)
    assert not list((tmp_path / INCOMING).iterdir())
    landed = land(Given(rows, page=3), SOURCE, FETCH.contract, tmp_path, CLOCK)
    assert pq.read_table(landed.raw)["level_m"].to_pylist() == rows


def test_hand_over_puts_the_load_in_place_with_its_verdict(tmp_path: Path) -> None:
    landed = land(Given(["1"]), SOURCE, FETCH.contract, tmp_path, CLOCK)
    (landed.folder / "rejected.parquet").write_bytes(b"rows")
    folder = hand_over(landed, {"decision": "publish", "good": 1}, tmp_path)
    assert folder == tmp_path / landed.load_id
    assert json.loads((folder / "manifest.json").read_text())["verdict"]["good"] == 1
    assert sorted(f.name for f in folder.iterdir()) == [
        "manifest.json",
        "raw.parquet",
        "rejected.parquet",
    ]
    assert [load for load, _ in handed_over(tmp_path)] == [landed.load_id]


def test_the_same_input_again_is_dropped_and_the_first_stays(tmp_path: Path) -> None:
    first = hand_over(
        land(Given(["1"]), SOURCE, FETCH.contract, tmp_path, CLOCK), {"n": 1}, tmp_path
    )
    again = land(Given(["1"], origin="other name.csv"), SOURCE, FETCH.contract, tmp_path, CLOCK)
    assert hand_over(again, {"n": 2}, tmp_path) == first
    assert not again.folder.exists()
    assert read_manifest(first)["verdict"] == {"n": 1}


def test_the_same_identity_with_other_content_is_a_fault(tmp_path: Path) -> None:
    hand_over(land(Given(["1"]), SOURCE, FETCH.contract, tmp_path, CLOCK), {}, tmp_path)
    other = land(Given(["2"]), SOURCE, FETCH.contract, tmp_path, CLOCK)
    with pytest.raises(LandingConflict):
        hand_over(other, {}, tmp_path)
    assert pq.read_table(tmp_path / other.load_id / "raw.parquet")["level_m"].to_pylist() == ["1"]


def test_rows_of_any_type_are_landed_and_their_digest_sees_values(tmp_path: Path) -> None:
    @dataclass
    class Derived(Given):
        level: str = "181.640"

        def batches(self) -> Iterator[pa.RecordBatch]:
            level = pa.array([Decimal(self.level), None], pa.decimal128(9, 3))
            at = pa.array([CLOCK.now(), None], pa.timestamp("us", tz="UTC"))
            yield pa.RecordBatch.from_arrays([level, at], names=["level", "at"])

    digests = [
        land(Derived([], level=level), SOURCE, FETCH.contract, tmp_path, CLOCK).digest
        for level in ("181.640", "181.64", "181.641")
    ]
    assert digests[0] == digests[1] != digests[2]


def test_discard_drops_only_what_is_not_in_place(tmp_path: Path) -> None:
    landed = land(Given(["1"]), SOURCE, FETCH.contract, tmp_path, CLOCK)
    folder = hand_over(landed, {}, tmp_path)
    discard(replace(landed, folder=folder))
    assert folder.exists()
    more = land(Given(["2"], name="b"), SOURCE, FETCH.contract, tmp_path, CLOCK)
    discard(more)
    assert not more.folder.exists()


def test_sweep_removes_what_dead_workers_left_and_keeps_our_own(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    dead = tmp_path / INCOMING / f"{process_mark(child.pid)}-aaaa"
    dead.mkdir(parents=True)
    (dead / "raw.parquet").write_bytes(b"half")
    own = land(Given(["1"]), SOURCE, FETCH.contract, tmp_path, CLOCK)
    assert sweep(tmp_path) == ()
    os.kill(child.pid, signal.SIGKILL)
    while Path(f"/proc/{child.pid}/stat").read_text("ascii").split()[2] != "Z":
        time.sleep(0.01)
    assert process_mark(child.pid).endswith(".gone")  # also while nobody has asked how it ended
    child.communicate()
    reused = tmp_path / INCOMING / f"{os.getpid()}.1-bbbb"
    reused.mkdir()
    assert set(sweep(tmp_path)) == {dead.name, reused.name}
    assert own.raw.exists()


SLOW = """
import sys, time
from pathlib import Path
from tests.connectors.test_landing import CLOCK, FETCH, SOURCE, Given
from connectors.landing import land

class Slow(Given):
    def batches(self):
        for _ in range(3):
            yield from super().batches()
        print("writing", flush=True)
        time.sleep(60)

land(Slow(["1"] * 200_000), SOURCE, FETCH.contract, Path(sys.argv[1]), CLOCK)
"""


def test_a_worker_killed_while_it_writes_leaves_nothing_after_a_sweep(tmp_path: Path) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-c", SLOW, str(tmp_path)], stdout=subprocess.PIPE, cwd=PROJECT
    )
    with worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"writing\n"
        (half,) = (tmp_path / INCOMING).iterdir()
        assert (half / "raw.parquet").exists()
        assert sweep(tmp_path) == ()
        worker.kill()
    assert sweep(tmp_path) == (half.name,)
    assert list(handed_over(tmp_path)) == []


VALUES = st.lists(st.one_of(st.none(), st.text(st.characters(codec="utf-8"), max_size=5)))


@settings(max_examples=30, deadline=None)
@given(rows=VALUES, pages=st.tuples(st.integers(1, 9), st.integers(1, 9)))
def test_paging_changes_neither_id_nor_digest(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Value], pages: tuple[int, int]
) -> None:
    landing = tmp_path_factory.mktemp("landing")
    one, two = (
        land(Given(rows, page=page), SOURCE, FETCH.contract, landing, CLOCK) for page in pages
    )
    assert (one.load_id, one.digest, one.rows) == (two.load_id, two.digest, two.rows)


@settings(max_examples=30, deadline=None)
@given(one=VALUES, two=VALUES)
def test_different_rows_have_different_digests(
    tmp_path_factory: pytest.TempPathFactory, one: list[Value], two: list[Value]
) -> None:
    landing = tmp_path_factory.mktemp("landing")
    digests = [
        land(Given(rows), SOURCE, FETCH.contract, landing, CLOCK).digest for rows in (one, two)
    ]
    assert (digests[0] == digests[1]) is (one == two)
