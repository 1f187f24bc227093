from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.schema import CreateTable

from catalog.clock import ReplayClock
from catalog.ids import Seq
from connectors.errors import SourceUnavailable, TransitionRefused
from connectors.landing import Landed, hand_over, land
from connectors.ledger import TRANSITIONS, Ledger
from connectors.models import FeedState, Load, LoadState
from registry.base import Base
from registry.store import Registry
from tests.connectors.test_landing import CLOCK, FETCH, Given

NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)
VERDICT = {"decision": "publish", "good": 1, "rejected": 1}
SOURCE, DATA_SET = FETCH.source.id, FETCH.contract.data_set


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    registry = Registry(f"sqlite:///{tmp_path / 'registry.sqlite'}")
    tables = [Base.metadata.tables[m.__tablename__] for m in (Load, FeedState)]
    Base.metadata.create_all(registry.engine, tables=tables)
    return Ledger(registry, ReplayClock(NOW))


@pytest.fixture
def landed(tmp_path: Path) -> Landed:
    return land(Given(["1", "2"]), SOURCE, FETCH.contract, tmp_path / "landing", CLOCK)


def state(ledger: Ledger, landed: Landed) -> LoadState:
    row = ledger.load(landed.load_id)
    assert row is not None
    return LoadState(row.state)


def publish(ledger: Ledger, landed: Landed, landing: Path) -> None:
    assert ledger.landed(landed)
    ledger.checked(landed.load_id, 1, 1)
    ledger.handed_over(hand_over(landed, VERDICT, landing))
    ledger.published(landed.load_id, Seq(7), NOW)


def test_a_load_goes_its_way_and_the_cursor_moves_at_the_hand_over(
    ledger: Ledger, landed: Landed, tmp_path: Path
) -> None:
    ledger.landed(landed)
    ledger.checked(landed.load_id, 1, 1)
    assert ledger.cursor(SOURCE, DATA_SET) is None
    ledger.handed_over(hand_over(landed, VERDICT, tmp_path / "landing"))
    assert ledger.cursor(SOURCE, DATA_SET) == {"after": 2}
    assert ledger.in_state(LoadState.HANDED_OVER) == {landed.load_id: DATA_SET}
    ledger.published(landed.load_id, Seq(7), NOW)
    row = ledger.load(landed.load_id)
    assert row is not None
    assert (row.state, row.seq, row.rows, row.good, row.published_at) == (
        LoadState.PUBLISHED, 7, 2, 1, NOW,
    )  # fmt: skip


def test_every_step_may_be_repeated(ledger: Ledger, landed: Landed, tmp_path: Path) -> None:
    publish(ledger, landed, tmp_path / "landing")
    ledger.published(landed.load_id, Seq(7), NOW)
    assert not ledger.handed_over(tmp_path / "landing" / landed.load_id)
    ledger.checked(landed.load_id, 1, 1)
    assert state(ledger, landed) is LoadState.PUBLISHED


def test_the_same_input_again_is_known(ledger: Ledger, landed: Landed, tmp_path: Path) -> None:
    publish(ledger, landed, tmp_path / "landing")
    again = land(Given(["1", "2"]), SOURCE, FETCH.contract, tmp_path / "landing", CLOCK)
    assert ledger.landed(again) is False


def test_input_read_again_after_a_worker_died_counts_an_attempt(
    ledger: Ledger, landed: Landed
) -> None:
    ledger.landed(landed)
    ledger.checked(landed.load_id, 1, 1)
    assert ledger.landed(landed) is True
    row = ledger.load(landed.load_id)
    assert row is not None
    assert (row.attempts, row.state) == (2, LoadState.LANDED)


def test_a_published_load_never_goes_back(ledger: Ledger, landed: Landed, tmp_path: Path) -> None:
    publish(ledger, landed, tmp_path / "landing")
    with pytest.raises(TransitionRefused, match="published"):
        ledger.failed(landed.load_id)


def test_a_rejected_batch_keeps_its_reason_and_the_feed_goes_on(
    ledger: Ledger, landed: Landed
) -> None:
    ledger.landed(landed)
    ledger.checked(landed.load_id, 0, 2)
    ledger.rejected(landed, SourceUnavailable(origin="x", problem="y"))
    row = ledger.load(landed.load_id)
    assert row is not None
    assert row.error_code == "SOURCE_UNAVAILABLE"
    assert row.error_details == {"origin": "x", "problem": "y"}
    assert ledger.cursor(SOURCE, DATA_SET) == {"after": 2}


def test_unreadable_input_is_kept_with_its_reason(ledger: Ledger) -> None:
    error = SourceUnavailable(origin="bad.csv", problem="p")
    load = ledger.refused(FETCH, "bad.csv", error)
    row = ledger.load(load)
    assert row is not None
    assert (row.state, row.origin, row.rows, row.attempts) == (LoadState.REFUSED, "bad.csv", 0, 1)
    assert ledger.refused(FETCH, "bad.csv", error) == load
    row = ledger.load(load)
    assert row is not None
    assert row.attempts == 2
    assert ledger.feeds()[SOURCE, DATA_SET].failures == 0
    assert ledger.cursor(SOURCE, DATA_SET) is None


def test_failures_in_a_row_are_counted_until_a_success(ledger: Ledger) -> None:
    error = SourceUnavailable(origin="x", problem="y")
    for _ in range(3):
        ledger.feed_failed(FETCH, error)
    with ledger.registry.read() as session:
        found = session.get(FeedState, (SOURCE, DATA_SET))
        assert found is not None
        assert (found.failures, found.last_error_code) == (3, "SOURCE_UNAVAILABLE")
    standing = ledger.feeds()[SOURCE, DATA_SET]
    assert (standing.failures, standing.last_tried_at) == (3, NOW)
    ledger.feed_current(FETCH)
    with ledger.registry.read() as session:
        found = session.get(FeedState, (SOURCE, DATA_SET))
        assert found is not None
        assert (found.failures, found.last_success_at) == (0, NOW)


@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize(
    ("decision", "wanted"),
    [("publish", LoadState.HANDED_OVER), ("reject", LoadState.REJECTED)],
)
def test_a_load_in_place_that_a_crash_left_unrecorded_is_adopted_once(
    ledger: Ledger,
    landed: Landed,
    tmp_path: Path,
    decision: str,
    wanted: LoadState,
    *,
    recorded: bool,
) -> None:
    if recorded:
        ledger.landed(landed)
    verdict = {"decision": decision, "good": 1, "rejected": 1}
    hand_over(landed, verdict, tmp_path / "landing")
    assert ledger.adopt(tmp_path / "landing") == (landed.load_id,)
    assert state(ledger, landed) is wanted
    assert ledger.cursor(SOURCE, DATA_SET) == {"after": 2}
    assert ledger.adopt(tmp_path / "landing") == ()


def test_a_load_that_another_process_adopts_while_it_is_on_its_way_goes_on(
    ledger: Ledger, landed: Landed, tmp_path: Path
) -> None:
    ledger.landed(landed)
    place = hand_over(landed, VERDICT, tmp_path / "landing")
    assert ledger.adopt(tmp_path / "landing") == (landed.load_id,)
    ledger.checked(landed.load_id, 0, 2)
    assert not ledger.handed_over(place)
    row = ledger.load(landed.load_id)
    assert row is not None
    assert (row.state, row.good, row.rejected) == (LoadState.HANDED_OVER, 1, 1)


def test_a_load_whose_input_came_in_by_another_one_is_not_left_on_its_way(
    ledger: Ledger, landed: Landed, tmp_path: Path
) -> None:
    ledger.landed(landed)
    ledger.checked(landed.load_id, 1, 1)
    later = land(
        Given(["1", "2", "3"], name="later"), SOURCE, FETCH.contract, tmp_path / "landing", CLOCK
    )
    publish(ledger, later, tmp_path / "landing")
    assert state(ledger, landed) is LoadState.FAILED
    ledger.handed_over(hand_over(landed, VERDICT, tmp_path / "landing"))
    assert state(ledger, landed) is LoadState.HANDED_OVER


def test_a_load_adopted_late_never_takes_the_cursor_back(
    ledger: Ledger, landed: Landed, tmp_path: Path
) -> None:
    later = land(
        Given(["1", "2", "3"], name="later"), SOURCE, FETCH.contract, tmp_path / "landing", CLOCK
    )
    publish(ledger, later, tmp_path / "landing")
    hand_over(landed, {}, tmp_path / "landing")
    ledger.adopt(tmp_path / "landing")
    assert ledger.cursor(SOURCE, DATA_SET) == {"after": 3}
    assert ledger.settled(landed.load_id)


def test_every_state_has_its_transitions_and_final_ones_have_none() -> None:
    assert set(TRANSITIONS) == set(LoadState)
    final = {s for s, targets in TRANSITIONS.items() if not targets}
    assert final == {LoadState.PUBLISHED, LoadState.REJECTED, LoadState.REFUSED}


def test_the_rows_have_tables() -> None:
    for model in (Load, FeedState):
        assert "CREATE TABLE" in str(CreateTable(Base.metadata.tables[model.__tablename__]))
