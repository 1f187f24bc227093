"""What may happen to a grant after it was given: suspended, resumed, revoked.

Misuse is answered by suspension, then by the end (art. 27). Who: a steward of the provider or of the
competent authority, always with a reason. A revoked grant stays revoked: wanting it again is a new
request. Revoking one that was to replace another and has not begun keeps the other.
"""

from collections.abc import Mapping

from catalog.actor import Duty, has
from catalog.catalogue import Catalogue
from catalog.directories import authorities
from catalog.errors import NotAllowed, in_english
from catalog.ids import GrantId, OrganisationCode
from catalog.models import GrantHolderRow
from catalog.sharing.errors import GrantStepRefused
from catalog.sharing.grant import GrantEvent
from catalog.sharing.ledger import GrantHistory, GrantState, history, request_row
from catalog.sharing.steps import restore, write_event
from catalog.writing import Writing

GRANT_LABELS: Mapping[GrantEvent, str] = {
    GrantEvent.SUSPENDED: "暂停授权",
    GrantEvent.ACTIVATED: "恢复授权",
    GrantEvent.REVOKED: "终止授权",
}
DEEDS: Mapping[GrantEvent, str] = {
    GrantEvent.SUSPENDED: "suspend this grant",
    GrantEvent.ACTIVATED: "resume this grant",
    GrantEvent.REVOKED: "revoke this grant",
}
STATE_LABELS: Mapping[GrantState, str] = {
    GrantState.PENDING: "未生效",
    GrantState.ACTIVE: "生效中",
    GrantState.SUSPENDED: "已暂停",
    GrantState.REVOKED: "已终止",
    GrantState.EXPIRED: "已到期",
}
STEPS: Mapping[GrantEvent, frozenset[GrantState]] = {
    GrantEvent.SUSPENDED: frozenset({GrantState.ACTIVE, GrantState.PENDING}),
    GrantEvent.ACTIVATED: frozenset({GrantState.SUSPENDED}),
    GrantEvent.REVOKED: frozenset({GrantState.ACTIVE, GrantState.PENDING, GrantState.SUSPENDED}),
}
"""From which states each event may follow."""


def change_grant(
    writing: Writing, grant: GrantId, event: GrantEvent, reason: str, catalogue: Catalogue
) -> GrantHistory:
    session, held = writing.session, history(writing.session, grant)
    provider = OrganisationCode(request_row(session, held.grant.request).provider)
    _check_step(held, event, writing, reason)
    able = {provider} | authorities(provider, catalogue.organisations)
    if writing.actor.organisation not in able or not has(writing.actor, Duty.STEWARD):
        raise NotAllowed(
            action=DEEDS[event],
            action_zh=GRANT_LABELS[event],
            needed=f"a steward of {', '.join(sorted(able))} does it",
            needed_zh=f"应由 {'、'.join(sorted(able))} 的数据管理员办理",
        )
    pending = held.state(writing.at) is GrantState.PENDING
    write_event(writing, grant, event, reason.strip())
    if event is GrantEvent.REVOKED:
        kept = restore(writing, held.grant) if pending else None
        key = (held.grant.client, held.grant.data_set, held.grant.purpose)
        holder = session.get(GrantHolderRow, key)
        if holder is not None and holder.grant == grant:
            if kept is not None:
                holder.grant = kept
            else:
                session.delete(holder)
    session.flush()
    return history(session, grant)


def _check_step(held: GrantHistory, event: GrantEvent, writing: Writing, reason: str) -> None:
    state = held.state(writing.at)
    if state not in STEPS.get(event, frozenset()):
        raise GrantStepRefused(
            grant=held.grant.id,
            state=in_english(state),
            state_zh=STATE_LABELS[state],
            action=DEEDS.get(event, in_english(event)),
            action_zh=GRANT_LABELS.get(event, event),
        )
    if not reason.strip():
        raise NotAllowed(
            action=DEEDS[event],
            action_zh=GRANT_LABELS[event],
            needed="it needs a reason",
            needed_zh="须写明理由",
        )
