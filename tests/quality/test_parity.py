"""Every native rule type gives the same figures as Great Expectations on the same rows."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.contracts import Column, ColumnType, Contract, Kind, RuleDeclaration, Severity
from quality.expectations import audit
from quality.verdict import RuleResult
from quality.vocabulary import VOCABULARY
from tests.quality import batches

COLUMNS = (
    Column("number", ColumnType(Kind.BIGINT), "序号", "N", required=True),
    Column("station", ColumnType(Kind.STRING), "站名", "S"),
    Column("level", ColumnType(Kind.DECIMAL, 9, 3), "水位", "Z"),
    Column("warning", ColumnType(Kind.DECIMAL, 9, 3), "警戒水位", "W"),
    Column("people", ColumnType(Kind.INTEGER), "人数", "P"),
    Column("ratio", ColumnType(Kind.DOUBLE), "比值", "R"),
    Column("at", ColumnType(Kind.TIMESTAMP), "时间", "T"),
    Column("day", ColumnType(Kind.DATE), "日期", "D"),
    Column("synthetic", ColumnType(Kind.BOOLEAN), "合成", "B"),
    Column("place", ColumnType(Kind.PLACE), "区划", "A"),
)
START = datetime(2020, 8, 19, 16, 0, tzinfo=UTC)
STATIONS = ("磁器口", "北碚(三)", "寸滩", "O'Hare %_x", "虎溪", "𠮷野", " a b ", None)


def mixed(count: int) -> dict[str, pa.Array]:
    """Nulls, repeats, Chinese beyond the basic plane, quotes, wildcards and values on the bounds."""
    rows = range(count)
    level = [None if i % 11 == 3 else Decimal(181 + i % 4) + Decimal(i % 3) / 1000 for i in rows]
    return {
        "number": pa.array(rows, pa.int64()),
        "station": pa.array([STATIONS[i % 8] for i in rows], pa.string()),
        "level": pa.array(level, pa.decimal128(9, 3)),
        "warning": pa.array(
            [None if i % 7 == 2 else Decimal("182.001") for i in rows], pa.decimal128(9, 3)
        ),
        "people": pa.array([None if i % 5 == 4 else i % 6 for i in rows], pa.int32()),
        "ratio": pa.array([None if i % 9 == 8 else i / 8 - 1 for i in rows], pa.float64()),
        "at": pa.array(
            [None if i % 13 == 5 else START + timedelta(hours=i % 24) for i in rows],
            pa.timestamp("us", "UTC"),
        ),
        "day": pa.array(
            [None if i % 6 == 1 else date(2020, 8, 17 + i % 5) for i in rows], pa.date32()
        ),
        "synthetic": pa.array([None if i % 4 == 3 else i % 2 == 0 for i in rows], pa.bool_()),
        "place": pa.array([None if i % 3 == 2 else 500106004 + i % 2 for i in rows], pa.int64()),
    }


def rule(
    expectation: str, column: str | None = None, *, tolerance: float = 0.0, **arguments: object
) -> RuleDeclaration:
    shown = "_".join(f"{k}={v}" for k, v in arguments.items())
    name = f"{expectation}|{column}|{tolerance}|{shown}"
    return batches.declared(
        name, expectation, column, severity=Severity.INFO, tolerance=tolerance, **arguments
    )


VALUES = "expect_column_values_to_"
LENGTHS = "expect_column_value_lengths_to_"
PAIR = "expect_column_pair_values_"
RULES = (
    *(rule(VALUES + "not_be_null", c.name) for c in COLUMNS),
    rule(VALUES + "not_be_null", "people", tolerance=0.2),
    rule(VALUES + "not_be_null", "people", tolerance=0.19),
    rule(VALUES + "be_null", "station"),
    rule(VALUES + "be_null", "station", tolerance=0.9),
    rule(VALUES + "be_in_set", "station", value_set=["磁器口", "O'Hare %_x", "𠮷野"]),
    rule(VALUES + "be_in_set", "station", tolerance=0.6, value_set=["磁器口", "寸滩", "虎溪"]),
    rule(VALUES + "be_in_set", "people", value_set=[0, 1, 2]),
    rule(VALUES + "be_in_set", "level", value_set=[181, "182.001", 183.002]),
    rule(VALUES + "be_in_set", "synthetic", value_set=[True]),
    rule(VALUES + "not_be_in_set", "station", value_set=["寸滩", "没有"]),
    rule(VALUES + "not_be_in_set", "place", value_set=["500106004"]),
    rule(VALUES + "be_between", "level", min_value=181.001, max_value=184),
    rule(VALUES + "be_between", "level", min_value=181.001, strict_min=True),
    rule(VALUES + "be_between", "level", max_value=184, strict_max=True),
    rule(VALUES + "be_between", "ratio", min_value=-0.5, max_value=2.25, strict_min=True),
    rule(VALUES + "be_between", "people", min_value=0, max_value=4),
    rule(VALUES + "be_between", "people", min_value=6),
    rule(VALUES + "be_between", "at", min_value="2020-08-20T08:00:00", tolerance=0.4),
    rule(VALUES + "be_between", "at", max_value="2020-08-20T08:00:00+08:00", strict_max=True),
    rule(VALUES + "be_between", "day", min_value="2020-08-18", max_value=date(2020, 8, 20)),
    rule(LENGTHS + "be_between", "station", min_value=2, max_value=3),
    rule(LENGTHS + "be_between", "station", min_value=2, strict_min=True),
    rule(LENGTHS + "equal", "station", value=2),
    rule(VALUES + "match_regex", "station", regex="[口三)]$"),
    rule(VALUES + "match_regex", "station", regex=r"^\p{Han}+$"),
    rule(VALUES + "match_regex", "station", regex="器"),
    rule(VALUES + "not_match_regex", "station", regex=r"'|\(|^ "),
    rule(VALUES + "match_regex_list", "station", regex_list=["口$", "^虎", "%"]),
    rule(VALUES + "match_regex_list", "station", match_on="all", regex_list=["口$", "^磁"]),
    rule(VALUES + "not_match_regex_list", "station", regex_list=["口$", "^虎"]),
    rule(VALUES + "match_like_pattern", "station", like_pattern="%口"),
    rule(VALUES + "match_like_pattern", "station", like_pattern="O'H%"),
    rule(VALUES + "not_match_like_pattern", "station", like_pattern="__"),
    rule(PAIR + "a_to_be_greater_than_b", column_A="level", column_B="warning"),
    rule(PAIR + "a_to_be_greater_than_b", column_A="level", column_B="warning", or_equal=True),
    rule(
        PAIR + "a_to_be_greater_than_b",
        column_A="level",
        column_B="warning",
        ignore_row_if="either_value_is_missing",
        tolerance=0.5,
    ),
    rule(
        PAIR + "a_to_be_greater_than_b",
        column_A="level",
        column_B="warning",
        ignore_row_if="neither",
    ),
    rule(PAIR + "to_be_equal", column_A="level", column_B="warning"),
    rule(
        PAIR + "to_be_equal",
        column_A="level",
        column_B="warning",
        ignore_row_if="either_value_is_missing",
    ),
    rule("expect_multicolumn_sum_to_equal", column_list=["people", "number"], sum_total=4),
    rule(
        "expect_multicolumn_sum_to_equal",
        column_list=["people", "number"],
        sum_total=4,
        ignore_row_if="any_value_is_missing",
    ),
    rule(
        "expect_select_column_values_to_be_unique_within_record",
        column_list=["people", "number"],
    ),
    rule(
        "expect_select_column_values_to_be_unique_within_record",
        column_list=["level", "warning", "ratio"],
        ignore_row_if="any_value_is_missing",
    ),
    rule(
        "expect_select_column_values_to_be_unique_within_record",
        column_list=["level", "warning", "ratio"],
    ),
    rule(VALUES + "be_unique", "number"),
    rule(VALUES + "be_unique", "ratio"),
    rule(VALUES + "be_unique", "station"),
    rule(VALUES + "be_unique", "level", tolerance=0.99),
    rule("expect_compound_columns_to_be_unique", column_list=["station", "at"]),
    rule("expect_compound_columns_to_be_unique", column_list=["number", "at"]),
    rule(
        "expect_compound_columns_to_be_unique",
        column_list=["people", "day"],
        ignore_row_if="any_value_is_missing",
    ),
    rule("expect_table_row_count_to_be_between", min_value=1, max_value=96),
    rule("expect_table_row_count_to_be_between", min_value=97),
    rule("expect_table_row_count_to_equal", value=96),
    rule("expect_table_row_count_to_equal", value=95),
    *(
        rule(f"expect_column_{which}_to_be_between", column, **bounds)
        for which in ("max", "min")
        for column, bounds in (
            ("level", {"min_value": 181, "max_value": 184.002}),
            ("level", {"min_value": 184.002, "strict_min": True}),
            ("ratio", {"min_value": -1, "max_value": 0}),
            ("at", {"max_value": "2020-08-20T23:00:00+08:00"}),
            ("day", {"min_value": "2020-08-18"}),
        )
    ),
    rule("expect_column_mean_to_be_between", "level", min_value=182, max_value=183),
    rule("expect_column_mean_to_be_between", "people", max_value=2.3),
    rule("expect_column_sum_to_be_between", "people", min_value=100, max_value=300),
    rule("expect_column_sum_to_be_between", "level", max_value=100),
    rule("expect_column_unique_value_count_to_be_between", "station", min_value=7, max_value=7),
    rule("expect_column_unique_value_count_to_be_between", "station", min_value=8),
    rule(
        "expect_column_proportion_of_unique_values_to_be_between",
        "station",
        min_value=0.05,
        max_value=0.1,
    ),
    rule("expect_column_proportion_of_unique_values_to_be_between", "number", max_value=0.9),
    rule("expect_column_proportion_of_non_null_values_to_be_between", "people", min_value=0.79),
    rule("expect_column_proportion_of_non_null_values_to_be_between", "people", min_value=0.81),
    rule("expect_column_distinct_values_to_be_in_set", "people", value_set=[0, 1, 2, 3, 4, 5, 6]),
    rule("expect_column_distinct_values_to_be_in_set", "people", value_set=[0, 1]),
    rule("expect_column_distinct_values_to_contain_set", "station", value_set=["寸滩", "虎溪"]),
    rule("expect_column_distinct_values_to_contain_set", "station", value_set=["寸滩", "没有"]),
    rule("expect_column_distinct_values_to_equal_set", "people", value_set=[0, 1, 2, 3, 4, 5]),
    rule("expect_column_distinct_values_to_equal_set", "people", value_set=[0, 1, 2]),
)

Figures = tuple[int, int, bool]


def figures(results: tuple[RuleResult, ...]) -> dict[str, Figures]:
    return {r.rule_id: (r.evaluated, r.failed, r.passed) for r in results}


def both(
    folder: Path, promise: Contract, columns: dict[str, pa.Array]
) -> tuple[dict[str, Figures], dict[str, Figures]]:
    """The figures of the gate, and of Great Expectations on the very rows that the gate wrote."""
    verdict = batches.gate(batches.landed(folder / "raw.parquet", columns), promise)
    assert verdict.good == verdict.rows
    declared = {rule.id for rule in promise.rules}
    native = tuple(r for r in verdict.results if r.rule_id in declared)
    return figures(native), figures(audit(folder / "rows.parquet", promise))


def test_every_rule_type_counts_and_judges_as_great_expectations_does(tmp_path: Path) -> None:
    promise = batches.contract(*RULES, columns=COLUMNS, key=("number",))
    native, oracle = both(tmp_path, promise, mixed(96))
    assert native == oracle
    assert len(native) == len(RULES)


def test_the_parity_rules_cover_the_whole_vocabulary_and_both_outcomes(tmp_path: Path) -> None:
    covered = {r.expectation for r in RULES}
    assert covered == {name for name in VOCABULARY if name.startswith("expect_")}
    promise = batches.contract(*RULES, columns=COLUMNS, key=("number",))
    raw = batches.landed(tmp_path / "raw.parquet", mixed(96))
    judged = {(r.expectation, r.passed) for r in batches.gate(raw, promise).results}
    never_failed = {name for name in covered if (name, False) not in judged}
    assert never_failed == set()


TEXTS = st.one_of(st.none(), st.text("磁器口a%_'(\\", max_size=4))
LEVELS = st.one_of(st.none(), st.decimals(-2, 2, places=3))


@pytest.mark.filterwarnings("default::ResourceWarning")
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(st.tuples(TEXTS, LEVELS, LEVELS), min_size=1, max_size=12),
    bounds=st.tuples(st.decimals(-2, 2, places=3), st.decimals(-2, 2, places=3)),
    wanted=st.lists(st.text("磁器口a%_'(\\", min_size=1, max_size=2), min_size=1, max_size=3),
    tolerance=st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9]),
)
def test_any_rows_and_bounds_are_judged_alike(
    tmp_path: Path,
    rows: list[tuple[str | None, Decimal | None, Decimal | None]],
    bounds: tuple[Decimal, Decimal],
    wanted: list[str],
    tolerance: float,
) -> None:
    low, high = sorted(map(float, bounds))
    promise = batches.contract(
        rule(VALUES + "not_be_null", "station", tolerance=tolerance),
        rule(VALUES + "be_in_set", "station", value_set=wanted, tolerance=tolerance),
        rule(VALUES + "be_between", "level", min_value=low, max_value=high, tolerance=tolerance),
        rule(VALUES + "be_unique", "station", tolerance=tolerance),
        rule(LENGTHS + "be_between", "station", max_value=2, tolerance=tolerance),
        rule(PAIR + "a_to_be_greater_than_b", column_A="level", column_B="warning"),
        rule("expect_compound_columns_to_be_unique", column_list=["level", "warning"]),
        rule("expect_column_max_to_be_between", "level", max_value=high),
        columns=[c for c in COLUMNS if c.name in ("number", "station", "level", "warning")],
        key=("number",),
    )
    columns = {
        "number": pa.array(range(len(rows)), pa.int64()),
        "station": pa.array([r[0] and (r[0].strip() or None) for r in rows], pa.string()),
        "level": pa.array([r[1] for r in rows], pa.decimal128(9, 3)),
        "warning": pa.array([r[2] for r in rows], pa.decimal128(9, 3)),
    }
    native, oracle = both(tmp_path, promise, columns)
    assert native == oracle
