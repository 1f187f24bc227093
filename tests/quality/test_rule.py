from dataclasses import replace

import pytest

from catalog.contracts import Severity
from catalog.errors import DeclarationError
from quality.aggregate import batch_check
from quality.bound import Bound
from quality.native import Context, duplicates_check, row_check
from quality.rule import binding_rules, declared_rules, implied_rules, reference_rules, rules_of
from quality.vocabulary import VOCABULARY, Reach
from tests.quality.batches import NOW, contract, declared

BETWEEN = "expect_column_values_to_be_between"


def test_a_contract_implies_its_types_required_columns_datums_key_and_times() -> None:
    assert [rule.id for rule in implied_rules(contract())] == [
        "structure",
        "required:station_code",
        "type:observed_at",
        "required:observed_at",
        "future:observed_at",
        "type:level_m",
        "required:level_m",
        "vitalhub_datum_present:level_m",
        "type:flow_m3s",
        "type:place_code",
        "type:residents",
        "type:synthetic",
        "type:day",
        "type:ratio",
        "key_unique",
        "not_empty",
    ]


def test_only_an_empty_batch_is_critical_among_the_implied_rules() -> None:
    critical = [r.id for r in implied_rules(contract()) if r.severity is Severity.CRITICAL]
    assert critical == ["not_empty"]
    assert "future:observed_at" in binding_rules(contract())


@pytest.mark.parametrize(
    ("expectation", "column", "arguments", "problem"),
    [
        ("expect_nothing", "level_m", {}, "not a known rule type"),
        (BETWEEN, "levle", {"min_value": 1}, "names no column"),
        (BETWEEN, "level_m", {}, "needs min_value or max_value"),
        (BETWEEN, "level_m", {"min_value": "high"}, "min_value: 'high' is not a value"),
        (BETWEEN, "level_m", {"min_value": 3, "max_value": 2}, "greater than max_value"),
        (BETWEEN, "level_m", {"min_value": 3, "mostly": 0.9}, "tolerance"),
        (BETWEEN, "level_m", {"min_value": 3, "minimum": 3}, "no argument minimum"),
        (BETWEEN, "level_m", {"min_value": float("nan")}, "is not a value"),
        (BETWEEN, "level_m", {"min_value": 1, "column": "datum"}, "names the column datum"),
        (BETWEEN, "observed_at", {"min_value": "20-08-2020"}, "is not a value"),
        (BETWEEN, "residents", {"min_value": 1.5}, "is not a value"),
        ("expect_column_values_to_be_in_set", "datum", {}, "needs the argument value_set"),
        ("expect_column_values_to_be_in_set", "datum", {"value_set": []}, "not empty"),
        ("expect_column_values_to_be_in_set", "datum", {"value_set": "吴淞"}, "a list"),
        ("expect_column_values_to_be_in_set", "place_code", {"value_set": ["50"]}, "is not a"),
        ("expect_column_values_to_match_regex", "datum", {"regex": "("}, "RE2"),
        ("expect_column_values_to_match_regex", "datum", {"regex": r"(?=a)"}, "RE2"),
        ("expect_column_value_lengths_to_equal", "datum", {"value": -1}, "whole number"),
        ("expect_compound_columns_to_be_unique", None, {"column_list": ["x"]}, "names x"),
        ("vitalhub_datum_present", "flow_m3s", {}, "no datumColumn"),
        ("vitalhub_freshness", "observed_at", {"max_age_minutes": "soon"}, "a number"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_line(
    expectation: str, column: str | None, arguments: dict[str, object], problem: str
) -> None:
    with pytest.raises(DeclarationError, match=problem) as wrong:
        declared_rules(contract(replace(declared("r", expectation, column), arguments=arguments)))
    assert wrong.value.details["line"] == 7
    assert wrong.value.details["file"] == "district_water_level.odcs.yaml"


def test_a_tolerance_is_a_share() -> None:
    for tolerance in (-0.1, 1.0):
        rule = declared("r", BETWEEN, "level_m", tolerance=tolerance, min_value=1)
        with pytest.raises(DeclarationError, match="tolerance"):
            declared_rules(contract(rule))


def test_a_rule_on_a_column_may_repeat_the_columns_name() -> None:
    rule = declared("r", BETWEEN, "level_m", column="level_m", min_value=1)
    assert declared_rules(contract(rule))[0].column == "level_m"


def test_references_are_left_to_the_publish_step() -> None:
    rule = declared(
        "station_known",
        "vitalhub_reference",
        severity=Severity.CRITICAL,
        tolerance=0.1,
        columns=["station_code"],
        data_set="river_station",
        target_columns=["station_code"],
    )
    (reference,) = reference_rules(contract(rule))
    assert (reference.columns, reference.target) == (("station_code",), "river_station")
    assert (reference.target_columns, reference.tolerance) == (("station_code",), 0.1)
    assert rules_of(contract(rule))[-1].reach is Reach.PUBLISHED


def test_a_reference_with_unequal_columns_is_refused() -> None:
    rule = declared(
        "station_known",
        "vitalhub_reference",
        columns=["station_code"],
        data_set="river_station",
        target_columns=["station_code", "river"],
    )
    with pytest.raises(DeclarationError, match="as many"):
        declared_rules(contract(rule))


def test_every_rule_type_of_the_gate_has_a_compiler_and_a_reason() -> None:
    from quality.aggregate import _BATCH  # noqa: PLC0415
    from quality.native import _ROW  # noqa: PLC0415
    from quality.reason import _REASONS  # noqa: PLC0415

    by_reach = {reach: {n for n, e in VOCABULARY.items() if e.reach is reach} for reach in Reach}
    assert by_reach[Reach.ROW] <= set(_ROW)
    assert by_reach[Reach.BATCH] == set(_BATCH)
    assert by_reach[Reach.ROW] | by_reach[Reach.DUPLICATES] <= set(_REASONS)
    assert len(VOCABULARY) >= 25


def test_no_value_ever_stands_in_the_compiled_text() -> None:
    evil = "x'); DROP TABLE staged; --"
    rules = declared_rules(
        contract(
            declared("a", "expect_column_values_to_be_in_set", "datum", value_set=[evil]),
            declared("b", "expect_column_values_to_match_like_pattern", "datum", like_pattern=evil),
            declared("c", "expect_column_distinct_values_to_be_in_set", "datum", value_set=[evil]),
        )
    )
    context = Context(Bound(), NOW)
    row, like, batch = (*(row_check(r, context) for r in rules[:2]), batch_check(rules[2], context))
    for tree in (row.breaks, like.breaks, batch.holds):
        assert evil not in tree.sql("duckdb")
    assert context.bound.values == (evil, evil, evil)


def test_uniqueness_is_a_check_of_several_rows() -> None:
    rule = declared("u", "expect_column_values_to_be_unique", "station_code")
    (compiled,) = declared_rules(contract(rule))
    assert duplicates_check(compiled).columns == ("station_code",)
