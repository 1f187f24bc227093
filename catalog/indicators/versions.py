"""Versions of indicators in the registry: reading them as values, and the steps that change them.

A text is kept as it was imported and read once in a process. Every step leaves an event.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path
from threading import Lock

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from catalog.entries import organisations
from catalog.ids import DomainCode, IndicatorCode, OrganisationCode
from catalog.indicators.errors import UnknownIndicator
from catalog.indicators.indicator import Indicator
from catalog.indicators.reading import DeclaredIndicator, read_indicator
from catalog.indicators.states import (
    IndicatorAction,
    IndicatorEvent,
    IndicatorState,
    IndicatorVersion,
    check_actor,
    step_for,
)
from catalog.models import IndicatorEventRow, IndicatorVersionRow
from catalog.writing import Writing

REMEMBERED = 16_384
FEW = 500
"""Of which texts are asked for one by one."""


class Definitions:
    """Reads kept texts; one for a process."""

    def __init__(self) -> None:
        self._known: dict[str, Indicator] = {}
        self._lock = Lock()

    def of(self, session: Session, digests: Iterable[str]) -> dict[str, Indicator]:
        """By digest; only texts that were not read before are fetched."""
        wanted = set(digests)
        with self._lock:
            if len(self._known) > REMEMBERED:
                self._known.clear()
            missing = wanted - self._known.keys()
            if missing:
                row = IndicatorVersionRow
                texts = select(row.digest, row.file, row.domain, row.text)
                if len(missing) <= FEW:
                    texts = texts.where(row.digest.in_(missing))
                self._known |= {
                    digest: read_indicator(Path(file), DomainCode(domain), text).indicator
                    for digest, file, domain, text in session.execute(texts)
                    if digest in missing
                }
            return {digest: self._known[digest] for digest in wanted}


def version_row(session: Session, code: str, version: int) -> IndicatorVersionRow:
    """UnknownIndicator when there is none."""
    row = session.scalar(
        select(IndicatorVersionRow).where(
            IndicatorVersionRow.code == code, IndicatorVersionRow.version == version
        )
    )
    if row is None:
        raise UnknownIndicator(indicator=code)
    return row


def version_of(row: IndicatorVersionRow) -> IndicatorVersion:
    return IndicatorVersion(
        code=IndicatorCode(row.code),
        version=row.version,
        digest=row.digest,
        domain=DomainCode(row.domain),
        lead=OrganisationCode(row.lead),
        state=IndicatorState(row.state),
        effective_from=row.effective_from,
        effective_to=row.effective_to,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        certified_by=row.certified_by,
        certified_at=row.certified_at,
    )


def event_of(row: IndicatorEventRow) -> IndicatorEvent:
    return IndicatorEvent(
        code=IndicatorCode(row.code),
        version=row.version,
        action=IndicatorAction(row.action),
        source=IndicatorState(row.source),
        target=IndicatorState(row.target),
        by=row.by,
        organisation=OrganisationCode(row.organisation),
        why=row.why,
        at=row.at,
    )


def in_force(
    versions: Iterable[IndicatorVersion], on: date
) -> dict[IndicatorCode, IndicatorVersion]:
    """Of each indicator the certified version that holds on a day: the one that came into force last.
    Where that one has ended, none holds.
    """
    found: dict[IndicatorCode, IndicatorVersion] = {}
    for version in sorted(versions, key=lambda v: (v.effective_from, v.version)):
        if version.certified_at is not None and version.effective_from <= on:
            found[version.code] = version
    return {c: v for c, v in found.items() if v.effective_to is None or on < v.effective_to}


def as_dated(indicator: Indicator, version: IndicatorVersion) -> Indicator:
    """With the end that the registry knows."""
    return replace(indicator, effective_to=version.effective_to)


def propose(writing: Writing, declared: DeclaredIndicator, before: str | None) -> None:
    """A new version as a draft; a draft `before` it (a digest), never certified, gives way."""
    indicator = declared.indicator
    held = writing.session.scalar(
        select(IndicatorVersionRow).where(IndicatorVersionRow.digest == before)
    )
    if held is not None and held.state in {IndicatorState.DRAFT, IndicatorState.IN_REVIEW}:
        _move(writing, held, IndicatorAction.SUPERSEDE, IndicatorState.SUPERSEDED, "")
    row = IndicatorVersionRow(
        code=indicator.code,
        version=indicator.version,
        digest=indicator.digest,
        file=f"{indicator.domain}/indicators/{declared.document.file.name}",
        text=declared.document.text,
        domain=indicator.domain,
        lead=indicator.lead,
        state=IndicatorState.DRAFT,
        effective_from=indicator.effective_from,
        effective_to=indicator.effective_to,
        proposed_by=writing.actor.client,
        proposed_at=writing.at,
        certified_by=None,
        certified_at=None,
    )
    writing.session.add(row)
    writing.session.flush()
    _record(writing, row, IndicatorAction.PROPOSE, IndicatorState.DRAFT, "")


def take(
    writing: Writing, row: IndicatorVersionRow, action: IndicatorAction, why: str, today: date
) -> None:
    """One step of the version's state machine, checked and recorded."""
    version = version_of(row)
    step = step_for(version, action, why)
    submitter = _submitter(writing.session, row)
    check_actor(step, version, writing.actor, organisations(writing.session), submitter)
    if action is IndicatorAction.CERTIFY:
        for older in _certified(writing.session, row.code):
            _move(writing, older, IndicatorAction.SUPERSEDE, IndicatorState.SUPERSEDED, why)
        row.certified_by, row.certified_at = writing.actor.client, writing.at
    if action is IndicatorAction.RETIRE:
        ends = max(today, row.effective_from)
        row.effective_to = ends if row.effective_to is None else min(ends, row.effective_to)
    _move(writing, row, action, step.target, why)


def latest_digests(session: Session) -> dict[IndicatorCode, str]:
    """The text of the highest version of each indicator, whatever its state."""
    rows = session.execute(
        select(IndicatorVersionRow.code, IndicatorVersionRow.digest).order_by(
            IndicatorVersionRow.version
        )
    )
    return {IndicatorCode(code): digest for code, digest in rows}


def _certified(session: Session, code: str) -> Iterable[IndicatorVersionRow]:
    return session.scalars(
        select(IndicatorVersionRow).where(
            IndicatorVersionRow.code == code,
            IndicatorVersionRow.state == IndicatorState.CERTIFIED,
        )
    ).all()


def _submitter(session: Session, row: IndicatorVersionRow) -> str | None:
    latest = (
        select(func.max(IndicatorEventRow.id))
        .where(
            IndicatorEventRow.code == row.code,
            IndicatorEventRow.version == row.version,
            IndicatorEventRow.action == IndicatorAction.SUBMIT,
        )
        .scalar_subquery()
    )
    return session.scalar(select(IndicatorEventRow.by).where(IndicatorEventRow.id == latest))


def _move(
    writing: Writing,
    row: IndicatorVersionRow,
    action: IndicatorAction,
    target: IndicatorState,
    why: str,
) -> None:
    source, row.state = IndicatorState(row.state), target
    writing.session.flush()
    _record(writing, row, action, source, why)


def _record(
    writing: Writing,
    row: IndicatorVersionRow,
    action: IndicatorAction,
    source: IndicatorState,
    why: str,
) -> None:
    writing.session.add(
        IndicatorEventRow(
            code=row.code,
            version=row.version,
            action=action,
            source=source,
            target=row.state,
            by=writing.actor.client,
            organisation=writing.actor.organisation,
            why=why,
            at=writing.at,
        )
    )
