"""Rows that are read batch by batch: one version, bounded, and ended from outside."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from query.compile import compiled
from query.statement import LockedStatement
from query.tree import Leaf, Nested, Read
from tests.shared_data import (
    READINGS,
    START,
    STATIONS,
    reading,
    reading_rows,
    station,
    station_rows,
)
from tests.warehouse.test_duck import HERE, Town, scope
from warehouse.engine import RowStream
from warehouse.errors import QueryTooLong, WarehouseFault

ROWS = 10_000
BATCH = 2_048


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    made = Town(tmp_path)
    names = [f"S{n:05}" for n in range(ROWS)]
    made.publish(station(), station_rows(*((name, "x", None) for name in names)))
    made.publish(reading(), reading_rows(*((name, START, "1.5", HERE) for name in names)))
    yield made
    made.warehouse.close()


def statement(*, ordered: bool = False) -> LockedStatement:
    shown = (Leaf("s", "station_code"), Leaf("l", "level_m"))
    return compiled(Read(READINGS, shown, limit=1_000_000, ordered=ordered), scope(), None)


def rest(stream: RowStream) -> int:
    rows = 0
    while (batch := stream.next()) is not None:
        rows += batch.num_rows
    return rows


@pytest.mark.parametrize("ordered", [False, True])
def test_a_stream_brings_every_row_in_batches_of_the_size_asked_for(
    town: Town, *, ordered: bool
) -> None:
    with town.warehouse.session() as session:
        stream = session.stream(statement(ordered=ordered), BATCH)
        assert stream.schema.names == ["s", "l"]
        first = stream.next()
        assert first is not None
        assert first.num_rows == BATCH
        assert rest(stream) == ROWS - BATCH
        stream.close()


def test_a_stream_is_of_one_version_whatever_is_published_meanwhile(town: Town) -> None:
    with town.warehouse.session() as session:
        stream = session.stream(statement(), BATCH)
        assert stream.next() is not None
        town.publish(reading(), reading_rows(("NEW", START, "2", HERE)))
        assert rest(stream) == ROWS - BATCH
        stream.close()
    with town.warehouse.session() as session:
        stream = session.stream(statement(), BATCH)
        assert rest(stream) == ROWS + 1
        stream.close()


def test_an_interrupt_between_two_batches_is_found_by_the_next(town: Town) -> None:
    with town.warehouse.session() as session:
        stream = session.stream(statement(), BATCH)
        assert stream.next() is not None
        session.interrupt()
        with pytest.raises(QueryTooLong):
            rest(stream)
        stream.close()
    assert len(town.read(Read(READINGS, (Leaf("s", "station_code"),), limit=5))) == 5


def test_a_stream_that_works_is_interrupted_too(town: Town) -> None:
    below = (Nested("s", "station", (Nested("r", "readings", (Leaf("l", "level_m"),)),)),)
    tree = Read(STATIONS, (Nested("r", "readings", below),), limit=ROWS)
    slow = compiled(tree, scope(), None)
    with town.warehouse.session() as session:
        ending = threading.Event()

        def interrupt() -> None:
            while not ending.wait(0.001):
                session.interrupt()

        def read_until_ended() -> None:
            for _ in range(500):
                rest(session.stream(slow, BATCH))

        interrupting = threading.Thread(target=interrupt)
        interrupting.start()
        try:
            with pytest.raises(QueryTooLong):
                read_until_ended()
        finally:
            ending.set()
            interrupting.join()


def test_a_stream_that_is_closed_early_leaves_the_engine_as_it_was(town: Town) -> None:
    for _ in range(3):
        with town.warehouse.session() as session:
            stream = session.stream(statement(), BATCH)
            assert stream.next() is not None
            stream.close()
    town.publish(reading(), reading_rows(("NEW", START, "2", HERE)))
    town.warehouse.maintain()


def test_a_value_that_cannot_be_read_is_a_fault_of_the_engine(town: Town) -> None:
    broken = statement()
    one = "CASE WHEN \"r1\".\"station_code\" = 'S09000' THEN 'x' ELSE '1' END"
    shown = next(broken.tree.find_all(exp.Alias))
    shown.set("this", sqlglot.parse_one(f"CAST({one} AS INTEGER)", dialect="duckdb"))
    with town.warehouse.session() as session:
        stream = session.stream(broken, BATCH)
        with pytest.raises(WarehouseFault):
            rest(stream)
