from connectors.models import LoadState
from jobs.release import released_load
from quality.verdict import RowRef
from tests.jobs.works import READING, Works, line


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
    works.releaser.run(works.catalogue, load.id)  # type: ignore[arg-type] # a column of the registry
    assert [known.id for known in works.loads() if known.released_from] == [made.id]
    assert released_load(load, [RowRef("doubt.csv", 3)]) == made.id


def test_without_a_decision_nothing_is_released(works: Works) -> None:
    doubtful(works)
    (load,) = works.extract()
    before = len(works.loads())
    works.releaser.run(works.catalogue, load.id)  # type: ignore[arg-type] # a column of the registry
    assert len(works.loads()) == before
