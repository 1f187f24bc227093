"""A share request and the way it goes, as data.

`TRANSITIONS` is the whole machine: from which state, by whose action, to which state, and which
office heads must have signed the present wording. A signature covers one wording: changed terms need
it again. Nothing becomes approved without the requester's signature and either the provider's or the
standing consent that an unconditional data set is.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from catalog.errors import in_english
from catalog.ids import ClientId, DatasetCode, OrganisationCode, RequestId
from catalog.sharing.encoding import canonical, limits_to_json, parts_to_json
from catalog.sharing.errors import StepRefused
from catalog.sharing.grant import NO_LIMIT, Part, Quota


class RequestState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    UNDER_REVIEW = "under_review"
    SUPPLEMENT = "supplement"
    APPROVED = "approved"
    PARTLY_APPROVED = "partly_approved"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class RequestAction(StrEnum):
    REVISE = "revise"
    SUBMIT = "submit"
    GRANT_STANDARD = "grant_standard"
    WITHHOLD = "withhold"
    RECEIVE = "receive"
    ASK_SUPPLEMENT = "ask_supplement"
    EXTEND = "extend"
    ENDORSE = "endorse"
    APPROVE = "approve"
    APPROVE_PARTLY = "approve_partly"
    REJECT = "reject"
    CANCEL = "cancel"


class Side(StrEnum):
    """Whose head signs; INPUT: the provider of an input of the derived data set asked for."""

    REQUESTER = "requester"
    PROVIDER = "provider"
    INPUT = "input"


@dataclass(frozen=True, slots=True)
class Transition:
    source: RequestState
    action: RequestAction
    target: RequestState
    signed: frozenset[Side] = frozenset()


_S, _A = RequestState, RequestAction
_ONE, _BOTH = frozenset({Side.REQUESTER}), frozenset({Side.REQUESTER, Side.PROVIDER})
TRANSITIONS: tuple[Transition, ...] = (
    Transition(_S.DRAFT, _A.REVISE, _S.DRAFT),
    Transition(_S.DRAFT, _A.SUBMIT, _S.SUBMITTED, _ONE),
    Transition(_S.DRAFT, _A.CANCEL, _S.CANCELLED),
    Transition(_S.SUBMITTED, _A.GRANT_STANDARD, _S.APPROVED, _ONE),
    Transition(_S.SUBMITTED, _A.WITHHOLD, _S.REJECTED, _ONE),
    Transition(_S.SUBMITTED, _A.RECEIVE, _S.UNDER_REVIEW, _ONE),
    Transition(_S.SUBMITTED, _A.CANCEL, _S.CANCELLED),
    Transition(_S.UNDER_REVIEW, _A.ASK_SUPPLEMENT, _S.SUPPLEMENT),
    Transition(_S.UNDER_REVIEW, _A.EXTEND, _S.UNDER_REVIEW),
    Transition(_S.UNDER_REVIEW, _A.ENDORSE, _S.UNDER_REVIEW, _BOTH),
    Transition(_S.UNDER_REVIEW, _A.APPROVE, _S.APPROVED, _BOTH),
    Transition(_S.UNDER_REVIEW, _A.APPROVE_PARTLY, _S.PARTLY_APPROVED, _BOTH),
    Transition(_S.UNDER_REVIEW, _A.REJECT, _S.REJECTED, _ONE),
    Transition(_S.UNDER_REVIEW, _A.CANCEL, _S.CANCELLED),
    Transition(_S.SUPPLEMENT, _A.REVISE, _S.SUPPLEMENT),
    Transition(_S.SUPPLEMENT, _A.SUBMIT, _S.UNDER_REVIEW, _ONE),
    Transition(_S.SUPPLEMENT, _A.CANCEL, _S.CANCELLED),
)
_TABLE: Mapping[tuple[RequestState, RequestAction], Transition] = {
    (t.source, t.action): t for t in TRANSITIONS
}
OPEN = frozenset({_S.SUBMITTED, _S.UNDER_REVIEW})
"""The states in which the provider's clock runs."""

STATE_LABELS: Mapping[RequestState, str] = {
    _S.DRAFT: "草稿",
    _S.SUBMITTED: "已提交",
    _S.UNDER_REVIEW: "审核中",
    _S.SUPPLEMENT: "待补正",
    _S.APPROVED: "已同意",
    _S.PARTLY_APPROVED: "部分同意",
    _S.REJECTED: "不予同意",
    _S.CANCELLED: "已撤回",
}
ACTION_LABELS: Mapping[RequestAction, str] = {
    _A.REVISE: "修改",
    _A.SUBMIT: "提交",
    _A.GRANT_STANDARD: "无条件共享直接授权",
    _A.WITHHOLD: "依法不予共享",
    _A.RECEIVE: "受理",
    _A.ASK_SUPPLEMENT: "要求补正",
    _A.EXTEND: "延期",
    _A.ENDORSE: "初审同意",
    _A.APPROVE: "同意",
    _A.APPROVE_PARTLY: "部分同意",
    _A.REJECT: "不予同意",
    _A.CANCEL: "撤回",
}


LONGEST_PURPOSE = 200
"""Characters: an application states its purpose in a header of each request."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked, as art. 20 wants it: basis 使用依据, scenario 使用场景, scope 使用范围 (columns
    with visibility, places, row filter), mode 共享方式, period 使用时限.
    """

    data_set: DatasetCode
    purpose: str
    basis: str
    scenario: str
    parts: tuple[Part, ...]
    mode: str
    expires: datetime | None
    not_before: datetime | None = None
    """None: from the decision on."""
    derivation: bool = False
    quota: Quota = NO_LIMIT
    minimum_group: int = 1


@dataclass(frozen=True, slots=True)
class Signature:
    """`content` is the digest of the wording that was signed; `head` the office that signed."""

    side: Side
    organisation: OrganisationCode
    head: str
    content: str
    recorded_by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Request:
    id: RequestId
    client: ClientId
    organisation: OrganisationCode
    provider: OrganisationCode
    contract_major: int
    terms: Terms
    state: RequestState
    drafted_by: str
    drafted_at: datetime
    submitted_at: datetime | None
    due_at: datetime | None
    missing: str | None
    supplement_asked_at: datetime | None
    extended: bool
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None
    legal_basis: str | None
    signatures: tuple[Signature, ...]

    @property
    def content(self) -> str:
        """The digest of the present wording."""
        return wording(self.client, self.contract_major, self.terms)

    def signers(self, side: Side) -> frozenset[OrganisationCode]:
        """The organisations whose head signed the present wording on this side."""
        content = self.content
        return frozenset(
            s.organisation for s in self.signatures if s.side is side and s.content == content
        )

    def overdue(self, at: datetime) -> bool:
        """Silence is never consent: an overdue request goes to the competent authority."""
        return self.state in OPEN and self.due_at is not None and at >= self.due_at


@dataclass(frozen=True, slots=True)
class RequestEvent:
    request: RequestId
    action: RequestAction
    source: RequestState
    target: RequestState
    by: str
    organisation: OrganisationCode
    why: str
    decision: str | None
    at: datetime


def transition(request: Request, action: RequestAction) -> Transition:
    """The row of the table; an error that says what is possible instead."""
    row = _TABLE.get((request.state, action))
    if row is None:
        possible = [t.action for t in TRANSITIONS if t.source is request.state]
        decided = request.decided_by
        raise StepRefused(
            request=request.id,
            state=in_english(request.state),
            state_zh=STATE_LABELS[request.state],
            action=in_english(action),
            action_zh=ACTION_LABELS[action],
            decided=f" (decided by {decided} at {request.decided_at})" if decided else "",
            decided_zh=f"（{decided} 已于 {request.decided_at} 决定）" if decided else "",
            possible=", ".join(in_english(a) for a in possible) or "nothing",
            possible_zh="、".join(ACTION_LABELS[a] for a in possible) or "无",
        )
    return row


def wording(client: ClientId, contract_major: int, terms: Terms) -> str:
    body: dict[str, object] = {
        "client": client,
        "contract_major": contract_major,
        "data_set": terms.data_set,
        "purpose": terms.purpose,
        "basis": terms.basis,
        "scenario": terms.scenario,
        "parts": parts_to_json(terms.parts),
        "mode": terms.mode,
        "not_before": _instant(terms.not_before),
        "expires": _instant(terms.expires),
        "derivation": terms.derivation,
    }
    body |= limits_to_json(terms.quota, terms.minimum_group)
    return hashlib.sha256(canonical(body)).hexdigest()


def _instant(value: datetime | None) -> float | None:
    return None if value is None else value.timestamp()
