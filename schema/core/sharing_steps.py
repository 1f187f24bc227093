"""The steps of a share request and of a grant.

Who may make which step, and when, is the sharing service's to say (`catalog/sharing/`).
"""

from collections.abc import Callable
from datetime import datetime

import strawberry

from access.roles import Capability
from catalog.contracts import Contract
from catalog.ids import ClientId, GrantId, RequestId
from catalog.sharing.decision import Approve, Decision, Reject
from catalog.sharing.ledger import GrantHistory
from catalog.sharing.request import Request, Terms
from schema.context import Info, Services, blocking
from schema.core.naming import data_set_named
from schema.core.offer import to
from schema.core.scope_input import PartInput, QuotaInput, parts_of, quota_of
from schema.core.sharing import ShareGrant, ShareRequest, grant_view, request_view
from schema.errors import DecisionUnclear


@strawberry.input(
    description="申请内容（条例第二十条）。What a request states (Decree 809, art. 20)."
)
class TermsInput:
    data_set: str = strawberry.field(description="数据集。")
    purpose: str = strawberry.field(description="用途名称。")
    basis: str = strawberry.field(description="使用依据。")
    scenario: str = strawberry.field(description="使用场景。")
    scope: list[PartInput] = strawberry.field(description="使用范围。")
    mode: str = strawberry.field(description="共享方式。")
    expires: datetime | None = strawberry.field(default=None, description="使用时限。")
    not_before: datetime | None = None
    derivation: bool = strawberry.field(default=False, description="是否用于融合。")
    quota: QuotaInput | None = strawberry.field(default=None, description="每日配额。")
    minimum_group: int = strawberry.field(
        default=1, description="统计的最小分组行数。Aggregates tell of no fewer rows."
    )


@strawberry.input(
    description="同意；未写的按申请（重要列脱敏）。Approval; what is left out is as asked."
)
class ApprovalInput:
    scope: list[PartInput] | None = None
    not_before: datetime | None = None
    expires: datetime | None = None
    derivation: bool | None = None
    reason: str = ""
    quota: QuotaInput | None = strawberry.field(
        default=None, description="不高于申请的每日配额。No higher than asked."
    )
    minimum_group: int | None = strawberry.field(
        default=None,
        description="不小于申请；未写时，含重要列的为 5。No smaller than asked; left out, 5 where columns are important.",
    )


@strawberry.input(description="不予同意。Refusal, with reason and basis.")
class RefusalInput:
    reason: str
    legal_basis: str


@strawberry.input(description="二者写其一。One of the two.")
class DecisionInput:
    approve: ApprovalInput | None = None
    reject: RefusalInput | None = None


async def draft_share_request(
    info: Info, terms: TermsInput, client: str | None = None
) -> ShareRequest:
    """起草共享申请；client 为将使用数据的应用。Draft a request; client: the application to read."""
    wanted = ClientId(client) if client else None
    return await _step(
        info,
        lambda services: services.sharing.draft(
            info.context.principal, _terms(terms, services), wanted
        ),
    )


async def revise_share_request(info: Info, id: str, terms: TermsInput) -> ShareRequest:
    """修改草稿或补正内容（须重新签字）。New terms of a draft or supplement; they need a new signature."""
    return await _step(
        info,
        lambda services: services.sharing.revise(
            RequestId(id), info.context.principal, _terms(terms, services)
        ),
    )


async def sign_share_request(info: Info, id: str) -> ShareRequest:
    """登记本部门共享负责人的签字。Record the signature of the own office head."""
    return await _step(info, lambda s: s.sharing.sign(RequestId(id), info.context.principal))


async def submit_share_request(info: Info, id: str) -> ShareRequest:
    """提交，或补正后再提交。Submit, first or after a supplement."""
    return await _step(info, lambda s: s.sharing.submit(RequestId(id), info.context.principal))


async def cancel_share_request(info: Info, id: str, why: str = "") -> ShareRequest:
    """撤回申请。Withdraw the request."""
    return await _step(info, lambda s: s.sharing.cancel(RequestId(id), info.context.principal, why))


async def ask_supplement(info: Info, id: str, missing: str) -> ShareRequest:
    """一次性告知需要补正的全部内容。Ask, once, for all that is missing."""
    return await _step(
        info, lambda s: s.sharing.ask_supplement(RequestId(id), info.context.principal, missing)
    )


async def extend_share_request(info: Info, id: str, days: int, why: str) -> ShareRequest:
    """经主管部门同意延期一次，至多十个工作日。Extend once, at most ten working days."""
    return await _step(
        info, lambda s: s.sharing.extend(RequestId(id), info.context.principal, days, why)
    )


async def decide_share_request(info: Info, id: str, decision: DecisionInput) -> ShareRequest:
    """同意（全部或一部分）或不予同意。Approve, as asked or less, or refuse."""

    def step(services: Services) -> Request:
        held = services.sharing.request(RequestId(id))
        contract = services.catalogue().contracts[held.terms.data_set]
        answer = _decision(decision, contract)
        return services.sharing.decide(held.id, answer, info.context.principal)

    return await _step(info, step)


async def suspend_grant(info: Info, id: str, reason: str) -> ShareGrant:
    """暂停授权。Suspend a grant."""
    return await _change(
        info, lambda s: s.sharing.suspend(GrantId(id), info.context.principal, reason)
    )


async def resume_grant(info: Info, id: str, reason: str) -> ShareGrant:
    """恢复授权。Resume a grant."""
    return await _change(
        info, lambda s: s.sharing.resume(GrantId(id), info.context.principal, reason)
    )


async def revoke_grant(info: Info, id: str, reason: str) -> ShareGrant:
    """终止授权，即时生效。Revoke a grant, at once and for good."""
    return await _change(
        info, lambda s: s.sharing.revoke(GrantId(id), info.context.principal, reason)
    )


ASKING = frozenset({Capability.REQUEST_DATA, Capability.EDIT_CATALOGUE})
"""An application, a publisher or a steward asks for its own organisation."""
MUTATIONS = (
    to(
        ASKING,
        draft_share_request,
        revise_share_request,
        submit_share_request,
        cancel_share_request,
    )
    + to(ASKING | {Capability.DECIDE_REQUESTS}, sign_share_request)
    + to(
        Capability.DECIDE_REQUESTS,
        ask_supplement,
        extend_share_request,
        decide_share_request,
        suspend_grant,
        resume_grant,
        revoke_grant,
    )
)


async def _step(info: Info, step: Callable[[Services], Request]) -> ShareRequest:
    services = info.context.services
    return await blocking(lambda: request_view(step(services), services))


async def _change(info: Info, change: Callable[[Services], GrantHistory]) -> ShareGrant:
    services = info.context.services
    return await blocking(lambda: grant_view(change(services), services))


def _decision(given: DecisionInput, contract: Contract) -> Decision:
    if given.approve is not None and given.reject is None:
        asked = given.approve
        return Approve(
            parts=None if asked.scope is None else parts_of(asked.scope, contract),
            not_before=asked.not_before,
            expires=asked.expires,
            derivation=asked.derivation,
            reason=asked.reason,
            quota=quota_of(asked.quota),
            minimum_group=asked.minimum_group,
        )
    if given.reject is not None and given.approve is None:
        return Reject(given.reject.reason, given.reject.legal_basis)
    raise DecisionUnclear


def _terms(given: TermsInput, services: Services) -> Terms:
    catalogue = services.catalogue()
    data_set = data_set_named(catalogue, given.data_set)
    return Terms(
        data_set=data_set,
        purpose=given.purpose,
        basis=given.basis,
        scenario=given.scenario,
        parts=parts_of(given.scope, catalogue.contracts[data_set]),
        mode=given.mode,
        expires=given.expires,
        not_before=given.not_before,
        derivation=given.derivation,
        quota=quota_of(given.quota),
        minimum_group=given.minimum_group,
    )
