"""What a check comes to in one figure: 0 to 100 and a grade from A to E, per dimension and in all.

The dimensions are the six of GB/T 36344. A rule scores the share of what it looked at that was right;
a dimension is the mean of its rules, weighed by severity; the whole is the mean of the dimensions that
were measured. What was not measured has no score; a rejected load is an E whatever its figures.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from catalog.contracts import Dimension, Severity
from quality.verdict import Decision, RuleResult


class ChineseDimension(StrEnum):
    """The six dimensions of GB/T 36344."""

    CONFORMITY = "规范性"
    COMPLETENESS = "完整性"
    ACCURACY = "准确性"
    CONSISTENCY = "一致性"
    TIMELINESS = "时效性"
    ACCESSIBILITY = "可访问性"


CHINESE: Mapping[Dimension, ChineseDimension] = {
    Dimension.CONFORMITY: ChineseDimension.CONFORMITY,
    Dimension.COMPLETENESS: ChineseDimension.COMPLETENESS,
    Dimension.COVERAGE: ChineseDimension.COMPLETENESS,
    Dimension.ACCURACY: ChineseDimension.ACCURACY,
    Dimension.UNIQUENESS: ChineseDimension.ACCURACY,
    Dimension.CONSISTENCY: ChineseDimension.CONSISTENCY,
    Dimension.TIMELINESS: ChineseDimension.TIMELINESS,
}
"""The standard counts uniqueness under accuracy and coverage under completeness."""

WEIGHTS: Mapping[Severity, float] = {
    Severity.CRITICAL: 4.0,
    Severity.WARNING: 2.0,
    Severity.INFO: 1.0,
}
GRADES: tuple[tuple[str, float], ...] = (("A", 95.0), ("B", 85.0), ("C", 70.0), ("D", 60.0))
LOWEST = "E"


@dataclass(frozen=True, slots=True)
class DimensionScore:
    """`score` is None where nothing was measured; `failed` of `evaluated` looks were wrong."""

    dimension: ChineseDimension
    score: float | None
    grade: str | None
    rules: int
    evaluated: int
    failed: int


@dataclass(frozen=True, slots=True)
class Score:
    """`score` is rounded down to one decimal, so that only a faultless load has 100."""

    score: float
    grade: str
    dimensions: tuple[DimensionScore, ...]


def score_of(
    results: Iterable[RuleResult],
    decision: Decision,
    weights: Mapping[Severity, float] = WEIGHTS,
) -> Score:
    """The score of one load."""
    found = tuple(results)
    dimensions = tuple(
        _dimension(name, [r for r in found if CHINESE[r.dimension] is name], weights)
        for name in ChineseDimension
    )
    measured = [d.score for d in dimensions if d.score is not None]
    total = _floored(sum(measured) / len(measured)) if measured else 0.0
    grade = LOWEST if decision is Decision.REJECT else grade_of(total)
    return Score(total, grade, dimensions)


def grade_of(score: float) -> str:
    return next((grade for grade, least in GRADES if score >= least), LOWEST)


def _dimension(
    name: ChineseDimension, results: list[RuleResult], weights: Mapping[Severity, float]
) -> DimensionScore:
    measured = [r for r in results if r.evaluated]
    evaluated = sum(r.evaluated for r in measured)
    failed = sum(r.failed for r in measured)
    weight = sum(weights[r.severity] for r in measured)
    if not weight:
        return DimensionScore(name, None, None, len(results), evaluated, failed)
    right = sum(weights[r.severity] * (1 - r.failed / r.evaluated) for r in measured)
    score = _floored(100 * right / weight)
    return DimensionScore(name, score, grade_of(score), len(results), evaluated, failed)


def _floored(score: float) -> float:
    return int(score * 10 + 1e-6) / 10
