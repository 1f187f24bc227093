"""目录项: what an entry of the catalogue is, how it comes to be published, and what can be said of it.

The state changes are one table: who may make each, and what must be there first. The person who
publishes is never the one who submitted. The nine fields are those of State Council Decree 809,
art. 13. What people see of an entry is its last published wording; its state tells of the working
copy. 已编目, 已挂接, 已归集 and 已共享 are derived, never typed in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from catalog.actor import Actor, Duty, has
from catalog.contracts import Classification, Contract, Level, SharingKind
from catalog.domain import Organisation
from catalog.errors import EntryIncomplete, EntryRefused, NotAllowed, in_english
from catalog.ids import DatasetCode, DomainCode, OrganisationCode


class EntryState(StrEnum):
    DRAFT = "draft"
    DEPARTMENT_APPROVED = "department_approved"
    IN_REVIEW = "in_review"
    PUBLISHED = "published"
    CHANGE_DUE = "change_due"
    DEPRECATED = "deprecated"
    WITHDRAWN = "withdrawn"
    RETURNED = "returned"


class EntryAction(StrEnum):
    REVISE = "revise"
    APPROVE = "approve"
    SUBMIT = "submit"
    PUBLISH = "publish"
    RETURN = "return"
    REQUIRE_CHANGE = "require_change"
    DEPRECATE = "deprecate"
    WITHDRAW = "withdraw"


class Party(StrEnum):
    """Whose step it is. AUTHORITY is the competent authority of the provider's city."""

    PROVIDER = "provider"
    AUTHORITY = "authority"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class EntryStep:
    """`explained`: the step needs a reason. `independent`: not by the client that submitted."""

    source: EntryState
    action: EntryAction
    target: EntryState
    party: Party
    explained: bool = False
    independent: bool = False
    complete: bool = False


_S, _A, _P = EntryState, EntryAction, Party
STEPS: tuple[EntryStep, ...] = (
    EntryStep(_S.DRAFT, _A.REVISE, _S.DRAFT, _P.PROVIDER),
    EntryStep(_S.RETURNED, _A.REVISE, _S.DRAFT, _P.PROVIDER),
    EntryStep(_S.DEPARTMENT_APPROVED, _A.REVISE, _S.DRAFT, _P.PROVIDER),
    EntryStep(_S.IN_REVIEW, _A.REVISE, _S.DRAFT, _P.PROVIDER),
    EntryStep(_S.PUBLISHED, _A.REVISE, _S.CHANGE_DUE, _P.PROVIDER),
    EntryStep(_S.CHANGE_DUE, _A.REVISE, _S.CHANGE_DUE, _P.PROVIDER),
    EntryStep(_S.DRAFT, _A.APPROVE, _S.DEPARTMENT_APPROVED, _P.PROVIDER, complete=True),
    EntryStep(_S.CHANGE_DUE, _A.APPROVE, _S.DEPARTMENT_APPROVED, _P.PROVIDER, complete=True),
    EntryStep(_S.DEPARTMENT_APPROVED, _A.SUBMIT, _S.IN_REVIEW, _P.PROVIDER, complete=True),
    EntryStep(
        _S.IN_REVIEW, _A.PUBLISH, _S.PUBLISHED, _P.AUTHORITY, independent=True, complete=True
    ),
    EntryStep(_S.IN_REVIEW, _A.RETURN, _S.RETURNED, _P.AUTHORITY, explained=True),
    EntryStep(_S.PUBLISHED, _A.REQUIRE_CHANGE, _S.CHANGE_DUE, _P.EITHER, explained=True),
    EntryStep(_S.PUBLISHED, _A.DEPRECATE, _S.DEPRECATED, _P.PROVIDER, explained=True),
    EntryStep(_S.CHANGE_DUE, _A.DEPRECATE, _S.DEPRECATED, _P.PROVIDER, explained=True),
    EntryStep(_S.DEPRECATED, _A.WITHDRAW, _S.WITHDRAWN, _P.AUTHORITY, explained=True),
)
_TABLE: Mapping[tuple[EntryState, EntryAction], EntryStep] = {
    (step.source, step.action): step for step in STEPS
}

STATE_LABELS: Mapping[EntryState, str] = {
    _S.DRAFT: "草稿",
    _S.DEPARTMENT_APPROVED: "部门已审",
    _S.IN_REVIEW: "主管部门审核中",
    _S.PUBLISHED: "已发布",
    _S.CHANGE_DUE: "待变更",
    _S.DEPRECATED: "已停止更新",
    _S.WITHDRAWN: "已撤销",
    _S.RETURNED: "已退回",
}
ACTION_LABELS: Mapping[EntryAction, str] = {
    _A.REVISE: "修改",
    _A.APPROVE: "部门审定",
    _A.SUBMIT: "送审",
    _A.PUBLISH: "发布",
    _A.RETURN: "退回",
    _A.REQUIRE_CHANGE: "要求变更",
    _A.DEPRECATE: "停止更新",
    _A.WITHDRAW: "撤销",
}


@dataclass(frozen=True, slots=True)
class EntryFields:
    """The nine fields of art. 13 and the two assessments that publishing needs."""

    name: str
    data_items: tuple[str, ...]
    provider: OrganisationCode
    format: str
    update_frequency: str
    sharing_kind: SharingKind
    sharing_mode: str
    conditions_of_use: str
    classification: Classification
    secrecy: str = ""
    personal_information: str = ""


FIELD_LABELS: Mapping[str, str] = {
    "name": "目录名称",
    "data_items": "数据项",
    "provider": "提供部门",
    "format": "数据格式",
    "update_frequency": "更新频率",
    "sharing_kind": "共享属性",
    "sharing_mode": "共享方式",
    "conditions_of_use": "使用条件",
    "classification": "数据分级",
    "secrecy": "保密审查",
    "personal_information": "个人信息评估",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """`published` is None until the first publication; `head` signed off the working copy."""

    code: str
    fields: EntryFields
    published: EntryFields | None
    state: EntryState
    level: Level
    domain: DomainCode | None
    data_set: DatasetCode | None
    head: str | None
    signed_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @property
    def listed(self) -> bool:
        """Whether people find it in the catalogue."""
        return self.published is not None and self.state is not EntryState.WITHDRAWN


@dataclass(frozen=True, slots=True)
class EntryEvent:
    entry: str
    action: EntryAction
    source: EntryState
    target: EntryState
    by: str
    organisation: OrganisationCode
    why: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """已编目, 已挂接, 已归集, 已共享."""

    catalogued: bool
    attached: bool
    collected: bool
    shared: bool


def facts(
    entry: Entry,
    *,
    attached: frozenset[DatasetCode],
    collected: frozenset[DatasetCode],
    granted: frozenset[DatasetCode],
) -> Facts:
    """`attached`: sets with a live resource; `collected`: with a published load; `granted`: with an
    active grant.
    """
    data_set = entry.data_set
    published = entry.published if entry.listed else None
    open_to_all = published is not None and published.sharing_kind is SharingKind.UNCONDITIONAL
    return Facts(
        catalogued=published is not None,
        attached=data_set in attached,
        collected=data_set in collected,
        shared=open_to_all or data_set in granted,
    )


def missing_fields(fields: EntryFields) -> tuple[str, ...]:
    """The names of the empty fields, in the order of the template."""
    return tuple(name for name in FIELD_LABELS if not getattr(fields, name))


def step_for(
    entry: Entry,
    action: EntryAction,
    *,
    why: str = "",
) -> EntryStep:
    """The row of the table, its conditions met; EntryRefused or EntryIncomplete says what to do."""
    step = _TABLE.get((entry.state, action))
    if step is None:
        possible = [s.action for s in STEPS if s.source is entry.state]
        raise EntryRefused(
            entry=entry.code,
            state=in_english(entry.state),
            state_zh=STATE_LABELS[entry.state],
            action=in_english(action),
            action_zh=ACTION_LABELS[action],
            possible=", ".join(map(in_english, possible)) or "nothing",
            possible_zh="、".join(ACTION_LABELS[a] for a in possible) or "无",
        )
    missing = list(missing_fields(entry.fields)) if step.complete else []
    labels = [FIELD_LABELS[name] for name in missing]
    if step.explained and not why.strip():
        missing, labels = [*missing, "a reason"], [*labels, "理由"]
    if missing:
        raise EntryIncomplete(
            entry=entry.code, missing=", ".join(missing), missing_zh="、".join(labels)
        )
    return step


def authorities(
    provider: OrganisationCode, organisations: Mapping[OrganisationCode, Organisation]
) -> frozenset[OrganisationCode]:
    """Who reviews a provider's entries: its authority; for one without, the city's authorities."""
    own = organisations[provider].authority if provider in organisations else None
    if own is not None:
        return frozenset({own})
    return frozenset(o.authority for o in organisations.values() if o.authority is not None)


def check_actor(
    step: EntryStep,
    entry: Entry,
    actor: Actor,
    organisations: Mapping[OrganisationCode, Organisation],
    submitter: str | None,
) -> None:
    """NotAllowed unless the step is the actor's to make."""
    provider = entry.fields.provider
    reviewers = authorities(provider, organisations)
    duties = {
        Party.PROVIDER: actor.organisation == provider and has(actor, Duty.STEWARD, Duty.PUBLISHER),
        Party.AUTHORITY: actor.organisation in reviewers and has(actor, Duty.STEWARD),
    }
    duties[Party.EITHER] = any(duties.values())
    if step.action is EntryAction.REVISE and has(actor, Duty.OPERATOR):
        return
    if not duties[step.party]:
        who = ", ".join(sorted(reviewers if step.party is Party.AUTHORITY else {provider}))
        raise NotAllowed(
            action=in_english(step.action),
            action_zh=ACTION_LABELS[step.action],
            needed=f"a steward of {who} does it",
            needed_zh=f"应由 {who} 的数据管理员办理",
        )
    if step.independent and actor.client == submitter:
        raise NotAllowed(
            action=in_english(step.action),
            action_zh=ACTION_LABELS[step.action],
            needed="whoever submitted an entry does not publish it; another steward does",
            needed_zh="送审人不能发布本人送审的目录，请由另一名数据管理员办理",
        )


def fields_of(contract: Contract) -> EntryFields:
    """What a contract says of its entry; the assessments are made by people."""
    return EntryFields(
        name=contract.title,
        data_items=data_items("；".join(column.label for column in contract.columns)),
        provider=contract.provider,
        format=contract.sharing.format,
        update_frequency=contract.sharing.update_frequency,
        sharing_kind=contract.sharing.kind,
        sharing_mode=contract.sharing.mode,
        conditions_of_use=contract.sharing.conditions_of_use,
        classification=contract.sharing.classification,
    )


def data_items(text: str) -> tuple[str, ...]:
    """The items of one cell: parted by ；, ; or a new line; by 、 where there is none of these."""
    for mark in (";", "\n"):
        text = text.replace(mark, "；")
    items = [item.strip() for item in text.split("；")]
    if len([item for item in items if item]) == 1:
        items = [item.strip() for item in "".join(items).split("、")]
    return tuple(item for item in items if item)
