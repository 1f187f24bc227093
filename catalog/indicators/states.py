"""How a version of an indicator comes to be certified, and who takes each step.

The steps are one table. The lead department's stewards submit, the competent authority certifies or
returns, and never the person who submitted. A certified version ends by its successor or by being
retired; what it said of its time stays in force for that time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from catalog.actor import Actor, Duty, has
from catalog.directories import Party, authorities
from catalog.domain import Organisation
from catalog.errors import NotAllowed, in_english
from catalog.ids import DomainCode, IndicatorCode, OrganisationCode
from catalog.indicators.errors import IndicatorIncomplete, IndicatorRefused


class IndicatorState(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    CERTIFIED = "certified"
    SUPERSEDED = "superseded"


class IndicatorAction(StrEnum):
    PROPOSE = "propose"
    SUBMIT = "submit"
    RETURN = "return"
    CERTIFY = "certify"
    SUPERSEDE = "supersede"
    RETIRE = "retire"


@dataclass(frozen=True, slots=True)
class IndicatorStep:
    """`explained`: the step needs a reason. `independent`: not by the client that submitted."""

    source: IndicatorState
    action: IndicatorAction
    target: IndicatorState
    party: Party
    explained: bool = False
    independent: bool = False


_S, _A = IndicatorState, IndicatorAction
STEPS: tuple[IndicatorStep, ...] = (
    IndicatorStep(_S.DRAFT, _A.SUBMIT, _S.IN_REVIEW, Party.PROVIDER),
    IndicatorStep(_S.IN_REVIEW, _A.CERTIFY, _S.CERTIFIED, Party.AUTHORITY, independent=True),
    IndicatorStep(_S.IN_REVIEW, _A.RETURN, _S.DRAFT, Party.AUTHORITY, explained=True),
    IndicatorStep(_S.CERTIFIED, _A.RETIRE, _S.SUPERSEDED, Party.PROVIDER, explained=True),
)
_TABLE = {(step.source, step.action): step for step in STEPS}
STATE_LABELS: Mapping[IndicatorState, str] = {
    _S.DRAFT: "草稿",
    _S.IN_REVIEW: "审核中",
    _S.CERTIFIED: "已认证",
    _S.SUPERSEDED: "已被取代",
}
ACTION_LABELS: Mapping[IndicatorAction, str] = {
    _A.PROPOSE: "提出",
    _A.SUBMIT: "送审",
    _A.RETURN: "退回",
    _A.CERTIFY: "认证",
    _A.SUPERSEDE: "取代",
    _A.RETIRE: "停用",
}


@dataclass(frozen=True, slots=True)
class IndicatorVersion:
    """What the registry holds of one version beside its definition."""

    code: IndicatorCode
    version: int
    digest: str
    domain: DomainCode
    lead: OrganisationCode
    state: IndicatorState
    effective_from: date
    effective_to: date | None
    proposed_by: str
    proposed_at: datetime
    certified_by: str | None
    certified_at: datetime | None


@dataclass(frozen=True, slots=True)
class IndicatorEvent:
    code: IndicatorCode
    version: int
    action: IndicatorAction
    source: IndicatorState
    target: IndicatorState
    by: str
    organisation: OrganisationCode
    why: str
    at: datetime


def step_for(version: IndicatorVersion, action: IndicatorAction, why: str) -> IndicatorStep:
    """IndicatorRefused or IndicatorIncomplete says what to do."""
    step = _TABLE.get((version.state, action))
    if step is None:
        possible = [s.action for s in STEPS if s.source is version.state]
        raise IndicatorRefused(
            indicator=version.code,
            version=version.version,
            state=in_english(version.state),
            state_zh=STATE_LABELS[version.state],
            action=in_english(action),
            action_zh=ACTION_LABELS[action],
            possible=", ".join(map(in_english, possible)) or "nothing",
            possible_zh="、".join(ACTION_LABELS[a] for a in possible) or "无",
        )
    if step.explained and not why.strip():
        raise IndicatorIncomplete(
            indicator=version.code, action=in_english(action), action_zh=ACTION_LABELS[action]
        )
    return step


def check_actor(
    step: IndicatorStep,
    version: IndicatorVersion,
    actor: Actor,
    organisations: Mapping[OrganisationCode, Organisation],
    submitter: str | None,
) -> None:
    """NotAllowed unless the step is the actor's to make."""
    reviewers = authorities(version.lead, organisations)
    may = {
        Party.PROVIDER: actor.organisation == version.lead,
        Party.AUTHORITY: actor.organisation in reviewers,
    }
    if not may[step.party] or not has(actor, Duty.STEWARD):
        who = ", ".join(sorted(reviewers if step.party is Party.AUTHORITY else {version.lead}))
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
            needed="whoever submitted a version does not certify it; another steward does",
            needed_zh="送审人不能认证本人送审的指标，请由另一名数据管理员办理",
        )
