"""Alerts and silences in the registry: rows as values, and what observations change of them.

What was recorded before changes nothing: a happening that is not newer than its series' newest alert is
known. One whose alert is not there begins it, so that a registry that was put back catches up.
"""

from collections.abc import Iterator, Sequence

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from catalog.ids import IndicatorCode, OrganisationCode, PlaceCode
from catalog.writing import Writing
from indicators.alert import Change, Phase
from indicators.errors import UnknownAlert, UnknownSilence
from indicators.handling import (
    Acknowledgement,
    Act,
    Alert,
    AlertEvent,
    AlertId,
    Observed,
    SilenceId,
)
from indicators.models import AlertEventRow, AlertRow, SilenceRow
from indicators.muting import Silence
from indicators.severity import Severity

UNTOLD = frozenset({Change.PENDED, Change.DROPPED})
"""Changes of what is no alert yet."""
SERIES_AT_ONCE = 400
Series = tuple[str, str]


def record(writing: Writing, observed: Sequence[Observed]) -> int:
    """Takes happenings into the ledger, in the order given; how many were new."""
    told = [one for one in observed if one.change not in UNTOLD]
    newest = _newest(writing.session, sorted({_series(one) for one in told}))
    new = []
    for one in told:
        row = newest.get(_series(one))
        if row is not None and one.at <= row.changed_at:
            continue
        if row is None or row.resolved_at is not None:
            if one.change is Change.RESOLVED:
                continue  # the end of an alert that nobody knew
            row = newest[_series(one)] = _begun(one)
            writing.session.add(row)
        _change(row, one)
        new.append((row, one))
    writing.session.flush()
    for row, one in new:
        writing.session.add(_event(writing, row, one.change, one, ""))
    return len(new)


def live(session: Session) -> tuple[Alert, ...]:
    """By number, oldest first."""
    rows = session.scalars(
        select(AlertRow).where(AlertRow.resolved_at.is_(None)).order_by(AlertRow.id)
    )
    return tuple(map(alert_of, rows))


def alert_row(session: Session, alert: AlertId) -> AlertRow:
    row = session.get(AlertRow, alert)
    if row is None:
        raise UnknownAlert(alert=alert)
    return row


def record_act(writing: Writing, row: AlertRow, act: Act, why: str) -> None:
    writing.session.add(_event(writing, row, act, None, why))


def events(session: Session, alert: AlertId) -> tuple[AlertEvent, ...]:
    """Oldest first."""
    rows = session.scalars(
        select(AlertEventRow).where(AlertEventRow.alert == alert).order_by(AlertEventRow.id)
    )
    return tuple(map(_event_of, rows))


def silence_row(session: Session, silence: SilenceId) -> SilenceRow:
    row = session.get(SilenceRow, silence)
    if row is None:
        raise UnknownSilence(silence=silence)
    return row


def alert_of(row: AlertRow) -> Alert:
    seen = None
    if (
        row.acknowledged_by is not None
        and row.acknowledged_at is not None
        and row.acknowledged_rank is not None
    ):
        seen = Acknowledgement(row.acknowledged_by, row.acknowledged_at, row.acknowledged_rank)
    return Alert(
        id=AlertId(row.id),
        indicator=IndicatorCode(row.indicator),
        place=PlaceCode(row.place),
        severity=Severity(row.scale, row.rank),
        phase=Phase(row.phase),
        value=row.value,
        began_at=row.began_at,
        changed_at=row.changed_at,
        resolved_at=row.resolved_at,
        acknowledgement=seen,
        assigned=None if row.assigned is None else OrganisationCode(row.assigned),
    )


def silence_of(row: SilenceRow) -> Silence:
    return Silence(
        id=SilenceId(row.id),
        indicator=IndicatorCode(row.indicator),
        place=None if row.place is None else PlaceCode(row.place),
        up_to=row.up_to,
        begins=row.begins,
        ends=row.ends,
        reason=row.reason,
        author=row.author,
        organisation=OrganisationCode(row.organisation),
        made_at=row.made_at,
    )


def _series(one: Observed) -> Series:
    return one.indicator, one.place


def _newest(session: Session, series: Sequence[Series]) -> dict[Series, AlertRow]:
    """The alert of each series that began last."""
    key = tuple_(AlertRow.indicator, AlertRow.place)
    found: dict[Series, AlertRow] = {}
    for part in _parts(series):
        last = (
            select(func.max(AlertRow.id))
            .where(key.in_(part))
            .group_by(AlertRow.indicator, AlertRow.place)
        )
        for row in session.scalars(select(AlertRow).where(AlertRow.id.in_(last))):
            found[row.indicator, row.place] = row
    return found


def _parts(series: Sequence[Series]) -> Iterator[Sequence[Series]]:
    for start in range(0, len(series), SERIES_AT_ONCE):
        yield series[start : start + SERIES_AT_ONCE]


def _begun(one: Observed) -> AlertRow:
    return AlertRow(
        indicator=one.indicator,
        place=one.place,
        scale=one.scale,
        rank=one.rank,
        phase=one.phase,
        value=one.value,
        began_at=one.at,
        changed_at=one.at,
        resolved_at=None,
        acknowledged_by=None,
        acknowledged_at=None,
        acknowledged_rank=None,
        assigned=None,
    )


def _change(row: AlertRow, one: Observed) -> None:
    row.phase, row.value, row.changed_at = one.phase, one.value, one.at
    if one.change is Change.RESOLVED:
        row.resolved_at = one.at
    else:
        row.scale, row.rank = one.scale, one.rank


def _event(
    writing: Writing, row: AlertRow, what: Change | Act, one: Observed | None, why: str
) -> AlertEventRow:
    return AlertEventRow(
        alert=row.id,
        what=what,
        at=writing.at if one is None else one.at,
        rank=row.rank if one is None else one.rank,
        value=None if one is None else one.value,
        by=writing.actor.client,
        organisation=writing.actor.organisation,
        why=why,
        recorded_at=writing.at,
    )


def _event_of(row: AlertEventRow) -> AlertEvent:
    return AlertEvent(
        alert=AlertId(row.alert),
        what=Act(row.what) if row.what in list(Act) else Change(row.what),
        at=row.at,
        rank=row.rank,
        value=row.value,
        by=row.by,
        organisation=OrganisationCode(row.organisation),
        why=row.why,
        recorded_at=row.recorded_at,
    )
