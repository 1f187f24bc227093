"""Takes a domain that was just imported through the steps of publication, each by whom it belongs to.

For a city that starts from files: the same checks hold as when people take the steps one by one.
Steps that were taken before are not taken again.
"""

from collections.abc import Callable
from dataclasses import dataclass

from catalog.actor import Actor
from catalog.directories import Entry, EntryAction, EntryState
from catalog.domain import Domain
from catalog.ids import OrganisationCode
from catalog.store import CatalogueStore

NEXT = {
    EntryState.DRAFT: EntryAction.APPROVE,
    EntryState.CHANGE_DUE: EntryAction.APPROVE,
    EntryState.DEPARTMENT_APPROVED: EntryAction.SUBMIT,
    EntryState.IN_REVIEW: EntryAction.PUBLISH,
}
WHY = "随城市目录文件启用"


@dataclass(frozen=True, slots=True)
class Officers:
    """Who acts for an organisation: its steward, and a different person who reviews for it."""

    steward: Callable[[OrganisationCode], Actor]
    reviewer: Callable[[OrganisationCode], Actor]
    secrecy: str = "经审查，不涉及国家秘密"
    personal_information: str = "已评估，按数据分级控制使用"


def adopt(store: CatalogueStore, domain: Domain, officers: Officers) -> tuple[Entry, ...]:
    """The domain's entries, published unless they were returned, deprecated or withdrawn."""
    return tuple(_adopt(store, contract.data_set, officers) for contract in domain.contracts)


def _adopt(store: CatalogueStore, code: str, officers: Officers) -> Entry:
    entry = store.entry(code)
    provider = entry.fields.provider
    steward, reviewer = officers.steward(provider), officers.reviewer(provider)
    if entry.state in {EntryState.DRAFT, EntryState.CHANGE_DUE} and not (
        entry.fields.secrecy and entry.fields.personal_information
    ):
        entry = store.assess(
            code,
            steward,
            secrecy=officers.secrecy,
            personal_information=officers.personal_information,
        )
    while (action := NEXT.get(entry.state)) is not None:
        by = reviewer if action is EntryAction.PUBLISH else steward
        entry = store.advance(code, action, by, WHY)
    return entry
