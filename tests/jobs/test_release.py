from catalog.ids import LoadId
from connectors.models import LoadState
from jobs.release import released_load
from quality.verdict import RowRef
from tests.crash.town import BUREAU
from tests.jobs.works import READING, STATION, Works, line


def doubtful(works: Works) -> None:
    """A file whose second and third row break a rule that a steward may waive."""
    works.publish_stations()
    works.drop("doubt.csv", [line(), line(hours=1, level="99"), line(hours=2, level="98")])


def test_released_rows_come_in_as_a_load_of_their_own(works: Works) -> None:
    doubtful(works)
    (load,) = works.extract()
    works.publish(load)
    assert works.rows(READING) == 1
    made = works.release(load, 3)
    assert (made.released_from, made.rows, made.state) == (load.id, 1, LoadState.HANDED_OVER)
    works.publish(made)
    assert works.rows(READING) == 2


def test_rows_released_later_do_not_double_those_before(works: Works) -> None:
    doubtful(works)
    (load,) = works.extract()
    works.publish(load)
    works.publish(works.release(load, 3))
    done = works.publish(works.release(load, 4))
    assert done is not None
    assert (done.added, done.rejected, works.rows(READING)) == (1, 0, 3)


def test_the_same_release_again_is_a_no_op(works: Works) -> None:
    doubtful(works)
    (load,) = works.extract()
    made = works.release(load, 3)
    (release,) = works.hub.quality.releases()
    works.releaser.run(works.catalogue, release.load_id, release.at)
    assert [known.id for known in works.loads() if known.released_from] == [made.id]
    assert release.rows == (RowRef("doubt.csv", 3),)
    assert released_load(load, release) == made.id


def test_a_release_does_not_bring_back_what_was_released_before_nor_overtake_what_is_newer(
    works: Works,
) -> None:
    works.town.name(A="甲的名称远远超过六个字", B="乙的名称远远超过六个字")
    (spoiled,) = works.extract(BUREAU, STATION)
    works.publish(spoiled)
    works.publish(works.release(spoiled, 1))
    works.town.name(A="甲新", B="乙新")
    (newer,) = works.extract(BUREAU, STATION)
    works.publish(newer)
    late = works.publish(works.release(spoiled, 2))
    assert late is not None
    assert (late.added, late.changed, late.rejected) == (0, 0, 1)
    page = works.hub.quality.quarantine(late.load_id, works.catalogue.contracts[STATION])
    assert [reason.rule_id for row in page.rows for reason in row.reasons] == ["overtaken"]


def test_without_a_decision_nothing_is_released(works: Works) -> None:
    doubtful(works)
    (load,) = works.extract()
    before = len(works.loads())
    works.releaser.run(works.catalogue, LoadId(load.id), works.clock.now())
    assert len(works.loads()) == before
