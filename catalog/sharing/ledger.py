"""Requests, signatures and grants as values read from the registry; a grant's state at an instant.

The state of a grant is its latest event that is in effect, within its period. Nothing is cached past
a committed change: a history is kept only under the epoch it was read in.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.ids import ClientId, DatasetCode, GrantId, OrganisationCode, RequestId
from catalog.models import GrantEventRow, GrantRow, RequestEventRow, RequestRow, SignatureRow
from catalog.sharing.encoding import parts_from_json
from catalog.sharing.errors import UnknownGrant, UnknownRequest
from catalog.sharing.grant import Grant, GrantEvent, Quota
from catalog.sharing.request import (
    Request,
    RequestAction,
    RequestEvent,
    RequestState,
    Side,
    Signature,
    Terms,
)


class GrantState(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class GrantChange:
    """One event of a grant; it holds from `effective_at` on."""

    event: GrantEvent
    effective_at: datetime
    by: str
    organisation: OrganisationCode
    reason: str
    at: datetime


TURNS = frozenset({GrantEvent.ACTIVATED, GrantEvent.SUSPENDED, GrantEvent.EXPIRED})
"""The events whose latest tells the state of a grant that was not revoked."""


@dataclass(frozen=True, slots=True)
class GrantHistory:
    grant: Grant
    changes: tuple[GrantChange, ...]

    def state(self, at: datetime) -> GrantState:
        if any(c.effective_at <= at for c in self.changes if self._ends(c)):
            return GrantState.REVOKED
        if at >= self.grant.expires:
            return GrantState.EXPIRED
        if at < self.grant.not_before:
            return GrantState.PENDING
        due = [c for c in self.changes if c.effective_at <= at and c.event in TURNS]
        latest = due[-1].event if due else None
        return {
            GrantEvent.ACTIVATED: GrantState.ACTIVE,
            GrantEvent.SUSPENDED: GrantState.SUSPENDED,
            GrantEvent.EXPIRED: GrantState.EXPIRED,
        }.get(latest or GrantEvent.SUSPENDED, GrantState.SUSPENDED)

    def _ends(self, change: GrantChange) -> bool:
        """A revocation, unless it was announced and called off before it took effect."""
        return change.event is GrantEvent.REVOKED and not any(
            c.event is GrantEvent.RESTORED and change.at <= c.at < change.effective_at
            for c in self.changes
        )

    def next_change(self, at: datetime) -> datetime | None:
        """When time alone next changes the state."""
        ahead = [self.grant.not_before, self.grant.expires]
        ahead += [change.effective_at for change in self.changes]
        return min((instant for instant in ahead if instant > at), default=None)


def request_row(session: Session, request: RequestId) -> RequestRow:
    """UnknownRequest when there is none."""
    row = session.get(RequestRow, request)
    if row is None:
        raise UnknownRequest(request=request)
    return row


def request_of(session: Session, row: RequestRow) -> Request:
    return requests_of(session, [row])[0]


def requests_of(session: Session, rows: Sequence[RequestRow]) -> tuple[Request, ...]:
    signed: dict[str, list[Signature]] = {}
    for start in range(0, len(rows), 500):
        ids = [row.id for row in rows[start : start + 500]]
        found = session.scalars(
            select(SignatureRow).where(SignatureRow.request.in_(ids)).order_by(SignatureRow.id)
        )
        for signature in found:
            signed.setdefault(signature.request, []).append(_signature(signature))
    return tuple(_request(row, signed.get(row.id, [])) for row in rows)


def terms_of(row: RequestRow) -> Terms:
    return Terms(
        data_set=DatasetCode(row.data_set),
        purpose=row.purpose,
        basis=row.basis,
        scenario=row.scenario,
        parts=parts_from_json(row.parts),
        mode=row.mode,
        expires=row.expires,
        not_before=row.not_before,
        derivation=row.derivation,
        quota=_quota(row),
        minimum_group=1 if row.minimum_group is None else row.minimum_group,
    )


def request_events(session: Session, request: RequestId) -> tuple[RequestEvent, ...]:
    rows = session.scalars(
        select(RequestEventRow)
        .where(RequestEventRow.request == request)
        .order_by(RequestEventRow.id)
    )
    return tuple(
        RequestEvent(
            request=RequestId(row.request),
            action=RequestAction(row.action),
            source=RequestState(row.source),
            target=RequestState(row.target),
            by=row.by,
            organisation=OrganisationCode(row.organisation),
            why=row.why,
            decision=row.decision,
            at=row.at,
        )
        for row in rows
    )


def history(session: Session, grant: GrantId) -> GrantHistory:
    """UnknownGrant when there is none."""
    row = session.get(GrantRow, grant)
    if row is None:
        raise UnknownGrant(grant=grant)
    return histories_of(session, [row])[0]


def histories(
    session: Session,
    *,
    client: ClientId | None = None,
    organisation: OrganisationCode | None = None,
    data_sets: Iterable[DatasetCode] | None = None,
) -> tuple[GrantHistory, ...]:
    """Every grant there ever was to a client, an organisation or on some data sets, by id."""
    statement = select(GrantRow).order_by(GrantRow.id)
    if client is not None:
        statement = statement.where(GrantRow.client == client)
    if organisation is not None:
        statement = statement.where(GrantRow.organisation == organisation)
    if data_sets is not None:
        statement = statement.where(GrantRow.data_set.in_(list(data_sets)))
    return histories_of(session, list(session.scalars(statement)))


def histories_of(session: Session, rows: Sequence[GrantRow]) -> tuple[GrantHistory, ...]:
    changes: dict[str, list[GrantChange]] = {}
    for start in range(0, len(rows), 500):
        ids = [row.id for row in rows[start : start + 500]]
        found = session.scalars(
            select(GrantEventRow)
            .where(GrantEventRow.grant.in_(ids))
            .order_by(GrantEventRow.effective_at, GrantEventRow.id)
        )
        for event in found:
            changes.setdefault(event.grant, []).append(_change(event))
    return tuple(GrantHistory(grant_of(row), tuple(changes.get(row.id, ()))) for row in rows)


def grant_of(row: GrantRow) -> Grant:
    return Grant(
        id=GrantId(row.id),
        request=RequestId(row.request),
        client=ClientId(row.client),
        organisation=OrganisationCode(row.organisation),
        data_set=DatasetCode(row.data_set),
        contract_major=row.contract_major,
        purpose=row.purpose,
        legal_basis=row.legal_basis,
        parts=parts_from_json(row.parts),
        not_before=row.not_before,
        expires=row.expires,
        derivation=row.derivation,
        quota=_quota(row),
        minimum_group=1 if row.minimum_group is None else row.minimum_group,
    )


def _quota(row: RequestRow | GrantRow) -> Quota:
    return Quota(row.quota_calls, row.quota_rows, row.quota_bytes)


def _request(row: RequestRow, signatures: Sequence[Signature]) -> Request:
    return Request(
        id=RequestId(row.id),
        client=ClientId(row.client),
        organisation=OrganisationCode(row.organisation),
        provider=OrganisationCode(row.provider),
        contract_major=row.contract_major,
        terms=terms_of(row),
        state=RequestState(row.state),
        drafted_by=row.drafted_by,
        drafted_at=row.drafted_at,
        submitted_at=row.submitted_at,
        due_at=row.due_at,
        missing=row.missing,
        supplement_asked_at=row.supplement_asked_at,
        extended=row.extended,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        reason=row.reason,
        legal_basis=row.legal_basis,
        signatures=tuple(signatures),
    )


def _signature(row: SignatureRow) -> Signature:
    return Signature(
        side=Side(row.side),
        organisation=OrganisationCode(row.organisation),
        head=row.head,
        content=row.content,
        recorded_by=row.recorded_by,
        at=row.at,
    )


def _change(row: GrantEventRow) -> GrantChange:
    return GrantChange(
        event=GrantEvent(row.event),
        effective_at=row.effective_at,
        by=row.by,
        organisation=OrganisationCode(row.organisation),
        reason=row.reason,
        at=row.at,
    )
