import threading
from dataclasses import replace

from sqlalchemy import update

from catalog.domain import SourceKind
from catalog.ids import DatasetCode, SourceId
from connectors.models import Load, LoadState
from jobs.extract import feed_of
from tests.crash.town import BUREAU, DISTRICT
from tests.jobs.works import READING, STATION, Works, line


def test_every_file_becomes_a_load_in_place_and_leaves_the_inbox(works: Works) -> None:
    works.town.drop(3)
    works.town.drop(2)
    loads = works.extract()
    assert [(load.rows, load.state) for load in loads] == [(3, "handed_over"), (2, "handed_over")]
    assert not any(works.town.inbox.iterdir())
    assert len(list(works.town.inbox.with_name("collected").iterdir())) == 2


def test_an_unreadable_file_is_refused_with_its_reason_and_those_behind_it_come_in(
    works: Works,
) -> None:
    works.drop("a.csv", [line().replace("A", "河")], "gb18030")
    works.drop("b.csv", [line()])
    taken, refused = sorted(works.extract(), key=lambda load: load.state)
    assert (refused.state, refused.error_code) == (LoadState.REFUSED, "FILE_ENCODING_WRONG")
    assert (taken.state, taken.origin) == (LoadState.HANDED_OVER, "b.csv")
    reason = works.town.inbox.with_name("refused") / "a.csv.reason.txt"
    assert reason.read_text("utf-8").startswith("FILE_ENCODING_WRONG\n")


def test_a_fault_of_ours_costs_a_good_file_nothing(works: Works) -> None:
    works.town.drop(3)
    (load,) = works.extract()
    collected = works.town.inbox.with_name("collected")
    (collected / load.origin).rename(works.town.inbox / load.origin)
    with works.hub.registry.write() as session:  # a state from which nothing leads on
        session.execute(update(Load).where(Load.id == load.id).values(state=LoadState.REFUSED))
    works.extract()
    assert [file.name for file in works.town.inbox.iterdir()] == [load.origin]
    assert not works.town.inbox.with_name("refused").exists()
    assert works.hub.ledger.feeds()[DISTRICT, READING].error_code == "LOAD_TRANSITION_REFUSED"
    assert works.incoming() == []


def test_a_worker_that_is_told_to_stop_begins_no_further_file(works: Works) -> None:
    works.town.drop(3)
    works.town.drop(2)
    stopping = threading.Event()
    stopping.set()
    replace(works.extractor, stopping=stopping).run(works.catalogue, DISTRICT, READING)
    assert [load.rows for load in works.loads()] == [3]
    assert len(list(works.town.inbox.iterdir())) == 1


def test_a_table_gives_what_stands_behind_the_cursor(works: Works) -> None:
    works.town.add(4)
    assert [load.rows for load in works.extract(BUREAU, READING)] == [4]
    assert works.extract(BUREAU, READING) == []
    works.town.add(2)
    assert [load.rows for load in works.extract(BUREAU, READING)] == [2]
    assert works.hub.ledger.cursor(BUREAU, READING) == {"after": 6}


def test_a_source_that_fails_is_told_at_its_feed_and_the_cursor_stays(works: Works) -> None:
    works.town.add(4)
    works.extract(BUREAU, READING)
    bureau = works.town.folder / "bureau.sqlite"
    bureau.rename(bureau.with_suffix(".away"))
    works.extract(BUREAU, READING)
    standing = works.hub.ledger.feeds()[BUREAU, READING]
    assert standing.failures == 1
    assert standing.error_code is not None
    assert works.hub.ledger.cursor(BUREAU, READING) == {"after": 4}


def test_a_feed_that_is_no_longer_declared_is_left_alone(works: Works) -> None:
    works.extractor.run(works.catalogue, SourceId("nobody"), READING)
    assert works.loads() == []
    assert feed_of(works.catalogue, BUREAU, DatasetCode("high_water")) is None
    found = feed_of(works.catalogue, BUREAU, STATION)
    assert found is not None
    assert found[0].kind is SourceKind.SQL


def test_a_file_with_a_wrong_header_holds_up_none_of_those_beside_it(works: Works) -> None:
    (works.town.inbox / "a-wrong.csv").write_text("nonsense\n1\n", "utf-8")
    works.drop("b-good.csv", [line()])
    loads = works.extract()
    assert {load.origin: load.state for load in loads} == {
        "a-wrong.csv": "refused",
        "b-good.csv": "handed_over",
    }
    assert works.hub.ledger.feeds()[DISTRICT, READING].failures == 0


def test_a_batch_that_is_rejected_says_by_which_rule(works: Works) -> None:
    works.drop("hopeless.csv", [line(level="no number")])
    (load,) = works.extract()
    assert (load.state, load.error_code) == ("rejected", "BATCH_REJECTED")
    assert "not_empty" in str(load.error_en)
