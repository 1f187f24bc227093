"""The values of the quality record, and how they are read from the registry's rows."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.contracts import Dimension, Severity
from catalog.ids import ClientId, DatasetCode, LoadId, RuleId
from quality.models import Result, RowDecision, Run, SignOff
from quality.score import Score, score_of
from quality.verdict import Decision, EngineName, RowRef, RuleResult


class RowFate(StrEnum):
    RELEASED = "released"
    DISCARDED = "discarded"


class SignOffDecision(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """One check as it was recorded; `results` in the order of the contract, the gate's first."""

    load_id: LoadId
    data_set: DatasetCode
    contract_version: str
    rows: int
    good: int
    rejected: int
    decision: Decision
    declared: int
    evaluated: int
    engines: tuple[tuple[str, str], ...]
    at: datetime
    results: tuple[RuleResult, ...]

    @property
    def gate_results(self) -> tuple[RuleResult, ...]:
        return tuple(r for r in self.results if r.engine is EngineName.NATIVE)

    @property
    def score(self) -> Score:
        return score_of(self.gate_results, self.decision)

    @property
    def digest(self) -> str:
        """SHA-256 over what the gate found: what an auditor signs."""
        figures = [
            [r.rule_id, r.severity, r.tolerance, r.evaluated, r.failed, r.passed, r.observed]
            for r in sorted(self.gate_results, key=lambda r: r.rule_id)
        ]
        said = [self.load_id, self.data_set, self.contract_version, self.rows, self.good]
        text = json.dumps([*said, self.rejected, self.decision, figures], ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    row: RowRef
    decision: RowFate
    by: ClientId
    why: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Release:
    """Rows of a load that a steward let pass by one decision."""

    load_id: LoadId
    at: datetime
    rows: tuple[RowRef, ...]


@dataclass(frozen=True, slots=True)
class RecordedSignOff:
    """`valid`: the results still are those that were signed."""

    auditor: ClientId
    decision: SignOffDecision
    comment: str
    digest: str
    at: datetime
    valid: bool


def recorded(session: Session, run: Run) -> RecordedRun:
    query = select(Result).where(Result.load_id == run.load_id)
    found = session.scalars(query.order_by(Result.engine.desc(), Result.position))
    return RecordedRun(
        load_id=LoadId(run.load_id),
        data_set=DatasetCode(run.data_set),
        contract_version=run.contract_version,
        rows=run.rows,
        good=run.good,
        rejected=run.rejected,
        decision=Decision(run.decision),
        declared=run.declared,
        evaluated=run.evaluated,
        engines=tuple(sorted((name, str(value)) for name, value in run.engines.items())),
        at=run.at,
        results=tuple(_result(row) for row in found),
    )


def _result(row: Result) -> RuleResult:
    return RuleResult(
        rule_id=RuleId(row.rule_id),
        expectation=row.expectation,
        column=row.column_name,
        dimension=Dimension(row.dimension),
        severity=Severity(row.severity),
        tolerance=row.tolerance,
        evaluated=row.evaluated,
        failed=row.failed,
        passed=row.passed,
        observed=row.observed,
        engine=EngineName(row.engine),
    )


def decided(row: RowDecision) -> RecordedDecision:
    return RecordedDecision(
        RowRef(row.file, row.line), RowFate(row.decision), ClientId(row.by), row.why, row.at
    )


def signed(row: SignOff, digest: str) -> RecordedSignOff:
    return RecordedSignOff(
        auditor=ClientId(row.auditor),
        decision=SignOffDecision(row.decision),
        comment=row.comment,
        digest=row.digest,
        at=row.at,
        valid=row.digest == digest,
    )
