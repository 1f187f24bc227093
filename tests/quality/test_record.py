from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from catalog.clock import ReplayClock
from catalog.contracts import Classification
from catalog.ids import ClientId, LoadId
from quality.errors import (
    AlreadySigned,
    ReasonRequired,
    ResultsChanged,
    RowAlreadyDecided,
    RowNotQuarantined,
    RowNotReleasable,
    RunUnknown,
)
from quality.record import QualityRecord, RowFate, SignOffDecision
from quality.verdict import Decision, EngineName, RowRef, Verdict
from registry.store import Registry
from tests.quality import batches

LOAD = LoadId("0123456789abcdef0123456789abcdef")
AUDITOR, STEWARD = ClientId("auditor"), ClientId("steward")
PROMISE = batches.contract(
    batches.declared("plausible", "expect_column_values_to_be_between", "level_m", max_value=250)
)
ROWS = (
    {"station_code": "A"},
    {"station_code": "B", "level_m": "300"},
    {"station_code": "C", "level_m": "abc"},
    {"station_code": "D", "level_m": "301"},
)

Recorded = tuple[QualityRecord, Verdict, ReplayClock]


@pytest.fixture
def recorded(registry: Registry, tmp_path: Path) -> Recorded:
    """One load whose lines 3, 4 and 5 are in quarantine; line 4 is no number at all."""
    folder = tmp_path / "landing" / LOAD
    folder.mkdir(parents=True)
    verdict = batches.gate(batches.text_batch(folder / "raw.parquet", ROWS), PROMISE)
    clock = ReplayClock(batches.NOW)
    record = QualityRecord(registry, clock, tmp_path / "landing")
    record.record(LOAD, PROMISE, verdict)
    return record, verdict, clock


def row(line: int) -> RowRef:
    return RowRef(batches.FILE, line)


def test_a_run_comes_back_as_it_was_checked(recorded: Recorded) -> None:
    record, verdict, _ = recorded
    run = record.run(LOAD)
    assert run.results == verdict.results
    assert (run.rows, run.good, run.rejected, run.decision) == (4, 1, 3, Decision.PUBLISH)
    assert run.at == batches.NOW
    assert dict(run.engines).keys() == {"native"}
    assert record.runs(PROMISE.data_set) == (run,)


def test_the_results_of_an_audit_stand_beside_the_gates_and_leave_the_digest(
    recorded: Recorded,
) -> None:
    record, verdict, _ = recorded
    before = record.run(LOAD)
    audited = [replace(r, engine=EngineName.GREAT_EXPECTATIONS) for r in verdict.results[-1:]]
    record.record_audit(LOAD, PROMISE, audited)
    record.record_audit(LOAD, PROMISE, audited)
    after = record.run(LOAD)
    assert after.results == (*verdict.results, *audited)
    assert after.digest == before.digest
    assert dict(after.engines).keys() == {"native", "great_expectations"}


def test_an_unknown_load_has_no_quality(recorded: Recorded) -> None:
    record, _, _ = recorded
    unknown = LoadId("../../etc")
    asks: list[Callable[[], object]] = [
        lambda: record.run(unknown),
        lambda: record.quarantine(unknown, PROMISE),
        lambda: record.sign_offs(unknown),
    ]
    for ask in asks:
        with pytest.raises(RunUnknown):
            ask()


def test_an_auditor_signs_what_they_saw_and_only_once(recorded: Recorded) -> None:
    record, _, clock = recorded
    digest = record.run(LOAD).digest
    clock.advance(timedelta(hours=1))
    with pytest.raises(ResultsChanged):
        record.sign_off(LOAD, AUDITOR, SignOffDecision.ACCEPTED, "", "0" * 64)
    with pytest.raises(ReasonRequired):
        record.sign_off(LOAD, AUDITOR, SignOffDecision.REFUSED, " ", digest)
    signed = record.sign_off(LOAD, AUDITOR, SignOffDecision.ACCEPTED, "已核对", digest)
    assert record.sign_offs(LOAD) == (signed,)
    assert signed.valid
    assert signed.at == batches.NOW + timedelta(hours=1)
    with pytest.raises(AlreadySigned):
        record.sign_off(LOAD, AUDITOR, SignOffDecision.ACCEPTED, "", digest)


def test_signed_results_are_not_replaced_by_a_later_check(recorded: Recorded) -> None:
    record, verdict, _ = recorded
    changed = replace(verdict, decision=Decision.REJECT)
    record.record(LOAD, PROMISE, changed)
    assert record.run(LOAD).decision is Decision.REJECT
    record.sign_off(LOAD, AUDITOR, SignOffDecision.ACCEPTED, "", record.run(LOAD).digest)
    record.record(LOAD, PROMISE, verdict)
    assert record.run(LOAD).decision is Decision.REJECT


def test_a_released_row_is_kept_with_who_and_why_and_is_final(recorded: Recorded) -> None:
    record, _, _ = recorded
    first = record.decide_rows(LOAD, PROMISE, [row(3)], RowFate.RELEASED, STEWARD, "大洪水，属实")
    again = record.decide_rows(LOAD, PROMISE, [row(3)], RowFate.RELEASED, STEWARD, "再说一次")
    assert first == again == record.row_decisions(LOAD)
    assert (first[0].by, first[0].why) == (STEWARD, "大洪水，属实")
    with pytest.raises(RowAlreadyDecided, match="released"):
        record.decide_rows(LOAD, PROMISE, [row(3)], RowFate.DISCARDED, STEWARD, "改主意")


def test_a_decision_names_quarantined_rows_and_a_reason_or_nothing_is_decided(
    recorded: Recorded,
) -> None:
    record, _, _ = recorded
    with pytest.raises(RowNotQuarantined):
        record.decide_rows(LOAD, PROMISE, [row(3), row(2)], RowFate.DISCARDED, STEWARD, "错")
    with pytest.raises(ReasonRequired):
        record.decide_rows(LOAD, PROMISE, [row(3)], RowFate.DISCARDED, STEWARD, "  ")
    with pytest.raises(RowNotReleasable, match="not a decimal"):
        record.decide_rows(LOAD, PROMISE, [row(3), row(4)], RowFate.RELEASED, STEWARD, "急用")
    assert record.row_decisions(LOAD) == ()
    record.decide_rows(LOAD, PROMISE, [row(4)], RowFate.DISCARDED, STEWARD, "不是数字")
    assert [d.row.line for d in record.row_decisions(LOAD)] == [4]


def test_the_quarantine_is_paged_in_source_order(recorded: Recorded) -> None:
    record, _, _ = recorded
    page = record.quarantine(LOAD, PROMISE, masked=False, offset=1, limit=1)
    assert page.total == 3
    assert [(r.row.line, r.values["level_m"], r.releasable) for r in page.rows] == [
        (4, "abc", False)
    ]
    assert "不是小数" in page.rows[0].reasons[0].zh


def test_a_released_row_passes_a_second_check_that_keeps_the_contracts_promise(
    recorded: Recorded, tmp_path: Path
) -> None:
    _, first, _ = recorded
    raw = tmp_path / "landing" / LOAD / "raw.parquet"
    verdict = batches.gate(raw, PROMISE, released=[row(3), row(4)])
    assert (verdict.rows, verdict.good, verdict.rejected) == (2, 1, 1)
    assert [r["station_code"] for r in batches.good_rows(raw)] == ["B"]
    assert not batches.result(verdict, "plausible").passed
    assert first.good == 1


def test_what_an_aggregate_came_to_is_hidden_for_a_column_that_is_not_general(
    registry: Registry, tmp_path: Path
) -> None:
    rule = batches.declared("longest", "expect_column_max_to_be_between", "level_m", max_value=400)
    general = batches.contract(rule)
    level = replace(general.column("level_m"), classification=Classification.IMPORTANT)
    columns = tuple(level if c.name == "level_m" else c for c in general.columns)
    record = QualityRecord(registry, ReplayClock(batches.NOW), tmp_path)
    for number, (promise, shown) in enumerate(
        [(general, "300.000"), (replace(general, columns=columns), "***")]
    ):
        folder = tmp_path / (str(number) * 32)
        folder.mkdir()
        verdict = batches.gate(batches.text_batch(folder / "raw.parquet", ROWS[:2]), promise)
        record.record(LoadId(folder.name), promise, verdict)
        results = {str(r.rule_id): r for r in record.run(LoadId(folder.name)).results}
        assert results["longest"].observed == shown
