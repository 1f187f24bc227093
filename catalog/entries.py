"""Catalogue entries in the registry: reading them as values, and the steps that change them.

Every step leaves an event: who, what, from where to where, when and why.
"""

from collections.abc import Mapping
from dataclasses import asdict

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from catalog.contracts import Classification, Level, SharingKind
from catalog.directories import (
    Entry,
    EntryAction,
    EntryEvent,
    EntryFields,
    EntryState,
    EntryStep,
    check_actor,
    step_for,
)
from catalog.domain import Organisation
from catalog.errors import UnknownEntry
from catalog.ids import DatasetCode, DomainCode, OrganisationCode
from catalog.models import EntryEventRow, EntryRow, OrganisationRow
from catalog.writing import Writing

Organisations = Mapping[OrganisationCode, Organisation]


def organisations(session: Session) -> dict[OrganisationCode, Organisation]:
    rows = session.scalars(select(OrganisationRow))
    return {OrganisationCode(row.code): _organisation(row) for row in rows}


def entry_row(session: Session, code: str) -> EntryRow:
    """UnknownEntry when there is none."""
    row = session.get(EntryRow, code)
    if row is None:
        raise UnknownEntry(entry=code)
    return row


def entry_of(row: EntryRow) -> Entry:
    return Entry(
        code=row.code,
        fields=fields_from({name: getattr(row, name) for name in EntryFields.__dataclass_fields__}),
        published=None if row.published is None else fields_from(row.published),
        state=EntryState(row.state),
        level=Level(row.level),
        domain=None if row.domain is None else DomainCode(row.domain),
        data_set=None if row.data_set is None else DatasetCode(row.data_set),
        head=row.head,
        signed_at=row.signed_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def event_of(row: EntryEventRow) -> EntryEvent:
    return EntryEvent(
        entry=row.entry,
        action=EntryAction(row.action),
        source=EntryState(row.source),
        target=EntryState(row.target),
        by=row.by,
        organisation=OrganisationCode(row.organisation),
        why=row.why,
        at=row.at,
    )


def fields_from(values: Mapping[str, object]) -> EntryFields:
    """The fields from a row's or a snapshot's values."""
    items = values["data_items"]
    return EntryFields(
        name=str(values["name"]),
        data_items=tuple(map(str, items)) if isinstance(items, list | tuple) else (),
        provider=OrganisationCode(str(values["provider"])),
        format=str(values["format"]),
        update_frequency=str(values["update_frequency"]),
        sharing_kind=SharingKind(str(values["sharing_kind"])),
        sharing_mode=str(values["sharing_mode"]),
        conditions_of_use=str(values["conditions_of_use"]),
        classification=Classification(str(values["classification"])),
        secrecy=str(values["secrecy"]),
        personal_information=str(values["personal_information"]),
    )


def new_entry(
    writing: Writing,
    code: str,
    fields: EntryFields,
    *,
    level: Level,
    why: str,
    domain: DomainCode | None = None,
    data_set: DatasetCode | None = None,
) -> EntryRow:
    row = EntryRow(
        code=code,
        level=level,
        domain=domain,
        data_set=data_set,
        state=EntryState.DRAFT,
        published=None,
        head=None,
        signed_at=None,
        created_at=writing.at,
        updated_at=writing.at,
    )
    _write_fields(row, fields)
    writing.session.add(row)
    writing.session.flush()
    _record(writing, row, EntryAction.REVISE, EntryState.DRAFT, why)
    return row


def revise(
    writing: Writing, row: EntryRow, fields: EntryFields, *, known: Organisations, why: str
) -> None:
    """New wording of the working copy: a sign-off given before does not cover it."""
    entry = entry_of(row)
    step = step_for(entry, EntryAction.REVISE)
    check_actor(step, entry, writing.actor, known, None)
    _write_fields(row, fields)
    row.head, row.signed_at = None, None
    _move(writing, row, step, why)


def take(writing: Writing, row: EntryRow, action: EntryAction, why: str) -> EntryStep:
    """One step of the entry's state machine, checked and recorded."""
    known = organisations(writing.session)
    entry = entry_of(row)
    step = step_for(entry, action, why=why)
    check_actor(step, entry, writing.actor, known, _submitter(writing.session, row.code))
    if action is EntryAction.APPROVE:
        row.head, row.signed_at = known[entry.fields.provider].head, writing.at
    if action is EntryAction.PUBLISH:
        row.published = {
            **asdict(entry.fields),
            "data_items": list(entry.fields.data_items),
        }
    _move(writing, row, step, why)
    return step


def _move(writing: Writing, row: EntryRow, step: EntryStep, why: str) -> None:
    source = EntryState(row.state)
    row.state, row.updated_at = step.target, writing.at
    writing.session.flush()
    _record(writing, row, step.action, source, why)


def _record(
    writing: Writing, row: EntryRow, action: EntryAction, source: EntryState, why: str
) -> None:
    writing.session.add(
        EntryEventRow(
            entry=row.code,
            action=action,
            source=source,
            target=row.state,
            by=writing.actor.client,
            organisation=writing.actor.organisation,
            why=why,
            at=writing.at,
        )
    )


def _submitter(session: Session, code: str) -> str | None:
    latest = (
        select(func.max(EntryEventRow.id))
        .where(EntryEventRow.entry == code, EntryEventRow.action == EntryAction.SUBMIT)
        .scalar_subquery()
    )
    return session.scalar(select(EntryEventRow.by).where(EntryEventRow.id == latest))


def _write_fields(row: EntryRow, fields: EntryFields) -> None:
    for name in EntryFields.__dataclass_fields__:
        value = getattr(fields, name)
        setattr(row, name, list(value) if name == "data_items" else value)


def _organisation(row: OrganisationRow) -> Organisation:
    return Organisation.model_validate(
        {name: getattr(row, name) for name in Organisation.model_fields}
    )
