"""Keeps what was checked, what was decided and who signed; the only writer of the quality rows.

A run is recorded once per load: a later check of the same load replaces it until somebody has decided or
signed, after which it stands. A decision on a row is final and gives its reason. A sign-off holds
the digest of the results that the auditor saw, so a changed result shows as a broken signature.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from catalog.clock import Clock
from catalog.contracts import Classification, Contract
from catalog.ids import ClientId, DatasetCode, LoadId
from quality.errors import (
    AlreadySigned,
    ReasonRequired,
    ResultsChanged,
    RowAlreadyDecided,
    RowNotQuarantined,
    RowNotReleasable,
    RunUnknown,
)
from quality.models import Result, RowDecision, Run, SignOff
from quality.published import published_results
from quality.quarantine import QuarantinedRow, QuarantinePage, quarantine_page, quarantined
from quality.reason import HIDDEN
from quality.recorded import (
    RecordedDecision,
    RecordedRun,
    RecordedSignOff,
    Release,
    RowFate,
    SignOffDecision,
    decided,
    recorded,
    signed,
)
from quality.rule import binding_rules
from quality.verdict import EngineName, RowRef, RuleResult, Verdict
from registry.store import Registry
from warehouse.engine import Publication

PACKAGES = {EngineName.NATIVE: "duckdb", EngineName.GREAT_EXPECTATIONS: "great-expectations"}

FATES = {RowFate.RELEASED: "放行", RowFate.DISCARDED: "作废"}


__all__ = [
    "QualityRecord",
    "RecordedDecision",
    "RecordedRun",
    "RecordedSignOff",
    "RowFate",
    "SignOffDecision",
]


class QualityRecord:
    """The registry's side of quality; `landing` is the folder of all loads."""

    def __init__(self, registry: Registry, clock: Clock, landing: Path) -> None:
        self._registry = registry
        self._clock = clock
        self._landing = landing

    def record(self, load_id: LoadId, contract: Contract, verdict: Verdict) -> None:
        """Keep the gate's verdict on a load."""
        with self._registry.write() as session:
            if _is_settled(session, load_id):
                return
            session.execute(delete(Result).where(Result.load_id == load_id))
            session.execute(delete(Run).where(Run.load_id == load_id))
            session.add(
                Run(
                    load_id=load_id,
                    data_set=contract.data_set,
                    contract_version=contract.version,
                    rows=verdict.rows,
                    good=verdict.good,
                    rejected=verdict.rejected,
                    decision=verdict.decision,
                    declared=len(verdict.results),
                    evaluated=len(verdict.results),
                    engines={EngineName.NATIVE: version(PACKAGES[EngineName.NATIVE])},
                    at=self._clock.now(),
                )
            )
            session.flush()
            _add_results(session, load_id, _told(verdict.results, contract))

    def record_publication(self, contract: Contract, publication: Publication) -> None:
        """Add what the rules against published data found, which only the publish step can tell."""
        results = published_results(contract, publication)
        with self._registry.write() as session:
            run = session.get(Run, publication.load_id)
            if run is None:
                return
            known = set(
                session.scalars(select(Result.rule_id).where(Result.load_id == run.load_id))
            )
            fresh = [result for result in results if result.rule_id not in known]
            if fresh:
                run.declared += len(fresh)
                run.evaluated += len(fresh)
                run.good -= publication.rejected
                run.rejected += publication.rejected
                _add_results(session, publication.load_id, fresh, after=len(known))

    def record_audit(
        self, load_id: LoadId, contract: Contract, results: Sequence[RuleResult]
    ) -> None:
        """Keep what another executor found on the same load, beside the gate's results."""
        with self._registry.write() as session:
            run = _run(session, load_id)
            engines = {r.engine for r in results} - {EngineName.NATIVE}
            session.execute(
                delete(Result).where(Result.load_id == load_id, Result.engine.in_(engines))
            )
            run.engines = run.engines | {name: version(PACKAGES[name]) for name in engines}
            found = [result for result in results if result.engine in engines]
            _add_results(session, load_id, _told(found, contract))

    def run(self, load_id: LoadId) -> RecordedRun:
        """RunUnknown when the load was never checked."""
        with self._registry.read() as session:
            return recorded(session, _run(session, load_id))

    def runs(
        self, data_set: DatasetCode | None = None, *, limit: int = 50, offset: int = 0
    ) -> tuple[RecordedRun, ...]:
        """The latest runs first."""
        query = select(Run).order_by(Run.at.desc(), Run.load_id).limit(limit).offset(offset)
        if data_set is not None:
            query = query.where(Run.data_set == data_set)
        with self._registry.read() as session:
            return tuple(recorded(session, run) for run in session.scalars(query))

    def sign_off(
        self,
        load_id: LoadId,
        auditor: ClientId,
        decision: SignOffDecision,
        comment: str,
        digest: str,
    ) -> RecordedSignOff:
        """Sign the results whose digest the auditor saw; a refusal says why."""
        if decision is SignOffDecision.REFUSED and not comment.strip():
            raise ReasonRequired
        with self._registry.write() as session:
            found = recorded(session, _run(session, load_id))
            if found.digest != digest:
                raise ResultsChanged(load_id=load_id)
            if session.get(SignOff, (load_id, auditor)) is not None:
                raise AlreadySigned(load_id=load_id, auditor=auditor)
            row = SignOff(
                load_id=load_id,
                auditor=auditor,
                decision=decision,
                comment=comment.strip(),
                digest=digest,
                at=self._clock.now(),
            )
            session.add(row)
            session.flush()
            return signed(row, digest)

    def sign_offs(self, load_id: LoadId) -> tuple[RecordedSignOff, ...]:
        """In the order they were given."""
        with self._registry.read() as session:
            digest = recorded(session, _run(session, load_id)).digest
            query = select(SignOff).where(SignOff.load_id == load_id).order_by(SignOff.at)
            return tuple(signed(row, digest) for row in session.scalars(query))

    def quarantine(
        self,
        load_id: LoadId,
        contract: Contract,
        *,
        masked: bool = True,
        offset: int = 0,
        limit: int = 50,
    ) -> QuarantinePage:
        """A page of the rows that were set apart, masked or, for who may see them, with values."""
        self._check_known(load_id)
        folder = self._landing / load_id
        return quarantine_page(folder, contract, masked=masked, offset=offset, limit=limit)

    def decide_rows(
        self,
        load_id: LoadId,
        contract: Contract,
        rows: Sequence[RowRef],
        decision: RowFate,
        by: ClientId,
        why: str,
    ) -> tuple[RecordedDecision, ...]:
        """Release or discard quarantined rows, all or none; the same decision again changes nothing."""
        if not why.strip():
            raise ReasonRequired
        self._check_known(load_id)
        wanted = tuple(dict.fromkeys(rows))
        found = quarantined(self._landing / load_id, contract, wanted)
        for row in wanted:
            if row not in found:
                raise RowNotQuarantined(load_id=load_id, file=row.file, line=row.line)
            if decision is RowFate.RELEASED and not found[row].releasable:
                raise _not_releasable(found[row], contract)
        verdict = _Fate(decision, by, why.strip(), self._clock.now())
        with self._registry.write() as session:
            return tuple(decided(_decide(session, load_id, row, verdict)) for row in wanted)

    def row_decisions(self, load_id: LoadId) -> tuple[RecordedDecision, ...]:
        """In the order of file and line."""
        query = select(RowDecision).where(RowDecision.load_id == load_id)
        with self._registry.read() as session:
            found = session.scalars(query.order_by(RowDecision.file, RowDecision.line))
            return tuple(decided(row) for row in found)

    def releases(self) -> tuple[Release, ...]:
        """What stewards let pass, oldest first; rows decided together are one release."""
        query = select(RowDecision).where(RowDecision.decision == RowFate.RELEASED)
        ordered = query.order_by(
            RowDecision.at, RowDecision.load_id, RowDecision.file, RowDecision.line
        )
        found: dict[tuple[LoadId, datetime], list[RowRef]] = {}
        with self._registry.read() as session:
            for row in session.scalars(ordered):
                together = found.setdefault((LoadId(row.load_id), row.at), [])
                together.append(RowRef(row.file, row.line))
        return tuple(Release(load, at, tuple(rows)) for (load, at), rows in found.items())

    def _check_known(self, load_id: LoadId) -> None:
        with self._registry.read() as session:
            _run(session, load_id)


@dataclass(frozen=True, slots=True)
class _Fate:
    """One decision on some rows."""

    decision: RowFate
    by: ClientId
    why: str
    at: datetime


def _decide(session: Session, load_id: LoadId, row: RowRef, fate: _Fate) -> RowDecision:
    known = session.get(RowDecision, (load_id, row.file, row.line))
    if known is None:
        known = RowDecision(
            load_id=load_id,
            file=row.file,
            line=row.line,
            decision=fate.decision,
            by=fate.by,
            why=fate.why,
            at=fate.at,
        )
        session.add(known)
    elif known.decision != fate.decision:
        before = RowFate(known.decision)
        raise RowAlreadyDecided(
            file=row.file, line=row.line, decision=before, decision_zh=FATES[before], by=known.by
        )
    return known


def _run(session: Session, load_id: LoadId) -> Run:
    run = session.get(Run, load_id)
    if run is None:
        raise RunUnknown(load_id=load_id)
    return run


def _is_settled(session: Session, load_id: LoadId) -> bool:
    """Whether somebody has already decided or signed on the load's results."""
    decisions = select(func.count()).where(RowDecision.load_id == load_id)
    signatures = select(func.count()).where(SignOff.load_id == load_id)
    return bool(session.scalar(decisions)) or bool(session.scalar(signatures))


def _told(results: Sequence[RuleResult], contract: Contract) -> list[RuleResult]:
    """What an aggregate came to may be a row's own value: of other than general columns it is hidden."""
    hidden = {
        column.name
        for column in contract.columns
        if column.classification is not Classification.GENERAL
    }
    return [
        replace(result, observed=HIDDEN) if result.observed and result.column in hidden else result
        for result in results
    ]


def _add_results(
    session: Session, load_id: LoadId, results: Sequence[RuleResult], after: int = 0
) -> None:
    session.add_all(
        Result(
            load_id=load_id,
            engine=result.engine,
            rule_id=result.rule_id,
            position=position,
            expectation=result.expectation,
            column_name=result.column,
            dimension=result.dimension,
            severity=result.severity,
            tolerance=result.tolerance,
            evaluated=result.evaluated,
            failed=result.failed,
            passed=result.passed,
            observed=result.observed,
        )
        for position, result in enumerate(results, after)
    )


def _not_releasable(row: QuarantinedRow, contract: Contract) -> RowNotReleasable:
    binding = binding_rules(contract)
    why = next(reason for reason in row.reasons if reason.rule_id in binding)
    return RowNotReleasable(file=row.row.file, line=row.row.line, reason=why.zh, reason_en=why.en)
