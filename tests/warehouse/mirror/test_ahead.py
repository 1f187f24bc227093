"""A publication brings its mirror along: the file has the version first, and nobody reads another one meanwhile."""

import os
import resource
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from catalog.catalogue import Catalogue
from catalog.ids import DatasetCode, Seq
from query.compile import compile_read
from query.relation import Scope
from query.statement import LockedStatement
from query.tree import Leaf, Read
from tests.shared_data import PLACES, grant
from tests.warehouse.mirror.world import LATEST, ROWS, SIGHTING, Row, World, latest, row, sighting
from warehouse.errors import WarehouseFault
from warehouse.mirror import ahead, changes
from warehouse.mirror.copies import MirrorCopies
from warehouse.mirror.orders import FAULT, Reply
from warehouse.mirror.process import WriterProcess
from warehouse.mirror.standing import MirrorState

LONG = 600.0


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
def town(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, sighting("snapshot"), wait=LONG)
    mirrored(made, row("a", 1), row("b", 2))
    yield made
    made.close()


def mirrored(world: World, *rows: Row) -> None:
    """A first copy is the keeper's."""
    world.publish(*rows)
    assert world.keeper.step(), world.keeper.fault


def codes() -> LockedStatement:
    """Without a column of places, so that all is granted."""
    contract = replace(sighting(), place_column=None)
    catalogue = Catalogue({SIGHTING: contract}, {}, PLACES)
    scope = Scope(catalogue, [grant(SIGHTING, [c.name for c in contract.columns])], "key")
    return compile_read(Read(SIGHTING, (Leaf("c", "code"), Leaf("s", "small"))), scope)


def asked(world: World) -> list[dict[str, object]] | None:
    """What the mirror answers of what is published now; None: it leaves it to the engine."""
    published = world.engine.published
    assert published is not None
    versions: Mapping[DatasetCode, Seq] = {c: p.seq for c, p in published.publications.items()}
    answers = world.keeper.reader.read([(codes(), {})], versions)
    if answers is None:
        return None
    found: list[dict[str, object]] = orjson.loads(answers[0].content)
    return sorted(found, key=str)


def in_step(world: World) -> None:
    """Without a step of the keeper."""
    published, standing = world.engine.published, world.keeper.standings.now[SIGHTING]
    assert published is not None
    assert (standing.state, standing.seq) == (MirrorState.READY, published.seq)
    served = world.served()
    assert world.mirrored() == (
        latest(served) if "Latest" in str(world.contract.mirror) else served
    )


def caught_up(world: World) -> None:
    while not world.keeper.step():
        pass
    in_step(world)


@pytest.mark.parametrize("mode", ["append", "upsert", "snapshot"])
@pytest.mark.parametrize("mirror", [ROWS, LATEST])
@pytest.mark.parametrize("whole", [False, True])
def test_the_mirror_has_a_version_when_it_is_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, mirror: str, whole: bool
) -> None:
    if whole:
        monkeypatch.setattr(changes, "WHOLE_FROM", 0)
        monkeypatch.setattr(changes, "FILE_ROWS", 2)
    world = World(tmp_path, sighting(mode, mirror), wait=LONG)
    mirrored(world, row("a", 1), row("a", 3), row("b", 2))
    for rows in (
        [row("a", 1), row("a", 2), row("c", 1), row("c", 2), row("d", 1)],
        [row("a", 2), row("b", 1), row("e", 7)],
        [] if mode == "append" else [row("a", 2, small=9), row("f", 1)],
    ):
        world.publish(*rows)
        in_step(world)
    world.close()


def test_reads_stay_with_the_mirror_from_one_version_to_the_next(
    town: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = asked(town)
    assert before == [{"c": "a", "s": -1}, {"c": "b", "s": -1}]
    seen: list[tuple[str, object]] = []
    told, run = town.writer.order, town.engine._ask_newest  # noqa: SLF001 - where a test looks in

    def ordered(order: Mapping[str, object], seconds: float | None = None) -> Reply:
        reply = told(order, seconds)
        seen.append((str(order["do"]), asked(town)))
        return reply

    def committed() -> Seq:
        seen.append(("committed", asked(town)))
        return run()

    monkeypatch.setattr(town.writer, "order", ordered)
    monkeypatch.setattr(town.engine._newest, "_ask", committed)  # noqa: SLF001 - where a test looks in
    town.publish(row("c", 1))
    assert seen == [("change", before), ("committed", before)]
    assert asked(town) == [{"c": "c", "s": -1}]


def test_a_first_copy_is_not_waited_for(tmp_path: Path) -> None:
    world = World(tmp_path, sighting(), wait=LONG)
    world.publish(row("a", 1))
    assert world.writer.order({"do": "open", "check": False}).held == ()
    caught_up(world)
    world.close()


def test_without_a_time_to_wait_the_mirror_follows(tmp_path: Path) -> None:
    world = World(tmp_path, sighting(), wait=0)
    mirrored(world, row("a", 1))
    world.publish(row("a", 2))
    assert world.keeper.standings.now[SIGHTING].seq == Seq(1)
    caught_up(world)
    world.close()


def test_what_the_keeper_is_at_is_not_waited_for(
    town: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "TURN_SECONDS", 0.01)
    with town.keeper._copies.turn:  # noqa: SLF001 - where a test looks in
        made = town.publish(row("c", 1))
    assert town.keeper.standings.now[SIGHTING].seq == made.seq - 1
    assert asked(town) is None
    caught_up(town)


def test_a_set_that_is_behind_is_brought_along_from_where_it_is(
    town: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(town.engine, "companion", None)
        town.publish(row("a", 1, small=5), row("c", 1))
    town.publish(row("c", 1), row("d", 1))
    in_step(town)


def test_publications_one_after_the_other_each_bring_it_along(town: World) -> None:
    threads = [
        threading.Thread(target=town.publish, args=(row("a", n), row(f"c{n}", 1)))
        for n in range(1, 6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    in_step(town)
    assert len(asked(town) or []) == 2


def test_who_prepares_what_is_prepared_does_not_wait_for_a_publication(
    town: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, waited = town.writer.order, []

    def ordered(order: Mapping[str, object], seconds: float | None = None) -> Reply:
        preparing = threading.Thread(target=town.engine.prepare, args=(town.contract,))
        preparing.start()
        preparing.join(LONG)
        waited.append(preparing.is_alive())
        return told(order, seconds)

    monkeypatch.setattr(town.writer, "order", ordered)
    town.publish(row("c", 1))
    assert waited == [False]


def test_a_value_that_it_cannot_hold_leaves_the_set_to_the_engine(town: World) -> None:
    town.publish(row("a", 1, rough=float("nan")))
    assert asked(town) is None
    assert town.keeper.step()
    assert town.keeper.standings.now[SIGHTING].state is MirrorState.UNFIT


def test_rows_that_do_not_add_up_are_published_and_built_anew(town: World) -> None:
    with sqlite3.connect(town.file) as connection:
        connection.execute("DELETE FROM sighting")
    connection.close()
    town.publish(row("a", 1), row("c", 1))
    assert asked(town) is None
    caught_up(town)


def test_a_file_that_is_replaced_is_not_brought_along(town: World) -> None:
    town.writer.rest()
    town.file.write_bytes(b"mine")
    town.file.rename(town.file.with_name("mine"))
    town.publish(row("c", 1))
    caught_up(town)


def test_a_commit_that_fails_leaves_the_engine_to_answer_and_the_mirror_to_be_built_anew(
    town: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = town.served()
    with monkeypatch.context() as patch:
        patch.setattr(town.engine._newest, "moving", failing)  # noqa: SLF001 - where a test looks in
        with pytest.raises(WarehouseFault):
            town.publish(row("c", 1))
    assert town.served() == served
    assert asked(town) is None  # the file tells of a publication that is not there
    caught_up(town)
    town.publish(row("c", 1), row("d", 1))
    in_step(town)


def test_the_number_of_a_version_that_was_not_published_is_the_next_ones(
    town: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(town.engine._newest, "moving", failing)  # noqa: SLF001 - where a test looks in
        with pytest.raises(WarehouseFault):
            town.publish(row("c", 1))
    assert town.keeper.standings.now[SIGHTING].state is MirrorState.BUILDING
    with monkeypatch.context() as patch:
        patch.setattr(town.engine, "companion", None)
        town.publish(row("d", 1))
    assert asked(town) is None  # the file has the other rows under this number
    caught_up(town)
    assert asked(town) == [{"c": "d", "s": -1}]


def test_a_version_that_was_never_published_is_not_told_of_after_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path, sighting("snapshot"), wait=LONG)
    mirrored(world, row("a", 1), row("b", 2))
    with monkeypatch.context() as patch:
        patch.setattr(world.writer, "order", dying(world, "in the file"))
        with pytest.raises(Crash):
            world.publish(row("c", 1))
    world.close()
    again = World(tmp_path, sighting("snapshot"), wait=LONG)
    again.loads = world.loads
    with monkeypatch.context() as patch:
        patch.setattr(again.writer, "order", full(again))
        assert not again.keeper.step()
        assert again.keeper.standings.now[SIGHTING].seq is None
        again.publish(row("d", 1))
        assert asked(again) is None
    caught_up(again)
    assert asked(again) == [{"c": "d", "s": -1}]
    again.close()


def full(world: World) -> Callable[[Mapping[str, object], float | None], Reply]:
    """A writer that finds no room."""
    told = world.writer.order

    def order(order: Mapping[str, object], seconds: float | None = None) -> Reply:
        return told(order, seconds) if order["do"] == "open" else Reply(FAULT, "the disk is full")

    return order


def failing() -> AbstractContextManager[None]:
    raise WarehouseFault("no space left")


def test_an_export_that_fails_is_published_without(
    town: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def nowhere(_: MirrorCopies, code: DatasetCode) -> Iterator[Path]:
        yield town.home / "landing" / "nowhere" / code

    with monkeypatch.context() as patch:
        patch.setattr(MirrorCopies, "folder", nowhere)
        made = town.publish(row("c", 1))
    assert [each["code"] for each in town.served()] == ["c"]
    assert (made.added, asked(town)) == (1, None)
    caught_up(town)


def test_a_folder_that_cannot_be_made_is_published_without(town: World) -> None:
    work = town.home / "landing" / ".mirror"
    work.rmdir()
    work.write_bytes(b"in the way")
    town.publish(row("c", 1))
    assert asked(town) is None
    work.unlink()
    caught_up(town)


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("at", ["begun", "built", "in the file", "committed"])
def test_a_crash_at_any_boundary_ends_in_the_rows_that_are_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: bool, at: str
) -> None:
    if whole:
        monkeypatch.setattr(changes, "WHOLE_FROM", 0)
    world = World(tmp_path, sighting("snapshot"), wait=LONG)
    mirrored(world, row("a", 1), row("b", 2))
    with monkeypatch.context() as patch:
        patch.setattr(world.writer, "order", dying(world, at))
        if at == "committed":
            patch.setattr(world.engine._noted, "note", crash)  # noqa: SLF001 - where a test looks in
        with pytest.raises(Crash):
            world.publish(row("a", 1, small=5), row("c", 1))
    world.close()
    again = World(tmp_path, sighting("snapshot"), wait=LONG)
    again.loads = world.loads
    expected = ["a", "c"] if at == "committed" else ["a", "b"]
    assert [each["code"] for each in again.served()] == expected
    caught_up(again)
    again.publish(row("d", 1))
    in_step(again)
    again.close()


def crash(*_: object) -> None:
    raise Crash


def dying(world: World, at: str) -> Callable[[Mapping[str, object], float | None], Reply]:
    """`begun`: before anything is written; `built`: before the file has it; `in the file`: once it has."""
    told = world.writer.order

    def order(order: Mapping[str, object], seconds: float | None = None) -> Reply:
        finishes = order["do"] in {"change", "take_place"}
        if at == "begun" or (at == "built" and finishes):
            raise Crash
        reply = told(order, seconds)
        if at == "in the file" and finishes:
            raise Crash
        return reply

    return order


@pytest.fixture
def apart(tmp_path: Path) -> Iterator[World]:
    """With a writer that is a process."""
    made = World(tmp_path, sighting("snapshot"), apart=True, wait=LONG)
    mirrored(made, row("a", 1), row("b", 2))
    yield made
    made.close()


def process(world: World) -> int:
    assert isinstance(world.writer, WriterProcess)
    assert world.writer.pid is not None
    return world.writer.pid


def test_a_writer_that_is_dead_holds_no_publication_up(apart: World) -> None:
    os.kill(process(apart), signal.SIGKILL)
    made = apart.publish(row("c", 1))
    assert made.added == 1
    caught_up(apart)


def test_a_writer_that_hangs_holds_a_publication_up_for_so_long_and_no_longer(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, sighting("snapshot"), apart=True, wait=0.2)
    mirrored(world, row("a", 1))
    hung = process(world)
    os.kill(hung, signal.SIGSTOP)
    world.publish(row("c", 1))
    assert [each["code"] for each in world.served()] == ["c"]
    assert asked(world) is None
    assert not Path(f"/proc/{hung}").exists()
    caught_up(world)
    world.close()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems set no limits from outside")
def test_a_disk_that_is_full_holds_no_publication_up(apart: World) -> None:
    size = apart.file.stat().st_size
    resource.prlimit(process(apart), resource.RLIMIT_FSIZE, (size, size))
    apart.publish(*(row(f"c{n}" * 50, 1) for n in range(200)))
    assert len(apart.served()) == 200
    assert asked(apart) is None
    apart.writer.rest()
    caught_up(apart)


def test_a_writer_killed_while_it_brings_a_publication_along_leaves_right_answers(
    apart: World,
) -> None:
    for n in range(1, 6):
        publishing = threading.Thread(
            target=apart.publish, args=[row(f"c{m}", 1, small=n) for m in range(n * 20)]
        )
        publishing.start()
        publishing.join(0.01 * n)
        assert isinstance(apart.writer, WriterProcess)
        if apart.writer.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(apart.writer.pid, signal.SIGKILL)
        publishing.join()
        found = asked(apart)
        assert found is None or len(found) == n * 20
        assert len(apart.served()) == n * 20
    caught_up(apart)
