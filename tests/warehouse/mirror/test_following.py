"""Whatever is published, and whenever its writer is killed: the mirror has the engine's rows, or says it has not."""

import tempfile
import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.warehouse.mirror.world import LATEST, ROWS, Row, World, latest, row, sighting
from warehouse.mirror import changes
from warehouse.mirror.process import WriterProcess

FIRST, LAST = datetime(1, 1, 3, tzinfo=UTC), datetime(9999, 12, 31, 15, 59, 59, 999999, tzinfo=UTC)
HOURS = st.integers(0, 4)
INSTANTS = st.one_of(
    st.builds(lambda hour: datetime(2026, 8, 1, hour, tzinfo=UTC), HOURS),
    st.sampled_from([FIRST, LAST, datetime(1988, 7, 1, tzinfo=UTC)]),
    st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 30)).map(lambda at: at.replace(tzinfo=UTC)),  # noqa: DTZ001 - made UTC
)
TEXTS = st.one_of(
    st.sampled_from(["a", "b", "渝", "", "'", '"x', "𠮷"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5),
)
DOUBLES = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(-180, 180, places=6).map(float),
    st.sampled_from([0.0, -0.0, 5e-324, 1.7976931348623157e308, 0.1 + 0.2, 1e10, 1e-4, 1e-5]),
)
VALUES = st.fixed_dictionaries(
    {
        "code": TEXTS,
        "at": INSTANTS,
        "small": st.none() | st.integers(-(2**31), 2**31 - 1),
        "large": st.none() | st.integers(-(2**63), 2**63 - 1),
        "exact": st.none()
        | st.integers(1 - 10**18, 10**18 - 1).map(lambda n: Decimal(n).scaleb(-6)),
        "rough": st.none() | DOUBLES,
        "true_or_not": st.none() | st.booleans(),
        "day": st.none() | st.dates(date(1, 1, 1), date(9999, 12, 31)),
        "place": st.none() | st.sampled_from([500106000000000, 500106004000000]),
        "secret": st.none(),
    }
)
BATCHES = st.lists(VALUES, max_size=6, unique_by=lambda v: (v["code"], v["at"]))
STEPS = st.lists(st.tuples(BATCHES, st.sampled_from(["follow", "wait", "restart"])), max_size=6)
FORMS = [
    ("append", ROWS),
    ("upsert", ROWS),
    ("snapshot", ROWS),
    ("snapshot", LATEST),
    ("upsert", LATEST),
]


def check(world: World) -> None:
    assert world.keeper.step(), world.keeper.fault
    if world.loads:
        assert has_what_is_served(world)


def has_what_is_served(world: World) -> bool:
    served = world.served()
    whole = world.contract.mirror == sighting().mirror
    return world.mirrored() == (served if whole else latest(served))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    form=st.sampled_from(FORMS),
    large=st.booleans(),
    wait=st.sampled_from([0.0, 600.0]),
    steps=STEPS,
)
@example(
    form=FORMS[2],
    large=True,
    wait=0.0,
    steps=[([row("a", h) for h in range(5)], "follow"), ([], "follow")],
)
def test_the_mirror_has_the_rows_that_are_served(
    form: tuple[str, str], large: bool, wait: float, steps: list[tuple[list[Row], str]]
) -> None:
    with tempfile.TemporaryDirectory() as home, pytest.MonkeyPatch.context() as patch:
        if large:
            patch.setattr(changes, "WHOLE_FROM", 0)
            patch.setattr(changes, "FILE_ROWS", 2)
        world = World(Path(home), sighting(*form), wait=wait)
        for number, (rows, then) in enumerate(steps):
            world.publish(*rows)
            if wait and number and steps[number - 1][1] == "follow":
                assert has_what_is_served(world)
            if then == "restart":
                world.stop()
                world.start()
            if then != "wait":
                check(world)
        check(world)
        world.close()


@pytest.mark.crash
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    form=st.sampled_from(FORMS[1:]),
    large=st.booleans(),
    rounds=st.lists(st.tuples(BATCHES, st.floats(0, 0.08)), min_size=1, max_size=4),
)
def test_a_writer_killed_at_any_moment_leaves_a_version_or_none(
    form: tuple[str, str], large: bool, rounds: list[tuple[list[Row], float]]
) -> None:
    with tempfile.TemporaryDirectory() as home, pytest.MonkeyPatch.context() as patch:
        if large:
            patch.setattr(changes, "WHOLE_FROM", 0)
            patch.setattr(changes, "FILE_ROWS", 2)
        world = World(Path(home), sighting(*form), apart=True)
        world.keeper.step()
        before = None
        for rows, after in rounds:
            world.publish(*rows)
            following = threading.Thread(target=world.keeper.step)
            following.start()
            following.join(after)
            kill(world)
            following.join()
            rows_now = world.served() if form[1] == ROWS else latest(world.served())
            assert world.mirrored() in (None, before, rows_now)
            before = world.mirrored()
        while not world.keeper.step():
            pass
        check(world)
        world.close()


def kill(world: World) -> None:
    writer = world.writer
    assert isinstance(writer, WriterProcess)
    child = writer._child  # noqa: SLF001 - what a test kills
    if child is not None:
        child.kill()


def test_the_keeper_follows_in_its_own_thread_and_leaves_no_process(tmp_path: Path) -> None:
    world = World(tmp_path, sighting(), apart=True)
    world.engine.listen(world.keeper.wake)
    thread = threading.Thread(target=world.keeper.run)
    thread.start()
    made = world.publish(row("a", 1))
    deadline = datetime.now(UTC) + timedelta(minutes=5)
    while not _has(world, made.seq):
        assert datetime.now(UTC) < deadline
        thread.join(0.05)
    assert world.mirrored() == world.served()
    assert {file.stat().st_mode & 0o077 for file in tmp_path.glob("mirror.sqlite*")} == {0}
    pid = world.writer.pid if isinstance(world.writer, WriterProcess) else None
    world.keeper.stop()
    thread.join()
    assert pid is not None
    assert not Path(f"/proc/{pid}").exists()
    world.close()


def _has(world: World, seq: int) -> bool:
    return any(standing.seq == seq for standing in world.keeper.standings.now.values())
