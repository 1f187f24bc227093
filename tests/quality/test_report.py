import re
from dataclasses import replace
from pathlib import Path

import pytest

from catalog.ids import ClientId, DatasetCode, LoadId
from quality.quarantine import QuarantinePage, quarantine_page
from quality.recorded import (
    RecordedDecision,
    RecordedRun,
    RecordedSignOff,
    RowFate,
    SignOffDecision,
)
from quality.report import RULES, html_report
from quality.rule import implied_rules
from quality.verdict import Decision, RowRef
from quality.vocabulary import VOCABULARY
from tests.quality.batches import FILE, NOW, contract, declared, gate, text_batch
from warehouse.publish import KEY_CLASH, OVERTAKEN_ID

PROMISE = contract(
    declared("plausible", "expect_column_values_to_be_between", "level_m", max_value=250)
)
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def checked(tmp_path: Path) -> tuple[RecordedRun, QuarantinePage]:
    rows = [
        {"station_code": "A"},
        {"station_code": EVIL, "level_m": "300", "contact_phone": "13912345678"},
        {"station_code": "13912345678", "_broken": "ragged_row:expected 6 fields, found 4"},
    ]
    verdict = gate(text_batch(tmp_path / "raw.parquet", rows), PROMISE)
    run = RecordedRun(
        load_id=LoadId("a3" * 16),
        data_set=DatasetCode("district_water_level"),
        contract_version="1.0.0",
        rows=verdict.rows,
        good=verdict.good,
        rejected=verdict.rejected,
        decision=verdict.decision,
        declared=len(verdict.results),
        evaluated=len(verdict.results),
        engines=(("native", "2.0.0"),),
        at=NOW,
        results=verdict.results,
    )
    return run, quarantine_page(tmp_path, PROMISE)


def page(checked: tuple[RecordedRun, QuarantinePage]) -> str:
    run, quarantine = checked
    return html_report(PROMISE, run, provider="沙坪坝区", quarantine=quarantine, made_at=NOW)


def test_the_report_is_one_file_that_asks_nothing_of_a_network(
    checked: tuple[RecordedRun, QuarantinePage],
) -> None:
    html = page(checked)
    assert html.startswith("<!doctype html>")
    assert not re.search(r"(src|href)\s*=|url\(|@import|https?://|<script|<link|<img", html)
    assert "default-src 'none'" in html


def test_a_failing_row_stands_there_with_file_line_and_reason(
    checked: tuple[RecordedRun, QuarantinePage],
) -> None:
    html = page(checked)
    assert FILE in html
    assert "第 3 行" in html
    assert "“水位”的值 999 超出范围（不限 至 250）" in html
    assert "列数不符，应有 6 列，实有 4" in html
    assert checked[0].digest in html


def test_values_stand_there_as_escaped_shapes(
    checked: tuple[RecordedRun, QuarantinePage],
) -> None:
    html = page(checked)
    assert "alert" not in html
    assert "&lt;xxxxxx&gt;" in html
    assert "13912345678" not in html
    assert ">300 m<" not in html
    assert "形状" in html


def test_a_page_with_values_never_becomes_a_report(
    checked: tuple[RecordedRun, QuarantinePage],
) -> None:
    run, quarantine = checked
    with pytest.raises(ValueError, match="masked"):
        page((run, replace(quarantine, masked=False)))


def test_decisions_and_signatures_stand_in_the_report(
    checked: tuple[RecordedRun, QuarantinePage],
) -> None:
    run, quarantine = checked
    decision = RecordedDecision(
        RowRef(FILE, 3), RowFate.RELEASED, ClientId("water-steward"), "属实", NOW
    )
    signed = RecordedSignOff(
        ClientId("city-auditor"), SignOffDecision.REFUSED, "须复核", "f" * 64, NOW, valid=False
    )
    html = html_report(
        PROMISE,
        replace(run, decision=Decision.REJECT),
        provider="沙坪坝区",
        quarantine=quarantine,
        decisions=(decision,),
        sign_offs=(signed,),
        made_at=NOW,
    )
    for text in ("整批拒收", "放行", "water-steward", "属实", "不认可", "须复核", "结果已变更"):
        assert text in html


def test_every_rule_type_has_a_chinese_name() -> None:
    known = {rule.expectation for rule in implied_rules(PROMISE)} | set(VOCABULARY)
    known |= {KEY_CLASH, OVERTAKEN_ID}
    assert known == set(RULES)
