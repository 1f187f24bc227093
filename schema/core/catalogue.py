"""The catalogue: what is shared in the city, by whom and how; before and beside any grant.

People see an entry's published wording; those who keep it or review it see the working copy too, and
the steps with their reasons.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import strawberry

from access.principal import Principal
from catalog.catalogue import Catalogue
from catalog.contracts import (
    Classification,
    Column,
    ColumnType,
    Contract,
    Level,
    SharingKind,
    camel,
)
from catalog.directories import (
    STATE_LABELS,
    Entry,
    EntryAction,
    EntryFields,
    EntryState,
    Facts,
    authorities,
    facts,
)
from catalog.errors import UnknownEntry
from catalog.ids import DatasetCode, OrganisationCode
from catalog.interfaces.interface import ListOf
from schema.context import Info, Services, blocking
from schema.core.offer import to_all
from schema.core.page import page
from schema.data.preview import sdl_of

ANSWER_DAYS = {SharingKind.UNCONDITIONAL: 1, SharingKind.CONDITIONAL: 10}
"""Working days the law allows for an answer (Decree 809, art. 21)."""


@strawberry.enum(description="资源类型。The kind of what an entry offers.")
class Resource(StrEnum):
    DATA_SET = "data_set"
    INTERFACE = "interface"


@strawberry.type(description="提供部门的联系方式。Whom to ask.")
class ProviderContact:
    code: str
    name: str
    name_en: str
    office_head: str = strawberry.field(description="共享工作负责人（签字人）。")
    answer_working_days: int | None = strawberry.field(
        description="依法应在几个工作日内答复。Working days to an answer; null when not shared."
    )


@strawberry.type(description="一个数据项。A column of the data set.")
class CatalogueColumn:
    name: str = strawberry.field(description="查询字段名。")
    label: str
    header: str = strawberry.field(description="来源系统中的列名。")
    kind: str
    unit: str | None
    datum: str | None
    classification: Classification
    required: bool


@strawberry.type(description="目录项的办理记录。One step of an entry.")
class EntryStep:
    action: EntryAction
    state: EntryState = strawberry.field(description="此步之后的状态。The state after it.")
    by: str
    organisation: str
    why: str
    at: datetime


async def _steps(root: strawberry.Parent["CatalogueEntry"], info: Info) -> list[EntryStep]:
    services, principal = info.context.services, info.context.principal

    def found() -> list[EntryStep]:
        entry = services.store.entry(root.code)
        if not _keeps(entry, principal, services.catalogue()):
            return []
        return [
            EntryStep(
                action=step.action,
                state=step.target,
                by=step.by,
                organisation=step.organisation,
                why=step.why,
                at=step.at,
            )
            for step in services.store.history(entry.code)
        ]

    return await blocking(found)


@strawberry.type(description="目录项。An entry of the catalogue.")
class CatalogueEntry:
    code: str
    name: str
    state: EntryState
    state_label: str
    level: Level
    data_items: list[str]
    provider: ProviderContact
    format: str
    update_frequency: str
    sharing_kind: SharingKind
    sharing_mode: str
    conditions_of_use: str
    classification: Classification
    data_set: str | None = strawberry.field(description="数据集的查询字段名。")
    resource: Resource = strawberry.field(
        description="数据集或服务接口。What a grant gives: rows that are kept here, or a live service."
    )
    columns: list[CatalogueColumn]
    sdl: str | None = strawberry.field(
        description="获授权后可见的类型。The type a grant would show."
    )
    catalogued: bool = strawberry.field(description="已编目")
    attached: bool = strawberry.field(description="已挂接")
    collected: bool = strawberry.field(description="已归集")
    shared: bool = strawberry.field(description="已共享")
    steps: list[EntryStep] = strawberry.field(
        resolver=_steps,
        description="办理记录，旧的在前；仅供提供部门及其主管部门。"
        "The steps, oldest first; none but for those who keep or review the entry.",
    )


async def catalogue_entries(
    info: Info,
    search: str | None = None,
    state: EntryState | None = None,
    limit: int = 50,
    offset: int = 0,
) -> list[CatalogueEntry]:
    """按名称、编码或数据项检索目录。Search the catalogue by name, code or data item."""
    start, end = page(limit, offset)
    services, principal = info.context.services, info.context.principal

    def found() -> list[CatalogueEntry]:
        entries = services.store.entries(
            search,
            state,
            kept=_kept(principal, services.catalogue()),
            limit=end - start,
            offset=start,
        )
        return _views(entries, services, principal)

    return await blocking(found)


async def catalogue_entry(info: Info, code: str) -> CatalogueEntry:
    """一个目录项。One entry of the catalogue."""
    services, principal = info.context.services, info.context.principal

    def found() -> CatalogueEntry:
        entry = services.store.entry(code)
        if not _may_see(entry, principal, services.catalogue()):
            raise UnknownEntry(entry=code)
        return view_of(entry, services, principal)

    return await blocking(found)


QUERIES = to_all(catalogue_entries, catalogue_entry)


def view_of(entry: Entry, services: Services, principal: Principal) -> CatalogueEntry:
    """Blocking."""
    return _views((entry,), services, principal)[0]


def _views(
    entries: Iterable[Entry], services: Services, principal: Principal
) -> list[CatalogueEntry]:
    """What is known of all data sets is asked once, however many entries there are."""
    catalogue = services.catalogue()
    attached, collected = _attached(catalogue), frozenset(services.engine.latest())
    granted = services.sharing.granted_data_sets()
    return [
        _view(
            entry,
            facts(entry, attached=attached, collected=collected, granted=granted),
            catalogue,
            principal,
        )
        for entry in entries
    ]


def _view(
    entry: Entry, derived: Facts, catalogue: Catalogue, principal: Principal
) -> CatalogueEntry:
    fields = _wording(entry, principal, catalogue)
    contract = catalogue.contracts.get(entry.data_set) if entry.data_set else None
    return CatalogueEntry(
        code=entry.code,
        name=fields.name,
        state=entry.state,
        state_label=STATE_LABELS[entry.state],
        level=entry.level,
        data_items=list(fields.data_items),
        provider=_contact(fields, catalogue),
        format=fields.format,
        update_frequency=fields.update_frequency,
        sharing_kind=fields.sharing_kind,
        sharing_mode=fields.sharing_mode,
        conditions_of_use=fields.conditions_of_use,
        classification=fields.classification,
        data_set=camel(entry.data_set) if entry.data_set else None,
        resource=Resource.INTERFACE
        if entry.data_set in catalogue.interfaces
        else Resource.DATA_SET,
        columns=_columns(entry, catalogue),
        sdl=sdl_of(contract, catalogue) if contract else None,
        catalogued=derived.catalogued,
        attached=derived.attached,
        collected=derived.collected,
        shared=derived.shared,
    )


def _may_see(entry: Entry, principal: Principal, catalogue: Catalogue) -> bool:
    return entry.listed or _keeps(entry, principal, catalogue)


def _keeps(entry: Entry, principal: Principal, catalogue: Catalogue) -> bool:
    return entry.fields.provider in _kept(principal, catalogue)


def _kept(principal: Principal, catalogue: Catalogue) -> frozenset[OrganisationCode]:
    """The providers whose entries the caller keeps or reviews."""
    own, known = principal.organisation, catalogue.organisations
    return frozenset({own, *(code for code in known if own in authorities(code, known))})


def _wording(entry: Entry, principal: Principal, catalogue: Catalogue) -> EntryFields:
    if entry.published is None or _keeps(entry, principal, catalogue):
        return entry.fields
    return entry.published


def _contact(fields: EntryFields, catalogue: Catalogue) -> ProviderContact:
    provider = catalogue.organisations.get(fields.provider)
    return ProviderContact(
        code=fields.provider,
        name=provider.name if provider else fields.provider,
        name_en=provider.name_en if provider else fields.provider,
        office_head=provider.head if provider else "",
        answer_working_days=ANSWER_DAYS.get(fields.sharing_kind),
    )


def _columns(entry: Entry, catalogue: Catalogue) -> list[CatalogueColumn]:
    contract = catalogue.contracts.get(entry.data_set) if entry.data_set else None
    return [
        CatalogueColumn(
            name=camel(column.name),
            label=column.label,
            header=column.header,
            kind=_kind(contract, column),
            unit=column.unit,
            datum=column.datum.value if column.datum else None,
            classification=column.classification,
            required=column.required,
        )
        for column in (contract.columns if contract else ())
    ]


def _kind(contract: Contract | None, column: Column) -> str:
    """What is nested in an interface's answer is a list or an object."""
    if contract is not None and contract.interface is not None:
        shape = contract.interface.member(column.name).shape
        if not isinstance(shape, ColumnType):
            return "list" if isinstance(shape, ListOf) else "object"
    return column.type.kind.value


def _attached(catalogue: Catalogue) -> frozenset[DatasetCode]:
    fed = {feed.data_set for source in catalogue.sources for feed in source.feeds}
    return frozenset(fed | set(catalogue.derivations) | set(catalogue.interfaces))
