"""A provider's answer to a share request, checked before anything is written.

It is given by a steward of the providing organisation, or of the competent authority once it is
overdue; never by the organisation that asks. It grants what was asked or less. Important columns are
masked and told of in groups of at least five unless the decision says otherwise, and need two people's
approval; a derived data set needs the
consent of every input's provider that is not unconditional. A refusal states reason and basis.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from catalog.actor import Actor, Duty, has
from catalog.catalogue import Catalogue
from catalog.directories import authorities
from catalog.errors import NotAllowed, in_english
from catalog.ids import OrganisationCode
from catalog.sharing.encoding import canonical, limits_to_json, parts_to_json
from catalog.sharing.errors import (
    ContractMoved,
    DecisionTooWide,
    DecisionUnfounded,
    SignatureMissing,
)
from catalog.sharing.grant import NO_LIMIT, Part, Quota
from catalog.sharing.provision import consenting
from catalog.sharing.request import (
    ACTION_LABELS,
    Request,
    RequestAction,
    Side,
    Transition,
    transition,
)
from catalog.sharing.scope import (
    LARGEST_MINIMUM,
    default_minimum,
    important_columns,
    masked_by_default,
    servable,
    with_key,
    within,
)

APPROVALS_FOR_IMPORTANT = 2


@dataclass(frozen=True, slots=True)
class Approve:
    """What is left None is granted as asked (important columns masked)."""

    parts: tuple[Part, ...] | None = None
    not_before: datetime | None = None
    expires: datetime | None = None
    derivation: bool | None = None
    reason: str = ""
    quota: Quota = NO_LIMIT
    minimum_group: int | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    reason: str
    legal_basis: str


Decision = Approve | Reject


@dataclass(frozen=True, slots=True)
class Award:
    """What an approval comes to: the scope of the grant to be written, under one wording."""

    content: str
    action: RequestAction
    parts: tuple[Part, ...]
    not_before: datetime
    expires: datetime
    derivation: bool
    quota: Quota
    minimum_group: int
    approvals: int
    """How many different people must approve this."""
    begins: datetime | None
    """The beginning that the decision names; None: from the last approval on, or as asked."""

    @property
    def digest(self) -> str:
        """Two approvals count together only when they are for the same award."""
        body: list[object] = [
            self.content,
            parts_to_json(self.parts),
            None if self.begins is None else self.begins.timestamp(),
            self.expires.timestamp(),
            self.derivation,
        ]
        limits = limits_to_json(self.quota, self.minimum_group)
        body += [limits] if limits else []
        return hashlib.sha256(canonical(body)).hexdigest()


def deciders(
    request: Request, catalogue: Catalogue, at: datetime, *, second: bool = False
) -> frozenset[OrganisationCode]:
    """The organisations whose stewards may answer now.

    The authority may when the request is overdue, or as the second of two approvals.
    """
    able = {request.provider}
    if second or request.overdue(at):
        able |= authorities(request.provider, catalogue.organisations)
    return frozenset(able - {request.organisation})


def check_decider(able: frozenset[OrganisationCode], actor: Actor, action: RequestAction) -> None:
    """NotAllowed unless the actor is a steward of one of these organisations."""
    if actor.organisation not in able or not has(actor, Duty.STEWARD):
        who = ", ".join(sorted(able))
        raise NotAllowed(
            action=in_english(action),
            action_zh=ACTION_LABELS[action],
            needed=f"a steward of {who} answers this request",
            needed_zh=f"应由 {who} 的数据管理员办理",
        )


def award(request: Request, decision: Approve, catalogue: Catalogue, at: datetime) -> Award:
    """What the approval grants; DecisionTooWide when it is more than was asked."""
    terms = request.terms
    contract = catalogue.contracts[terms.data_set]
    if contract.major != request.contract_major:
        raise ContractMoved(
            data_set=terms.data_set, now=contract.major, then=request.contract_major
        )
    begins = decision.not_before or terms.not_before or at
    ends = decision.expires or terms.expires
    if decision.parts is None:
        parts = masked_by_default(terms.parts, contract)
    else:
        parts = with_key(decision.parts, contract)
    derivation = terms.derivation if decision.derivation is None else decision.derivation
    quota = terms.quota.narrowed(decision.quota)
    usual = default_minimum(parts, contract, terms.minimum_group)
    group = usual if decision.minimum_group is None else decision.minimum_group
    _check_limits(request, quota, group)
    _check_width(request, parts, begins, ends, catalogue, derivation=derivation)
    assert ends is not None  # noqa: S101 - a submitted request has its period
    whole = (
        parts == terms.parts
        and ends == terms.expires
        and begins <= max(at, terms.not_before or at)
        and derivation == terms.derivation
        and quota == terms.quota
        and group == usual
    )
    return Award(
        content=request.content,
        action=RequestAction.APPROVE if whole else RequestAction.APPROVE_PARTLY,
        parts=parts,
        not_before=max(begins, at),
        expires=ends,
        derivation=derivation,
        quota=quota,
        minimum_group=group,
        approvals=APPROVALS_FOR_IMPORTANT if important_columns(parts, contract) else 1,
        begins=decision.not_before,
    )


def check_signatures(request: Request, step: Transition, catalogue: Catalogue) -> None:
    """SignatureMissing names everybody whose signature the step still lacks."""
    missing = {
        f"{side.value} ({request.organisation if side is Side.REQUESTER else request.provider})"
        for side in step.signed
        if not request.signers(side)
    }
    if step.action in {
        RequestAction.ENDORSE,
        RequestAction.APPROVE,
        RequestAction.APPROVE_PARTLY,
        RequestAction.GRANT_STANDARD,
    }:
        needed = consenting(catalogue, request.terms.data_set, request.organisation)
        missing |= {f"input ({code})" for code in needed - request.signers(Side.INPUT)}
    if missing:
        who = ", ".join(sorted(missing))
        labels = (
            ("requester", "需用部门"),
            ("provider", "提供部门"),
            ("input", "输入数据提供部门"),
        )
        who_zh = who
        for name, label in labels:
            who_zh = who_zh.replace(f"{name} (", f"{label} (")
        raise SignatureMissing(request=request.id, who=who, who_zh=who_zh)


def rejection(request: Request, decision: Reject) -> Transition:
    """The step of a refusal; DecisionUnfounded without reason and basis."""
    step = transition(request, RequestAction.REJECT)
    if not decision.reason.strip() or not decision.legal_basis.strip():
        raise DecisionUnfounded(request=request.id)
    return step


def _check_limits(request: Request, quota: Quota, minimum_group: int) -> None:
    asked = request.terms
    if not (quota.sound() and quota.within(asked.quota)):
        raise _too_wide(request, "每日配额超出申请", "a daily quota above what was asked for")
    if not asked.minimum_group <= minimum_group <= LARGEST_MINIMUM:
        raise _too_wide(request, "最小分组小于申请", "smaller groups than were asked for")


def _check_width(
    request: Request,
    parts: tuple[Part, ...],
    begins: datetime,
    ends: datetime | None,
    catalogue: Catalogue,
    *,
    derivation: bool,
) -> None:
    terms = request.terms
    if not parts:
        raise _too_wide(request, "没有任何列", "it grants nothing; refuse it with a reason instead")
    for part in parts:
        if not within(part, terms.parts, catalogue.places):
            raise _too_wide(
                request,
                "列、区域或行条件超出申请",
                "columns, places or rows that were not asked for",
            )
    if not servable(parts, catalogue.contracts[terms.data_set], catalogue.places):
        raise _too_wide(
            request,
            "各部分的区域重叠、主键列仅供统计，或行条件不可用",
            "parts whose places overlap, a key for aggregates only, or a row filter that cannot be used",
        )
    if terms.expires is None or ends is None or ends > terms.expires or ends <= begins:
        raise _too_wide(request, "时限超出申请", "a period that was not asked for")
    if terms.not_before is not None and begins < terms.not_before:
        raise _too_wide(request, "起始时间早于申请", "a beginning earlier than asked for")
    if derivation and not terms.derivation:
        raise _too_wide(request, "未申请用于融合", "derivation, which was not asked for")


def _too_wide(request: Request, zh: str, en: str) -> DecisionTooWide:
    return DecisionTooWide(request=request.id, problem_zh=zh, problem=en)
