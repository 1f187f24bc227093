import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.contracts import Column, ColumnType, Kind, Severity
from quality.errors import ColumnMissing, ColumnRetyped
from quality.gate import check
from quality.verdict import Decision
from tests.quality.batches import (
    COLUMNS,
    FILE,
    GOOD,
    NOW,
    contract,
    declared,
    gate,
    good_rows,
    landed,
    rejected_rows,
    result,
    text_batch,
)
from warehouse.scratch import Scratch

PLAIN = contract()


def reasons(raw: Path) -> dict[int, list[str]]:
    """The broken rules by source line."""
    return {
        int(str(row["_line"])): [r["rule_id"] for r in row["reasons"]]  # type: ignore[attr-defined]
        for row in rejected_rows(raw)
    }


def test_good_rows_have_the_contracts_columns_and_types_in_source_order(tmp_path: Path) -> None:
    raw = text_batch(tmp_path / "raw.parquet", [{"station_code": c} for c in "CAB"])
    verdict = gate(raw, PLAIN)
    assert (verdict.decision, verdict.good, verdict.rejected) == (Decision.PUBLISH, 3, 0)
    schema = pq.read_schema(tmp_path / "rows.parquet")
    assert schema.names == [*(c.name for c in COLUMNS), "_row"]
    assert schema.field("observed_at").type == pa.timestamp("us", "UTC")
    assert schema.field("level_m").type == pa.decimal128(9, 3)
    assert [r["station_code"] for r in good_rows(raw)] == ["C", "A", "B"]
    assert good_rows(raw)[0]["place_code"] == 500106004000000


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("structure", {"_broken": "ragged_row:expected 6 fields, found 4"}),
        ("type:level_m", {"level_m": "181.2x"}),
        ("type:observed_at", {"observed_at": "昨天"}),
        ("type:residents", {"residents": "12.5"}),
        ("type:synthetic", {"synthetic": "maybe"}),
        ("type:day", {"day": "2020-02-30"}),
        ("type:ratio", {"ratio": "nan"}),
        ("type:place_code", {"place_code": "沙坪坝"}),
        ("required:level_m", {"level_m": "  "}),
        ("required:station_code", {"station_code": None}),
        ("future:observed_at", {"observed_at": "2099-01-01 00:00"}),
        ("vitalhub_datum_present:level_m", {"datum": None}),
        ("vitalhub_datum_present:level_m", {"datum": "假黄海"}),
    ],
)
def test_a_row_that_breaks_the_contract_is_set_apart_with_its_line_and_one_reason(
    tmp_path: Path, rule: str, change: dict[str, object]
) -> None:
    raw = text_batch(tmp_path / "raw.parquet", [{}, {"station_code": "B", **change}])
    verdict = gate(raw, PLAIN)
    assert (verdict.decision, verdict.good, verdict.rejected) == (Decision.PUBLISH, 1, 1)
    assert reasons(raw) == {3: [rule]}
    assert result(verdict, rule).failed == 1
    (row,) = rejected_rows(raw)
    assert row["_file"] == FILE
    assert (
        json.loads(str(row["row"]))["station_code"]
        == {**GOOD, "station_code": "B", **change}["station_code"]
    )


def test_a_reason_names_column_and_value_in_both_languages(tmp_path: Path) -> None:
    raw = text_batch(tmp_path / "raw.parquet", [{}, {"station_code": "B", "level_m": "abc"}])
    gate(raw, PLAIN)
    assert rejected_rows(raw)[0]["reasons"] == [
        {
            "rule_id": "type:level_m",
            "column": "level_m",
            "reason_zh": "“水位”的值“abc”不是小数（整数部分与小数位数不超过契约规定）。"
            "请改正后重新报送。",
            "reason_en": 'level_m is "abc", which is not a decimal of the declared digits. '
            "Mend it and send it again.",
        }
    ]


def test_a_reason_never_shows_the_value_of_an_important_column(tmp_path: Path) -> None:
    rule = declared("phone", "expect_column_value_lengths_to_equal", "contact_phone", value=11)
    raw = text_batch(tmp_path / "raw.parquet", [{}, {"station_code": "B", "contact_phone": "8899"}])
    gate(raw, contract(rule))
    assert "8899" not in str(rejected_rows(raw)[0]["reasons"])


def test_the_first_good_row_of_a_key_is_kept_and_later_ones_are_set_apart(tmp_path: Path) -> None:
    rows = [{"level_m": "abc"}, {"level_m": "181"}, {"level_m": "182"}, {"level_m": "181"}]
    raw = text_batch(tmp_path / "raw.parquet", rows)
    verdict = gate(raw, PLAIN)
    assert [str(r["level_m"]) for r in good_rows(raw)] == ["181.000"]
    assert reasons(raw) == {2: ["type:level_m"], 4: ["key_unique"], 5: ["key_unique"]}
    assert (result(verdict, "key_unique").evaluated, result(verdict, "key_unique").failed) == (3, 2)


@pytest.mark.parametrize(
    ("severity", "decision", "good"),
    [
        (Severity.CRITICAL, Decision.REJECT, 2),
        (Severity.WARNING, Decision.PUBLISH, 2),
        (Severity.INFO, Decision.PUBLISH, 3),
    ],
)
def test_severity_decides_over_batch_and_rows(
    tmp_path: Path, severity: Severity, decision: Decision, good: int
) -> None:
    between = "expect_column_values_to_be_between"
    rule = declared("plausible", between, "level_m", severity=severity, max_value=250)
    rows = [{"station_code": "A"}, {"station_code": "B", "level_m": "300"}, {"station_code": "C"}]
    verdict = gate(text_batch(tmp_path / "raw.parquet", rows), contract(rule))
    assert (verdict.decision, verdict.good) == (decision, good)
    assert not result(verdict, "plausible").passed


@pytest.mark.parametrize(("tolerance", "decision"), [(0.1, "publish"), (0.09, "reject")])
def test_a_critical_rule_rejects_only_beyond_its_tolerance_but_bad_rows_never_pass(
    tmp_path: Path, tolerance: float, decision: str
) -> None:
    rule = declared(
        "plausible",
        "expect_column_values_to_be_between",
        "level_m",
        severity=Severity.CRITICAL,
        tolerance=tolerance,
        max_value=250,
    )
    rows = [{"station_code": str(i), "level_m": "300" if i == 3 else "181"} for i in range(10)]
    verdict = gate(text_batch(tmp_path / "raw.parquet", rows), contract(rule))
    assert (verdict.decision, verdict.good) == (decision, 9)


def test_a_failed_rule_of_the_batch_sets_no_row_apart(tmp_path: Path) -> None:
    rule = declared("volume", "expect_table_row_count_to_be_between", min_value=2)
    verdict = gate(text_batch(tmp_path / "raw.parquet", [{}]), contract(rule))
    assert (verdict.decision, verdict.good) == (Decision.PUBLISH, 1)
    assert (result(verdict, "volume").passed, result(verdict, "volume").observed) == (False, "1")


@pytest.mark.parametrize(("minutes", "fresh"), [(240, True), (239, False)])
def test_freshness_is_the_age_of_the_newest_time_that_is_not_in_the_future(
    tmp_path: Path, minutes: int, *, fresh: bool
) -> None:
    rule = declared("fresh", "vitalhub_freshness", "observed_at", max_age_minutes=minutes)
    rows = [{}, {"observed_at": "2099-01-01 00:00"}]
    verdict = gate(text_batch(tmp_path / "raw.parquet", rows), contract(rule))
    assert result(verdict, "fresh").passed is fresh


def test_a_clock_five_minutes_ahead_is_allowed(tmp_path: Path) -> None:
    rows = [{"observed_at": "2020-08-20 12:05:00"}, {"observed_at": "2020-08-20 12:05:01"}]
    raw = text_batch(tmp_path / "raw.parquet", rows)
    assert gate(raw, PLAIN).good == 1
    assert gate(raw, PLAIN, now=NOW + timedelta(seconds=1)).good == 2


def test_a_batch_without_one_good_row_is_rejected(tmp_path: Path) -> None:
    raw = text_batch(tmp_path / "raw.parquet", [{"level_m": "abc"}])
    assert gate(raw, PLAIN).decision is Decision.REJECT
    empty = landed(tmp_path / "raw.parquet", {n: pa.array([], pa.string()) for n in GOOD})
    verdict = gate(empty, PLAIN)
    assert (verdict.decision, verdict.rows, good_rows(empty)) == (Decision.REJECT, 0, [])


def test_a_derived_batch_may_be_empty(tmp_path: Path) -> None:
    raw = landed(tmp_path / "raw.parquet", {n: pa.array([], pa.string()) for n in GOOD})
    with Scratch([tmp_path]) as scratch:
        verdict = check(raw, PLAIN, tmp_path, now=NOW, scratch=scratch, may_be_empty=True)
    assert (verdict.decision, verdict.rows) == (Decision.PUBLISH, 0)


def test_a_column_of_which_no_value_fits_was_retyped_and_rejects_the_batch(tmp_path: Path) -> None:
    rows = [{"station_code": str(i), "residents": "many"} for i in range(10)]
    verdict = gate(text_batch(tmp_path / "raw.parquet", rows), PLAIN)
    assert verdict.decision is Decision.REJECT
    assert result(verdict, "type:residents").severity is Severity.CRITICAL


def test_a_missing_required_column_stops_the_batch_and_an_optional_one_is_empty(
    tmp_path: Path,
) -> None:
    kept = {n: pa.array([str(v)]) for n, v in GOOD.items()}
    optional = {n: v for n, v in kept.items() if n != "residents"}
    assert gate(landed(tmp_path / "raw.parquet", optional), PLAIN).good == 1
    assert good_rows(tmp_path / "raw.parquet")[0]["residents"] is None
    required = {n: v for n, v in kept.items() if n != "level_m"}
    with pytest.raises(ColumnMissing, match="'Z'"):
        gate(landed(tmp_path / "raw.parquet", required), PLAIN)


def test_a_column_that_arrives_as_another_kind_of_value_stops_the_batch(tmp_path: Path) -> None:
    kept = {n: pa.array([str(v)]) for n, v in GOOD.items()}
    changed = {**kept, "level_m": pa.array([[1, 2]], pa.list_(pa.int64()))}
    with pytest.raises(ColumnRetyped, match="level_m"):
        gate(landed(tmp_path / "raw.parquet", changed), PLAIN)


def test_more_rules_than_one_mask_holds_take_a_second_one(tmp_path: Path) -> None:
    rules = [
        declared(f"r{i}", "expect_column_values_to_be_between", "residents", min_value=i)
        for i in range(100)
    ]
    raw = text_batch(tmp_path / "raw.parquet", [{"residents": "99"}, {"station_code": "B"}])
    verdict = gate(raw, contract(*rules))
    assert [result(verdict, f"r{i}").failed for i in (12, 13, 99)] == [0, 1, 1]
    (row,) = rejected_rows(raw)
    assert (row["_line"], row["mask_1"] != 0) == (3, True)
    assert reasons(raw)[3] == [f"r{i}" for i in range(13, 100)]


def test_the_same_scratch_checks_one_batch_after_the_other(tmp_path: Path) -> None:
    raw = text_batch(tmp_path / "raw.parquet", [{}])
    with Scratch([tmp_path]) as scratch:
        first = check(raw, PLAIN, tmp_path, now=NOW, scratch=scratch)
        assert check(raw, PLAIN, tmp_path, now=NOW, scratch=scratch) == first


def test_a_contract_with_one_text_column_is_checked(tmp_path: Path) -> None:
    column = Column("code", ColumnType(Kind.STRING), "编码", "C")
    promise = replace(contract(columns=[column], key=("code",)), foreign_keys=())
    verdict = gate(landed(tmp_path / "raw.parquet", {"code": pa.array(["a", None, "a"])}), promise)
    assert (verdict.good, verdict.rejected) == (1, 2)


CELLS = st.one_of(
    st.none(),
    st.sampled_from(["", "181", "-1", "181.2345", "1e3", "abc", "2020-08-20", "是", "NaN"]),
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "station_code": st.sampled_from(["A", "B", None]),
                "observed_at": st.sampled_from(["2020-08-20 08:00", "2020/8/20 09:00", "x", None]),
                "level_m": CELLS,
                "residents": CELLS,
                "datum": st.sampled_from(["黄海", "", None]),
                "_broken": st.sampled_from([None, None, None, "unclosed_quote:"]),
            }
        ),
        max_size=12,
    )
)
def test_nothing_vanishes_and_what_is_set_apart_has_a_reason(
    tmp_path: Path, rows: list[dict[str, object]]
) -> None:
    raw = text_batch(tmp_path / "raw.parquet", rows or [{}])
    verdict = gate(raw, PLAIN)
    assert verdict.rows == max(len(rows), 1) == verdict.good + verdict.rejected
    apart = reasons(raw)
    assert len(apart) == verdict.rejected
    assert all(apart.values())
    good = good_rows(raw)
    assert len({(r["station_code"], r["observed_at"]) for r in good}) == len(good) == verdict.good
    counted = {r.rule_id: r.failed for r in verdict.results if r.rule_id != "not_empty"}
    for rule, failed in counted.items():
        assert sum(rule in broken for broken in apart.values()) == failed
