import pytest

from connectors.landing import INCOMING, hand_over, land, process_mark
from connectors.models import LoadState
from jobs.extract import feed_of
from jobs.inner import InnerExtraction
from jobs.intake import Batch
from jobs.release import released_batches
from tests.crash.town import BUREAU, DISTRICT
from tests.jobs.test_queue import gone_process
from tests.jobs.works import READING, Works, line


def again(works: Works, identity: str = "again") -> Batch:
    """The rows of the first load as another input."""
    (load,) = works.extract()
    raw = works.hub.settings.landing / load.id / "raw.parquet"
    rows = released_batches
    extraction = InnerExtraction("again", identity, lambda: rows(raw, ()))
    return Batch(extraction, DISTRICT, works.catalogue.contracts[READING], may_be_empty=True)


def test_the_same_input_again_is_told_to_its_source_and_changes_nothing(works: Works) -> None:
    works.town.drop(3)
    batch = again(works)
    assert works.intake.take(batch) is not None
    before = {load.id: load.attempts for load in works.loads()}
    assert works.intake.take(batch) is None
    assert {load.id: load.attempts for load in works.loads()} == before
    assert works.incoming() == []


def test_a_batch_without_a_good_row_is_rejected_stands_in_the_landing_and_is_not_read_again(
    works: Works,
) -> None:
    works.drop("bad.csv", [line(level="high"), line(hours=1, level="low")])
    (load,) = works.extract()
    assert (load.state, load.good, load.rejected) == (LoadState.REJECTED, 0, 2)
    assert (works.hub.settings.landing / load.id / "rejected.parquet").exists()
    assert not any(works.town.inbox.iterdir())
    assert works.hub.ledger.cursor(DISTRICT, READING) is not None


def test_a_fault_on_the_way_leaves_nothing_half_done(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    works.town.drop(3)

    def full(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("jobs.intake.check", full)
        with pytest.raises(OSError, match="no space"):
            works.extract()
    assert works.incoming() == []
    assert [load.state for load in works.loads()] == [LoadState.LANDED]
    assert len(list(works.town.inbox.iterdir())) == 1
    (load,) = works.extract()
    assert (load.state, load.attempts) == (LoadState.HANDED_OVER, 2)


def test_what_a_dead_process_left_is_swept_and_what_it_handed_over_is_recorded(
    works: Works,
) -> None:
    landing = works.hub.settings.landing
    mark = gone_process().split(":")[1]
    for name in (f"{mark}-abcd", f"{process_mark(1)}-abcd"):
        (landing / INCOMING / name).mkdir(parents=True)
    works.town.add(3)
    found = feed_of(works.catalogue, BUREAU, READING)
    assert found is not None
    contract = works.catalogue.contracts[READING]
    extraction = InnerExtraction("left", "left", lambda: iter(()))
    landed = land(extraction, BUREAU, contract, landing, works.clock)
    works.hub.ledger.landed(landed)
    hand_over(landed, {"decision": "publish", "good": 0, "rejected": 0}, landing)
    works.intake.recover()
    assert works.incoming() == [f"{process_mark(1)}-abcd"]
    assert [load.state for load in works.loads()] == [LoadState.HANDED_OVER]
