"""The steps of a request as they are written: row, event and grant in one transaction."""

import secrets
from datetime import datetime

from sqlalchemy import select

from catalog.ids import ClientId, GrantId, OrganisationCode, RequestId
from catalog.models import (
    GrantEventRow,
    GrantHolderRow,
    GrantRow,
    RequestEventRow,
    RequestRow,
    SignatureRow,
)
from catalog.sharing.decision import Award
from catalog.sharing.encoding import parts_to_json
from catalog.sharing.grant import Grant, GrantEvent, Quota
from catalog.sharing.ledger import GrantHistory, GrantState, grant_of, histories_of
from catalog.sharing.request import (
    Request,
    RequestState,
    Side,
    Terms,
    Transition,
)
from catalog.writing import Writing


def new_request(
    writing: Writing, client: ClientId, provider: OrganisationCode, major: int, terms: Terms
) -> RequestRow:
    row = RequestRow(
        id=RequestId(f"req-{secrets.token_hex(8)}"),
        client=client,
        organisation=writing.actor.organisation,
        provider=provider,
        contract_major=major,
        state=RequestState.DRAFT,
        drafted_by=writing.actor.client,
        drafted_at=writing.at,
        extended=False,
    )
    write_terms(row, terms, major)
    writing.session.add(row)
    writing.session.flush()
    return row


def write_terms(row: RequestRow, terms: Terms, major: int) -> None:
    row.contract_major = major
    row.data_set = terms.data_set
    row.purpose = terms.purpose.strip()
    row.basis = terms.basis.strip()
    row.scenario = terms.scenario.strip()
    row.parts = parts_to_json(terms.parts)
    row.mode = terms.mode.strip()
    row.not_before = terms.not_before
    row.expires = terms.expires
    row.derivation = terms.derivation
    _write_limits(row, terms.quota, terms.minimum_group)


def _write_limits(row: RequestRow | GrantRow, quota: Quota, minimum_group: int) -> None:
    row.quota_calls, row.quota_rows, row.quota_bytes = quota.calls, quota.rows, quota.bytes
    row.minimum_group = minimum_group


def move(
    writing: Writing, row: RequestRow, step: Transition, why: str = "", decision: str | None = None
) -> None:
    """Takes the step and records it; of two writers the later one is told by the revision."""
    row.state = step.target
    writing.session.flush()
    writing.session.add(
        RequestEventRow(
            request=row.id,
            action=step.action,
            source=step.source,
            target=step.target,
            by=writing.actor.client,
            organisation=writing.actor.organisation,
            why=why,
            decision=decision,
            at=writing.at,
        )
    )


def write_decision(writing: Writing, row: RequestRow, reason: str, legal_basis: str) -> None:
    row.decided_by, row.decided_at = writing.actor.client, writing.at
    row.reason, row.legal_basis = reason or None, legal_basis or None


def write_signature(writing: Writing, request: Request, side: Side, head: str) -> None:
    if writing.actor.organisation in request.signers(side):
        return
    writing.session.add(
        SignatureRow(
            request=request.id,
            side=side,
            organisation=writing.actor.organisation,
            head=head,
            content=request.content,
            recorded_by=writing.actor.client,
            at=writing.at,
        )
    )
    writing.session.flush()


def write_grant(writing: Writing, request: Request, award: Award) -> GrantId:
    """The grant of an approval; what the client held for the same purpose ends when it begins."""
    session, terms = writing.session, request.terms
    row = GrantRow(
        id=f"grant-{secrets.token_hex(8)}",
        request=request.id,
        client=request.client,
        organisation=request.organisation,
        data_set=terms.data_set,
        contract_major=request.contract_major,
        purpose=terms.purpose,
        legal_basis=terms.basis,
        parts=parts_to_json(award.parts),
        not_before=award.not_before,
        expires=award.expires,
        derivation=award.derivation,
        granted_at=writing.at,
    )
    _write_limits(row, award.quota, award.minimum_group)
    session.add(row)
    session.flush()
    grant = GrantId(row.id)
    write_event(writing, grant, GrantEvent.ACTIVATED, f"申请 {request.id} 获准")
    begins = max(award.not_before, writing.at)
    for old in _held_before(writing, grant_of(row), begins):
        event = write_event(writing, old, GrantEvent.REVOKED, superseded_by(grant))
        event.effective_at = begins
    holder = session.get(GrantHolderRow, (request.client, terms.data_set, terms.purpose))
    if holder is None:
        session.add(
            GrantHolderRow(
                client=request.client, data_set=terms.data_set, purpose=terms.purpose, grant=grant
            )
        )
    else:
        holder.grant = grant
    session.flush()
    return grant


def superseded_by(grant: GrantId) -> str:
    """The reason of a revocation that makes room for another grant; what calls it off looks for it."""
    return f"由授权 {grant} 取代"


def restore(writing: Writing, pending: Grant) -> GrantId | None:
    """Calls off the end of what a grant was to replace that has not begun and never will; gives the
    one that holds on, if any does.
    """
    announced = superseded_by(pending.id)
    kept = None
    for held in _same_purpose(writing, pending):
        if any(c.reason == announced and c.effective_at > writing.at for c in held.changes):
            write_event(
                writing, held.grant.id, GrantEvent.RESTORED, f"授权 {pending.id} 未生效即终止"
            )
            kept = held.grant.id if held.grant.expires > writing.at else kept
    return kept


def _held_before(writing: Writing, new: Grant, begins: datetime) -> list[GrantId]:
    """The client's other grants for this purpose that would still hold when the new one begins.

    More than one, where an earlier one was to be replaced later and the replacement never began.
    """
    over = {GrantState.REVOKED, GrantState.EXPIRED}
    return [h.grant.id for h in _same_purpose(writing, new) if h.state(begins) not in over]


def _same_purpose(writing: Writing, grant: Grant) -> tuple[GrantHistory, ...]:
    """The client's other grants on the data set for the purpose, by id."""
    same = (
        GrantRow.client == grant.client,
        GrantRow.data_set == grant.data_set,
        GrantRow.purpose == grant.purpose,
        GrantRow.id != grant.id,
    )
    rows = writing.session.scalars(select(GrantRow).where(*same).order_by(GrantRow.id))
    return histories_of(writing.session, list(rows))


def write_event(writing: Writing, grant: GrantId, event: GrantEvent, reason: str) -> GrantEventRow:
    row = GrantEventRow(
        grant=grant,
        event=event,
        effective_at=writing.at,
        by=writing.actor.client,
        organisation=writing.actor.organisation,
        reason=reason,
        at=writing.at,
    )
    writing.session.add(row)
    return row
