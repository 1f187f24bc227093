import pytest

from catalog.contracts import Dimension, Severity
from catalog.ids import RuleId
from quality.score import CHINESE, ChineseDimension, grade_of, score_of
from quality.verdict import Decision, RuleResult


def found(
    dimension: Dimension, evaluated: int, failed: int, severity: Severity = Severity.WARNING
) -> RuleResult:
    return RuleResult(
        RuleId(f"{dimension}{failed}"),
        "expect_x",
        None,
        dimension,
        severity,
        0.0,
        evaluated,
        failed,
        not failed,
    )


def test_every_dimension_of_the_contract_standard_has_a_chinese_one() -> None:
    assert set(CHINESE) == set(Dimension)
    assert set(CHINESE.values()) == set(ChineseDimension) - {ChineseDimension.ACCESSIBILITY}


def test_a_faultless_load_has_a_hundred_and_an_a() -> None:
    score = score_of([found(Dimension.ACCURACY, 10, 0)], Decision.PUBLISH)
    assert (score.score, score.grade) == (100.0, "A")


def test_one_wrong_row_of_a_million_is_not_faultless() -> None:
    assert score_of([found(Dimension.ACCURACY, 10**6, 1)], Decision.PUBLISH).score == 99.9


def test_what_was_not_measured_has_no_score_and_does_not_count() -> None:
    results = [found(Dimension.ACCURACY, 10, 5), found(Dimension.TIMELINESS, 0, 0)]
    score = score_of(results, Decision.PUBLISH)
    by_name = {d.dimension: d for d in score.dimensions}
    assert score.score == by_name[ChineseDimension.ACCURACY].score == 50.0
    assert by_name[ChineseDimension.TIMELINESS].score is None
    assert by_name[ChineseDimension.ACCESSIBILITY].grade is None
    assert len(score.dimensions) == 6


def test_a_critical_rule_weighs_more_than_a_note() -> None:
    results = [
        found(Dimension.ACCURACY, 10, 10, Severity.CRITICAL),
        found(Dimension.UNIQUENESS, 10, 0, Severity.INFO),
    ]
    assert score_of(results, Decision.PUBLISH).score == 20.0


def test_a_rejected_load_is_an_e_and_nothing_measured_is_too() -> None:
    assert score_of([found(Dimension.ACCURACY, 10, 0)], Decision.REJECT).grade == "E"
    assert score_of([], Decision.PUBLISH).grade == "E"


@pytest.mark.parametrize(
    ("score", "grade"), [(95.0, "A"), (94.9, "B"), (85, "B"), (84.9, "C"), (60, "D"), (59.9, "E")]
)
def test_grades_have_fixed_bounds(score: float, grade: str) -> None:
    assert grade_of(score) == grade
