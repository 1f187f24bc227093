"""Share requests and grants, as those see them whom they concern: requester, provider, whoever must
consent, the competent authority, auditors.
"""

from datetime import datetime

import strawberry

from access.principal import Principal
from access.roles import Capability
from catalog.catalogue import Catalogue
from catalog.contracts import camel
from catalog.directories import authorities
from catalog.ids import GrantId, RequestId
from catalog.sharing.encoding import canonical, predicate_to_json
from catalog.sharing.errors import UnknownGrant, UnknownRequest
from catalog.sharing.grant import GrantEvent, Part, Quota, Visibility
from catalog.sharing.ledger import GrantHistory, GrantState
from catalog.sharing.provision import consenting, provider_of
from catalog.sharing.request import STATE_LABELS, Request, RequestAction, RequestState, Side
from catalog.sharing.supervision import STATE_LABELS as GRANT_STATE_LABELS
from schema.context import Info, Services, blocking
from schema.core.naming import data_set_named
from schema.core.offer import to, to_all
from schema.core.page import page
from schema.scalars import BigInt


@strawberry.type(description="一列及其可见方式。A column and how it is seen.")
class ScopeColumn:
    name: str
    visibility: Visibility


@strawberry.type(description="范围的一部分。A part of the scope.")
class ScopePart:
    columns: list[ScopeColumn]
    places: list[str] | None
    row_filter: str | None = strawberry.field(description="行条件（JSON）。Row filter as JSON.")


@strawberry.type(
    name="Quota",
    description="每日（北京时间）配额；空为不限。What a day may bring; null sets no limit.",
)
class QuotaView:
    calls: BigInt | None
    rows: BigInt | None
    bytes: BigInt | None


@strawberry.type(description="负责人签字。An office head's signature.")
class OfficeSignature:
    side: Side
    organisation: str
    head: str
    current: bool = strawberry.field(description="是否针对现有内容。Whether under today's wording.")
    at: datetime


@strawberry.type(description="申请办理记录。One step of a request.")
class RequestStep:
    action: RequestAction
    state: RequestState
    by: str
    organisation: str
    why: str
    at: datetime


@strawberry.type(description="共享申请。A share request.")
class ShareRequest:
    id: str
    state: RequestState
    state_label: str
    client: str
    organisation: str
    provider: str
    data_set: str
    purpose: str
    basis: str
    scenario: str
    mode: str
    scope: list[ScopePart]
    not_before: datetime | None
    expires: datetime | None
    derivation: bool
    quota: QuotaView
    minimum_group: int
    drafted_at: datetime
    submitted_at: datetime | None
    due_at: datetime | None = strawberry.field(description="应答复时限。When an answer is due.")
    overdue: bool
    missing: str | None = strawberry.field(description="一次性告知的补正内容。")
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None
    legal_basis: str | None
    signatures: list[OfficeSignature]
    steps: list[RequestStep]


@strawberry.type(description="授权的状态变化。A change of a grant.")
class GrantStep:
    event: GrantEvent
    effective_at: datetime
    by: str
    organisation: str
    reason: str


@strawberry.type(description="授权。A grant.")
class ShareGrant:
    id: str
    request: str
    state: GrantState
    state_label: str
    client: str
    organisation: str
    data_set: str
    purpose: str
    legal_basis: str
    scope: list[ScopePart]
    not_before: datetime
    expires: datetime
    derivation: bool
    quota: QuotaView
    minimum_group: int = strawberry.field(
        description="统计的最小分组行数。Aggregates tell of no fewer rows."
    )
    steps: list[GrantStep]


async def share_requests(
    info: Info,
    state: RequestState | None = None,
    data_set: str | None = None,
    limit: int = 50,
    offset: int = 0,
) -> list[ShareRequest]:
    """与本部门有关的共享申请，新的在前。The requests that concern the own organisation."""
    start, end = page(limit, offset)
    services, principal = info.context.services, info.context.principal

    def found() -> list[ShareRequest]:
        catalogue = services.catalogue()
        code = data_set_named(catalogue, data_set) if data_set else None
        held = services.sharing.requests(state=state, data_set=code)
        mine = [r for r in held if concerns(r, principal, catalogue)]
        return [request_view(r, services) for r in mine[start:end]]

    return await blocking(found)


async def share_request(info: Info, id: str) -> ShareRequest:
    """一件共享申请。One share request."""
    services, principal = info.context.services, info.context.principal

    def found() -> ShareRequest:
        held = services.sharing.request(RequestId(id))
        if not concerns(held, principal, services.catalogue()):
            raise UnknownRequest(request=id)
        return request_view(held, services)

    return await blocking(found)


async def grants(
    info: Info, data_set: str | None = None, limit: int = 50, offset: int = 0
) -> list[ShareGrant]:
    """授权；本部门的，或职责所及的全部。Grants: the own organisation's, or all that one's role sees."""
    start, end = page(limit, offset)
    services, principal = info.context.services, info.context.principal

    def found() -> list[ShareGrant]:
        catalogue = services.catalogue()
        code = data_set_named(catalogue, data_set) if data_set else None
        held = services.sharing.grants(data_set=code)
        mine = [g for g in held if _holds(g, principal, catalogue)]
        return [grant_view(g, services) for g in mine[start:end]]

    return await blocking(found)


async def grant(info: Info, id: str) -> ShareGrant:
    """一项授权。One grant."""
    services, principal = info.context.services, info.context.principal

    def found() -> ShareGrant:
        held = services.sharing.grant(GrantId(id))
        if not _holds(held, principal, services.catalogue()):
            raise UnknownGrant(grant=id)
        return grant_view(held, services)

    return await blocking(found)


QUERIES = to(Capability.READ_REQUESTS, share_requests, share_request) + to_all(grants, grant)


def concerns(request: Request, principal: Principal, catalogue: Catalogue) -> bool:
    """Whether the caller may see a request."""
    if principal.may(Capability.READ_USAGE):
        return True
    concerned = {request.organisation, request.provider}
    concerned |= authorities(request.provider, catalogue.organisations)
    if request.terms.data_set in catalogue.contracts:
        concerned |= consenting(catalogue, request.terms.data_set, request.organisation)
    return principal.organisation in concerned


def request_view(request: Request, services: Services) -> ShareRequest:
    """Blocking."""
    terms = request.terms
    return ShareRequest(
        id=request.id,
        state=request.state,
        state_label=STATE_LABELS[request.state],
        client=request.client,
        organisation=request.organisation,
        provider=request.provider,
        data_set=camel(terms.data_set),
        purpose=terms.purpose,
        basis=terms.basis,
        scenario=terms.scenario,
        mode=terms.mode,
        scope=[_part(part) for part in terms.parts],
        not_before=terms.not_before,
        expires=terms.expires,
        derivation=terms.derivation,
        quota=quota_view(terms.quota),
        minimum_group=terms.minimum_group,
        drafted_at=request.drafted_at,
        submitted_at=request.submitted_at,
        due_at=request.due_at,
        overdue=request.overdue(services.clock.now()),
        missing=request.missing,
        decided_by=request.decided_by,
        decided_at=request.decided_at,
        reason=request.reason,
        legal_basis=request.legal_basis,
        signatures=[
            OfficeSignature(
                side=s.side,
                organisation=s.organisation,
                head=s.head,
                current=s.content == request.content,
                at=s.at,
            )
            for s in request.signatures
        ],
        steps=[
            RequestStep(
                action=e.action,
                state=e.target,
                by=e.by,
                organisation=e.organisation,
                why=e.why,
                at=e.at,
            )
            for e in services.sharing.events(request.id)
        ],
    )


def grant_view(history: GrantHistory, services: Services) -> ShareGrant:
    held, state = history.grant, history.state(services.clock.now())
    return ShareGrant(
        id=held.id,
        request=held.request,
        state=state,
        state_label=GRANT_STATE_LABELS[state],
        client=held.client,
        organisation=held.organisation,
        data_set=camel(held.data_set),
        purpose=held.purpose,
        legal_basis=held.legal_basis,
        scope=[_part(part) for part in held.parts],
        not_before=held.not_before,
        expires=held.expires,
        derivation=held.derivation,
        quota=quota_view(held.quota),
        minimum_group=held.minimum_group,
        steps=[
            GrantStep(
                event=c.event,
                effective_at=c.effective_at,
                by=c.by,
                organisation=c.organisation,
                reason=c.reason,
            )
            for c in history.changes
        ],
    )


def quota_view(quota: Quota) -> QuotaView:
    return QuotaView(calls=_big(quota.calls), rows=_big(quota.rows), bytes=_big(quota.bytes))


def _big(value: int | None) -> BigInt | None:
    return None if value is None else BigInt(value)


def _holds(history: GrantHistory, principal: Principal, catalogue: Catalogue) -> bool:
    held = history.grant
    if principal.may(Capability.READ_GRANTS) or principal.organisation == held.organisation:
        return True
    known = held.data_set in catalogue.contracts
    return known and provider_of(catalogue, held.data_set) == principal.organisation


def _part(part: Part) -> ScopePart:
    row_filter = part.row_filter
    return ScopePart(
        columns=[ScopeColumn(name=camel(c.name), visibility=c.visibility) for c in part.columns],
        places=None if part.places is None else list(part.places),
        row_filter=canonical(predicate_to_json(row_filter)).decode() if row_filter else None,
    )
