import pytest

from catalog.contracts import PublishMode
from connectors.models import LoadState
from jobs.publish import adding, file_digest
from tests.crash.town import BUREAU
from tests.jobs.works import READING, STATION, Works, line
from warehouse.errors import InputNotPublished


def test_a_load_in_place_becomes_a_version_once(works: Works) -> None:
    works.publish_stations()
    works.town.drop(3)
    (load,) = works.extract()
    first = works.publish(load)
    assert first is not None
    assert (first.added, first.rows) == (3, 3)
    assert works.publish(load) == first
    (known,) = [row for row in works.loads() if row.id == load.id]
    assert (known.state, known.seq, known.published_at) == (
        LoadState.PUBLISHED, first.seq, first.published_at,
    )  # fmt: skip


def test_a_commit_that_a_crash_kept_from_the_registry_is_recorded_by_the_next_try(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    works.publish_stations()
    works.town.drop(3)
    (load,) = works.extract()
    with monkeypatch.context() as patched:
        patched.setattr("connectors.ledger.Ledger.published", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            works.publish(load)
    assert works.state(load) == LoadState.HANDED_OVER
    assert works.rows(READING) == 3
    again = works.publish(load)
    assert again is not None
    assert (again.rows, works.state(load)) == (3, LoadState.PUBLISHED)


def test_a_load_waits_for_the_data_set_that_it_refers_to(works: Works) -> None:
    works.town.drop(3)
    (load,) = works.extract()
    with pytest.raises(InputNotPublished):
        works.publish(load)
    assert works.state(load) == LoadState.HANDED_OVER
    works.publish_stations()
    assert works.publish(load) is not None


def test_a_batch_that_published_data_speaks_against_is_rejected_with_its_reason(
    works: Works,
) -> None:
    works.publish_stations()
    works.drop("unknown.csv", [line("Z")])
    (load,) = works.extract()
    assert works.publish(load) is None
    (known,) = [row for row in works.loads() if row.id == load.id]
    assert (known.state, known.error_code) == (LoadState.REJECTED, "BATCH_REJECTED")
    assert works.rows(READING) == 0


def test_rows_released_from_a_whole_state_end_no_other_row(works: Works) -> None:
    works.town.name(A="一个远远超过六个字的名称")
    (load,) = works.extract(BUREAU, STATION)
    works.publish(load)
    assert works.rows(STATION) == 2
    done = works.publish(works.release(load, 1))
    assert done is not None
    assert (done.added, done.removed, done.rows) == (1, 0, 3)


def test_only_a_whole_state_is_published_otherwise_when_it_is_released(works: Works) -> None:
    contracts = works.catalogue.contracts
    assert adding(contracts[READING]) is contracts[READING]
    assert adding(contracts[STATION]).publish_mode is PublishMode.UPSERT


def test_a_row_set_apart_from_a_whole_state_keeps_its_last_good_version_until_released(
    works: Works,
) -> None:
    for load in works.extract(BUREAU, STATION):
        works.publish(load)
    before = works.rows(STATION)
    works.town.name(A="一个远远超过六个字的名称")
    (load,) = works.extract(BUREAU, STATION)
    spoiled = works.publish(load)
    assert spoiled is not None
    assert (spoiled.removed, spoiled.rows) == (0, before)
    released = works.publish(works.release(load, 1))
    assert released is not None
    assert (released.changed, released.rows) == (1, before)


def test_the_digest_is_of_the_bytes_that_were_published(works: Works) -> None:
    works.publish_stations()
    works.town.drop(1)
    (load,) = works.extract()
    done = works.publish(load)
    assert done is not None
    assert done.digest == file_digest(works.hub.settings.landing / load.id / "rows.parquet")
