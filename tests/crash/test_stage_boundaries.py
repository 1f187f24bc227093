"""One SIGKILL at each boundary between two stages: everything is there once afterwards."""

import pytest

from tests.crash.child import HEAVY, SERVER, Point
from tests.crash.town import BUREAU, DERIVED, DISTRICT, Town, wait_for

pytestmark = pytest.mark.crash
LANDING, INTAKE, LEDGER = "connectors.landing", "jobs.intake", "connectors.ledger:Ledger"
RECORD = "quality.record:QualityRecord"
WORKER_POINTS = {
    "while the rows are written": Point(f"{LANDING}:add_values", after=False),
    "before the manifest": Point(f"{LANDING}:_write_manifest", after=False),
    "after land": Point(f"{INTAKE}:land", after=True),
    "after the record of land": Point(f"{LEDGER}.landed", after=True),
    "after check": Point(f"{INTAKE}:check", after=True),
    "after the record of check": Point(f"{LEDGER}.checked", after=True),
    "after the record of quality": Point(f"{RECORD}.record", after=True),
    "before the rename": Point(f"{LANDING}:sync", after=True),
    "after the rename": Point(f"{INTAKE}:hand_over", after=True),
    "after the record of the rename": Point(f"{LEDGER}.handed_over", after=True),
    "before the job is done": Point("jobs.queue:JobQueue.done", after=False),
}
FILE_POINTS = {
    "after the file was moved": Point("connectors.files:FileExtraction.acknowledge", after=True)
}
SERVER_POINTS = {
    "before the commit": Point("warehouse.duck:publish", after=True),
    "between commit and findings": Point(f"{RECORD}.record_publication", after=False),
    "between commit and record": Point(f"{LEDGER}.published", after=False),
    "between publish and derive": Point(f"{LEDGER}.published", after=True),
    "while the tables are made": Point("warehouse.duck:definitions", after=True),
}


def at(point: Point, source: str) -> Point:
    return Point(point.target, after=point.after, source=source)  # type: ignore[arg-type]


def fill(town: Town) -> None:
    town.drop(20)
    town.drop(30, station="C")
    town.add(40)


def killed_and_started_again(town: Town, role: str, point: Point) -> None:
    """The process dies at the point; the server's death ends its worker, too."""
    others = [town.start(SERVER)] if role == HEAVY else [town.start(HEAVY)]
    town.start(role, point).ends_by_a_kill()
    if role == SERVER:
        others.pop().stop()
    town.start(role)
    if role == SERVER:
        town.start(HEAVY)
    wait_for(town.is_settled, "all that was acknowledged is published")
    for child in town.running:
        if child.process.is_alive():
            child.stop()
    town.check()


def test_without_a_kill_all_is_there_once(town: Town) -> None:
    fill(town)
    with town.hub():
        wait_for(town.is_settled)
    town.check()


@pytest.mark.parametrize("where", [*WORKER_POINTS, *FILE_POINTS])
def test_a_worker_killed_over_a_file(town: Town, where: str) -> None:
    fill(town)
    killed_and_started_again(town, HEAVY, at((WORKER_POINTS | FILE_POINTS)[where], DISTRICT))


@pytest.mark.parametrize("where", ["after land", "after check", "after the rename"])
def test_a_worker_killed_over_a_table(town: Town, where: str) -> None:
    fill(town)
    killed_and_started_again(town, HEAVY, at(WORKER_POINTS[where], BUREAU))


@pytest.mark.parametrize(
    "where",
    [
        "while the rows are written",
        "after check",
        "after the rename",
        "after the record of the rename",
        "before the job is done",
    ],
)
def test_a_server_killed_while_it_derives(town: Town, where: str) -> None:
    fill(town)
    killed_and_started_again(town, SERVER, at(WORKER_POINTS[where], DERIVED))


@pytest.mark.parametrize("where", SERVER_POINTS)
def test_a_server_killed_while_it_publishes(town: Town, where: str) -> None:
    fill(town)
    killed_and_started_again(town, SERVER, SERVER_POINTS[where])


def test_a_source_that_moves_on_while_its_worker_is_dead(town: Town) -> None:
    """What was in place but not recorded counts first: nothing comes twice, nothing old comes last."""
    town.add(40)
    server = town.start(SERVER)
    town.start(HEAVY, at(WORKER_POINTS["after the rename"], BUREAU)).ends_by_a_kill()
    town.add(10)
    town.name(A="磁器口", B="北碚")
    heavy = town.start(HEAVY)
    wait_for(town.is_settled)
    wait_for(lambda: len([x for x in town.loads() if x.data_set == "station" and x.seq]) == 2)
    wait_for(town.is_settled)
    for child in (heavy, server):
        child.stop()
    town.check()
