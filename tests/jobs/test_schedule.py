from datetime import timedelta

from sqlalchemy import event

from catalog.ids import LoadId
from connectors.ledger import FeedStanding
from jobs.queue import Place
from jobs.schedule import LONGEST_PAUSE, due_feeds
from quality.recorded import RowFate
from quality.verdict import RowRef
from tests.crash.content import KEEPER
from tests.crash.town import BUREAU, DISTRICT
from tests.jobs.works import HIGH_WATER, READING, STATION, Works, line

FEEDS = ["extract bureau station", "extract bureau reading", "extract district reading"]


def look(works: Works, place: Place) -> list[str]:
    works.hub.schedule.look(works.catalogue)
    return works.open_jobs(place)


def test_a_feed_is_due_when_its_interval_has_passed(works: Works) -> None:
    assert look(works, Place.HEAVY) == FEEDS
    works.extract(DISTRICT, READING)
    assert look(works, Place.HEAVY) == FEEDS[:2]
    works.clock.advance(timedelta(seconds=0.3))
    assert look(works, Place.HEAVY) == FEEDS


def test_a_feed_that_fails_waits_twice_as_long_each_time_up_to_a_limit(works: Works) -> None:
    now = works.clock.now()

    def is_due(failures: int, ago: timedelta) -> bool:
        standing = FeedStanding(failures, now - ago, None, "X" if failures else None)
        found = due_feeds(works.catalogue, {(DISTRICT, READING): standing}, now)
        return FEEDS[2] in [asked.key for asked in found]

    assert not is_due(1, timedelta(seconds=0.5))
    assert is_due(1, timedelta(seconds=0.6))
    assert not is_due(3, timedelta(seconds=2.3))
    assert is_due(3, timedelta(seconds=2.4))
    assert is_due(1000, LONGEST_PAUSE)


def test_a_job_that_is_open_is_not_asked_for_again(works: Works) -> None:
    assert works.hub.schedule.look(works.catalogue) == len(FEEDS)
    assert works.hub.schedule.look(works.catalogue) == 0


def test_every_load_of_readings_in_place_is_to_be_published(works: Works) -> None:
    works.town.drop(1)
    works.town.drop(2)
    loads = works.extract()
    assert look(works, Place.SERVER) == [f"publish {load.id}" for load in loads]


def test_of_a_whole_state_only_the_oldest_load_is_to_be_published(works: Works) -> None:
    """Else one that has to wait for its next try would take the place of a younger one."""
    (older,) = works.extract(BUREAU, STATION)
    works.town.name(A="磁器口")
    (younger,) = works.extract(BUREAU, STATION)
    assert look(works, Place.SERVER) == [f"publish {older.id}"]
    works.publish(older)
    assert look(works, Place.SERVER) == [f"publish {younger.id}"]


def test_what_is_derived_is_to_be_built_once_for_each_version_of_its_inputs(works: Works) -> None:
    works.publish_stations()
    assert look(works, Place.SERVER) == []
    works.town.add(4)
    (load,) = works.extract(BUREAU)
    works.publish(load)
    assert look(works, Place.SERVER) == [f"derive {HIGH_WATER}"]
    works.hub.schedule.look(works.catalogue)
    assert works.hub.worker.step()
    (built,) = [load for load in works.loads() if load.source == "derived"]
    assert look(works, Place.SERVER) == [f"publish {built.id}"]


def test_released_rows_are_to_be_taken_in_until_they_are(works: Works) -> None:
    works.publish_stations()
    works.drop("doubt.csv", [line(), line(hours=1, level="99")])
    (load,) = works.extract()
    works.hub.quality.decide_rows(
        LoadId(load.id),
        works.catalogue.contracts[READING],
        [RowRef("doubt.csv", 3)],
        RowFate.RELEASED,
        KEEPER.client,
        "核实无误",
    )
    (release,) = works.hub.quality.releases()
    key = f"release {load.id} {release.at}"
    assert key in look(works, Place.HEAVY)
    works.releaser.run(works.catalogue, release.load_id, release.at)
    assert key not in look(works, Place.HEAVY)


def test_a_release_that_was_taken_in_costs_later_looks_nothing(works: Works) -> None:
    works.publish_stations()
    works.drop("doubt.csv", [line(hours=n, level="99") for n in range(5)])
    (load,) = works.extract()
    before = statements_of_a_look(works)
    for row in range(2, 7):
        works.clock.advance(timedelta(seconds=1))
        ref, contract = RowRef("doubt.csv", row), works.catalogue.contracts[READING]
        works.hub.quality.decide_rows(
            LoadId(load.id), contract, [ref], RowFate.RELEASED, KEEPER.client, "核实"
        )
    for release in works.hub.quality.releases():
        works.releaser.run(works.catalogue, release.load_id, release.at)
    statements_of_a_look(works)
    assert statements_of_a_look(works) == before


def statements_of_a_look(works: Works) -> int:
    """Reads of the registry by one look that finds nothing new to ask for."""
    works.hub.schedule.look(works.catalogue)
    made: list[str] = []

    def counted(*sent: object) -> None:
        made.append(str(sent[2]))

    engine = works.hub.registry.engine
    event.listen(engine, "before_cursor_execute", counted)
    try:
        works.hub.schedule.look(works.catalogue)
    finally:
        event.remove(engine, "before_cursor_execute", counted)
    return len(made)
