"""How a request goes from draft to grant: the checks of each step, then the step.

Who: the requester's people draft, sign and submit; the provider's steward answers, the competent
authority's only what is overdue. What: one complete list of what is missing; never more granted than
asked; silence is never consent.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from catalog.actor import Actor, Duty, has
from catalog.catalogue import Catalogue
from catalog.contracts import SharingKind
from catalog.directories import authorities
from catalog.errors import NotAllowed, UnknownDataSet, in_english
from catalog.ids import ClientId, OrganisationCode, RequestId
from catalog.models import RequestRow
from catalog.sharing.decision import (
    Approve,
    Decision,
    Reject,
    award,
    check_decider,
    check_signatures,
    deciders,
    rejection,
)
from catalog.sharing.errors import (
    ContractMoved,
    DecisionUnfounded,
    OnlyOnce,
    OwnData,
    RequestIncomplete,
)
from catalog.sharing.ledger import request_events, request_of, request_row
from catalog.sharing.provision import consenting, provider_of, sharing_kind
from catalog.sharing.request import (
    ACTION_LABELS,
    Request,
    RequestAction,
    RequestState,
    Side,
    Terms,
    transition,
)
from catalog.sharing.scope import Shortcoming, important_columns, shortcomings, with_key
from catalog.sharing.steps import (
    move,
    new_request,
    write_decision,
    write_grant,
    write_signature,
    write_terms,
)
from catalog.sharing.working_days import WorkingDays
from catalog.writing import Writing

ANSWER_DAYS = 10
"""Working days to answer a request that is not granted at once (art. 21)."""
MAX_EXTENSION = 10
LAW = "《政务数据共享条例》（国务院令第809号）不予共享类"
WITHHELD = "该数据依法属于不予共享类"
MOMENT = timedelta(microseconds=1)
A = RequestAction


def check_requester(actor: Actor, organisation: OrganisationCode) -> None:
    if actor.organisation != organisation or not has(actor, Duty.APP, Duty.PUBLISHER, Duty.STEWARD):
        raise NotAllowed(
            action="request data",
            action_zh="申请",
            needed=f"an application, publisher or steward of {organisation} does it",
            needed_zh=f"应由 {organisation} 的应用或数据管理员办理",
        )


def check_client(
    actor: Actor, client: ClientId, organisation_of: Callable[[ClientId], OrganisationCode | None]
) -> None:
    """A grant is for an application of the requesting organisation, never of another one."""
    if client != actor.client and organisation_of(client) != actor.organisation:
        raise NotAllowed(
            action="request data",
            action_zh="申请",
            needed=f"the client {client} is no application of {actor.organisation}",
            needed_zh=f"客户端 {client} 不是 {actor.organisation} 的应用",
        )


def draft(writing: Writing, client: ClientId, terms: Terms, catalogue: Catalogue) -> Request:
    contract = catalogue.contracts.get(terms.data_set)
    if contract is None:
        raise UnknownDataSet(data_set=terms.data_set)
    if writing.actor.organisation not in catalogue.organisations:
        raise NotAllowed(
            action="request data",
            action_zh="申请",
            needed=f"the organisation {writing.actor.organisation} is not in the catalogue",
            needed_zh=f"部门 {writing.actor.organisation} 未在目录中登记",
        )
    provider = provider_of(catalogue, terms.data_set)
    if provider == writing.actor.organisation:
        raise OwnData(data_set=terms.data_set)
    row = new_request(writing, client, provider, contract.major, _keyed(terms, catalogue))
    return request_of(writing.session, row)


def revise(writing: Writing, request: RequestId, terms: Terms, catalogue: Catalogue) -> Request:
    row, held = _held(writing, request)
    check_requester(writing.actor, held.organisation)
    step = transition(held, A.REVISE)
    if terms.data_set != held.terms.data_set:
        raise NotAllowed(
            action=in_english(A.REVISE),
            action_zh=ACTION_LABELS[A.REVISE],
            needed="a request keeps its data set; draft another one",
            needed_zh="申请的数据集不能改变，请另行申请",
        )
    major = _contract_major(terms, catalogue)
    write_terms(row, _keyed(terms, catalogue), major)
    move(writing, row, step)
    return request_of(writing.session, row)


def submit(
    writing: Writing, request: RequestId, catalogue: Catalogue, days: WorkingDays
) -> Request:
    row, held = _held(writing, request)
    check_requester(writing.actor, held.organisation)
    step = transition(held, A.SUBMIT)
    _check_complete(writing, held, catalogue)
    check_signatures(held, step, catalogue)
    if held.state is RequestState.SUPPLEMENT:
        asked, due = held.supplement_asked_at, held.due_at
        left = days.between(asked, due) if asked and due else ANSWER_DAYS
        row.due_at = days.deadline(writing.at, max(1, left))
        move(writing, row, step)
        return request_of(writing.session, row)
    row.submitted_at = writing.at
    row.due_at = days.deadline(writing.at, ANSWER_DAYS)
    move(writing, row, step)
    _answer_at_once(writing, row, catalogue)
    return request_of(writing.session, row)


def cancel(writing: Writing, request: RequestId, why: str) -> Request:
    row, held = _held(writing, request)
    check_requester(writing.actor, held.organisation)
    move(writing, row, transition(held, A.CANCEL), why)
    return request_of(writing.session, row)


def sign(writing: Writing, request: RequestId, catalogue: Catalogue) -> Request:
    row, held = _held(writing, request)
    side = _side(writing, held, catalogue)
    if side is not Side.REQUESTER:
        held = _received(writing, row, held)
    write_signature(writing, held, side, catalogue.organisations[writing.actor.organisation].head)
    return request_of(writing.session, row)


def receive(writing: Writing, request: RequestId, catalogue: Catalogue) -> Request:
    row, held = _held(writing, request)
    check_decider(deciders(held, catalogue, writing.at), writing.actor, A.RECEIVE)
    move(writing, row, transition(held, A.RECEIVE))
    return request_of(writing.session, row)


def ask_supplement(
    writing: Writing, request: RequestId, missing: str, catalogue: Catalogue
) -> Request:
    row, held = _held(writing, request)
    check_decider(deciders(held, catalogue, writing.at), writing.actor, A.ASK_SUPPLEMENT)
    held = _received(writing, row, held)
    step = transition(held, A.ASK_SUPPLEMENT)
    if held.supplement_asked_at is not None:
        raise OnlyOnce(request=held.id, what="supplement", what_zh="要求补正")
    if not missing.strip():
        raise DecisionUnfounded(request=held.id)
    row.missing, row.supplement_asked_at = missing.strip(), writing.at
    move(writing, row, step, missing.strip())
    return request_of(writing.session, row)


def extend(
    writing: Writing,
    request: RequestId,
    by_days: int,
    why: str,
    catalogue: Catalogue,
    days: WorkingDays,
) -> Request:
    row, held = _held(writing, request)
    able = authorities(held.provider, catalogue.organisations) - {held.organisation}
    check_decider(able, writing.actor, A.EXTEND)
    held = _received(writing, row, held)
    step = transition(held, A.EXTEND)
    if held.extended:
        raise OnlyOnce(request=held.id, what="extension", what_zh="延期")
    if not 1 <= by_days <= MAX_EXTENSION or not why.strip() or held.due_at is None:
        raise NotAllowed(
            action=in_english(A.EXTEND),
            action_zh=ACTION_LABELS[A.EXTEND],
            needed=f"an extension has a reason and 1 to {MAX_EXTENSION} working days",
            needed_zh=f"延期须写明理由，为 1 至 {MAX_EXTENSION} 个工作日",
        )
    row.extended = True
    row.due_at = days.deadline(held.due_at - MOMENT, by_days)
    move(writing, row, step, why.strip())
    return request_of(writing.session, row)


def decide(
    writing: Writing, request: RequestId, decision: Decision, catalogue: Catalogue
) -> Request:
    row, held = _held(writing, request)
    endorsed = _endorsements(writing, held)
    able = deciders(held, catalogue, writing.at, second=bool(endorsed))
    check_decider(able, writing.actor, A.REJECT if isinstance(decision, Reject) else A.APPROVE)
    held = _received(writing, row, held)
    if isinstance(decision, Reject):
        step = rejection(held, decision)
        write_decision(writing, row, decision.reason.strip(), decision.legal_basis.strip())
        move(writing, row, step, decision.reason.strip())
    else:
        _approve(writing, row, held, decision, catalogue, endorsed)
    return request_of(writing.session, row)


def _approve(
    writing: Writing,
    row: RequestRow,
    held: Request,
    decision: Approve,
    catalogue: Catalogue,
    endorsed: Mapping[str, str],
) -> None:
    """The first of two approvals endorses; the last one writes the grant."""
    given = award(held, decision, catalogue, writing.at)
    check_signatures(held, transition(held, given.action), catalogue)
    others = {by for by, digest in endorsed.items() if digest == given.digest}
    others -= {writing.actor.client}
    if len(others) + 1 < given.approvals:
        move(writing, row, transition(held, A.ENDORSE), decision.reason, given.digest)
        return
    write_decision(writing, row, decision.reason.strip(), held.terms.basis)
    move(writing, row, transition(held, given.action), decision.reason, given.digest)
    write_grant(writing, held, given)


def _answer_at_once(writing: Writing, row: RequestRow, catalogue: Catalogue) -> None:
    """What needs no decision: the law refuses a withheld set, an open one is granted as asked."""
    held = request_of(writing.session, row)
    terms = held.terms
    contract = catalogue.contracts[terms.data_set]
    kind = sharing_kind(catalogue, terms.data_set)
    if kind is SharingKind.WITHHELD:
        row.decided_at, row.reason, row.legal_basis = writing.at, WITHHELD, LAW
        if contract.sharing.kind is SharingKind.WITHHELD:
            row.legal_basis = f"{LAW}；{contract.sharing.conditions_of_use}"
        move(writing, row, transition(held, A.WITHHOLD), WITHHELD)
    elif kind is SharingKind.UNCONDITIONAL and not important_columns(terms.parts, contract):
        given = award(held, Approve(), catalogue, writing.at)
        step = transition(held, A.GRANT_STANDARD)
        check_signatures(held, step, catalogue)
        row.decided_at, row.reason = writing.at, "无条件共享"
        move(writing, row, step, "无条件共享", given.digest)
        write_grant(writing, held, given)


def _check_complete(writing: Writing, held: Request, catalogue: Catalogue) -> None:
    _contract_major(held.terms, catalogue)
    found = list(shortcomings(held.terms, catalogue, writing.at))
    if not held.signers(Side.REQUESTER):
        found.append(
            Shortcoming(
                "需用部门共享工作机构负责人对现有内容的签字",
                "the signature of the requester's office head under this wording",
            )
        )
    if found:
        raise RequestIncomplete(
            request=held.id,
            missing="; ".join(item.en for item in found),
            missing_zh="；".join(item.zh for item in found),
        )
    contract = catalogue.contracts[held.terms.data_set]
    if contract.major != held.contract_major:
        raise ContractMoved(
            data_set=held.terms.data_set, now=contract.major, then=held.contract_major
        )


def _side(writing: Writing, held: Request, catalogue: Catalogue) -> Side:
    """On whose side the actor's head signs; each side while it is its turn."""
    actor = writing.actor
    if actor.organisation == held.organisation:
        check_requester(actor, held.organisation)
        transition(held, A.REVISE)  # refused once the wording stands
        return Side.REQUESTER
    consent = consenting(catalogue, held.terms.data_set, held.organisation)
    able = deciders(held, catalogue, writing.at)
    check_decider(able | consent, actor, A.APPROVE)
    if actor.organisation == held.provider or actor.organisation not in consent:
        return Side.PROVIDER
    return Side.INPUT


def _received(writing: Writing, row: RequestRow, held: Request) -> Request:
    """A submitted request is taken up by the first thing the provider does with it."""
    if held.state is RequestState.UNDER_REVIEW:
        return held
    move(writing, row, transition(held, A.RECEIVE))
    return request_of(writing.session, row)


def _endorsements(writing: Writing, held: Request) -> Mapping[str, str]:
    """Who approved what so far: client to digest of the award."""
    return {
        event.by: event.decision or ""
        for event in request_events(writing.session, held.id)
        if event.action is A.ENDORSE
    }


def _held(writing: Writing, request: RequestId) -> tuple[RequestRow, Request]:
    row = request_row(writing.session, request)
    return row, request_of(writing.session, row)


def _keyed(terms: Terms, catalogue: Catalogue) -> Terms:
    """The terms with every part's key columns: a grant always shows the key, clear or hashed."""
    contract = catalogue.contracts[terms.data_set]
    return replace(terms, parts=with_key(terms.parts, contract))


def _contract_major(terms: Terms, catalogue: Catalogue) -> int:
    contract = catalogue.contracts.get(terms.data_set)
    if contract is None:
        raise UnknownDataSet(data_set=terms.data_set)
    return contract.major
