"""What checking a batch comes to: one result per rule, and one decision."""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from catalog.contracts import Dimension, Severity
from catalog.ids import RuleId


class Decision(StrEnum):
    PUBLISH = "publish"
    REJECT = "reject"


class EngineName(StrEnum):
    NATIVE = "native"
    GREAT_EXPECTATIONS = "great_expectations"


@dataclass(frozen=True, slots=True)
class RuleResult:
    """`failed` of `evaluated` rows broke the rule; a rule of the whole batch counts as one of one.

    `observed` is what an aggregate came to, or what an executor reported instead of an answer.
    """

    rule_id: RuleId
    expectation: str
    column: str | None
    dimension: Dimension
    severity: Severity
    tolerance: float
    evaluated: int
    failed: int
    passed: bool
    observed: str | None = None
    engine: EngineName = EngineName.NATIVE


@dataclass(frozen=True, slots=True)
class Verdict:
    """`good` rows may be published, `rejected` ones stand in the quarantine with their reasons."""

    decision: Decision
    rows: int
    good: int
    rejected: int
    results: tuple[RuleResult, ...]


@dataclass(frozen=True, slots=True, order=True)
class RowRef:
    """Where a row stands in its source."""

    file: str
    line: int


def within_tolerance(failed: int, evaluated: int, tolerance: float) -> bool:
    """Exact: a tolerance of 0.1 allows 1 of 10."""
    return failed <= Fraction(str(tolerance)) * evaluated
