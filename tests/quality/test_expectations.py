import os
import warnings
from pathlib import Path

import pytest

from quality import expectations
from quality.errors import AuditIncomplete
from quality.expectations import ERROR, audit
from quality.rule import declared_rules
from quality.verdict import EngineName
from tests.quality.batches import contract, declared, gate, text_batch

BETWEEN = declared("plausible", "expect_column_values_to_be_between", "level_m", max_value=250)
KNOWN = declared("known", "expect_column_values_to_be_in_set", "datum", value_set=["黄海"])


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    gate(text_batch(tmp_path / "raw.parquet", [{}, {"station_code": "B"}]), contract())
    return tmp_path / "rows.parquet"


def test_an_audit_answers_for_each_rule_by_its_id_and_in_the_contracts_order(rows: Path) -> None:
    results = audit(rows, contract(BETWEEN, KNOWN))
    assert [(r.rule_id, r.evaluated, r.failed, r.passed) for r in results] == [
        ("plausible", 2, 0, True),
        ("known", 2, 0, True),
    ]
    assert {r.engine for r in results} == {EngineName.GREAT_EXPECTATIONS}


def test_an_audit_leaves_out_the_rules_that_are_ours_alone(rows: Path) -> None:
    ours = declared("fresh", "vitalhub_freshness", "observed_at", max_age_minutes=1)
    assert audit(rows, contract(ours)) == ()
    assert [r.rule_id for r in audit(rows, contract(ours, KNOWN))] == ["known"]


def test_an_exception_is_an_error_and_never_a_pass(rows: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.parquet"
    gate(text_batch(tmp_path / "raw.parquet", [{}]), contract(columns=contract().columns[:2]))
    rows.rename(other)
    (result,) = audit(other, contract(BETWEEN))
    assert (result.passed, result.evaluated) == (False, 0)
    assert result.observed is not None
    assert result.observed.startswith(ERROR)


def test_an_answer_for_fewer_rules_than_declared_is_no_audit(
    rows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (twin,) = declared_rules(contract(KNOWN))
    configured = expectations._configured(twin)  # noqa: SLF001 - the seam where a rule gets lost
    monkeypatch.setattr(expectations, "_configured", lambda _rule: configured)
    with pytest.raises(AuditIncomplete):
        audit(rows, contract(BETWEEN, KNOWN))


def test_nothing_is_sent_to_anybody_and_an_audit_warns_of_nothing(rows: Path) -> None:
    assert os.environ["GX_ANALYTICS_ENABLED"] == "false"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        audit(rows, contract(KNOWN))
