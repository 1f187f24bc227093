"""The catalogue in the registry: the only way in for what is declared, catalogued and published.

Values cross this border, rows never do. What is served is the catalogue of published contracts;
proposals, drafts and reviews change nothing of it until the competent authority publishes.
"""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from catalog.actor import Actor
from catalog.catalogue import Catalogue
from catalog.changes import version_of
from catalog.clock import Clock
from catalog.declared import VersionState, current_derivations, current_sources
from catalog.directories import Entry, EntryAction, EntryEvent, EntryState
from catalog.domain import Domain, Organisation
from catalog.entries import entry_of, entry_row, event_of, organisations, revise, take
from catalog.epoch import Epoch, Listener
from catalog.errors import BreakingChange, UnknownDataSet
from catalog.ids import DatasetCode, OrganisationCode
from catalog.imports import (
    Imported,
    import_domain,
    import_organisations,
    known_digests,
    latest_contracts,
    proposed_contract,
    publish_versions,
)
from catalog.models import (
    ContractVersionRow,
    DeclaredRow,
    EntryEventRow,
    EntryRow,
    GrantHolderRow,
    GrantRow,
    PlaceVersionRow,
)
from catalog.places import Places, read_places
from catalog.search import matching, visible
from catalog.stored import Contracts
from catalog.writing import Writer, Writing
from registry.store import Registry

if TYPE_CHECKING:
    from catalog.workbook import WorkbookReport

MARK = select(
    select(func.max(EntryEventRow.id)).scalar_subquery(),
    select(func.max(PlaceVersionRow.number)).scalar_subquery(),
    select(func.count()).select_from(DeclaredRow).scalar_subquery(),
)
"""Differs after every change of what is served: each step of an entry leaves an event."""


@dataclass(frozen=True, slots=True)
class ContractVersion:
    data_set: DatasetCode
    version: str
    digest: str
    state: VersionState
    proposed_by: str
    proposed_at: datetime
    published_at: datetime | None


class CatalogueStore:
    def __init__(self, registry: Registry, clock: Clock) -> None:
        self._registry = registry
        self._epoch = Epoch()
        self._writer = Writer(registry, clock, self._epoch, MARK)
        self._lock = Lock()
        self._loaded: tuple[int, Catalogue] | None = None
        self._places: tuple[str, Places] | None = None
        self._contracts = Contracts()

    @property
    def epoch(self) -> int:
        """Moves with each committed change of this process."""
        return self._epoch.number

    def listen(self, listener: Listener) -> None:
        self._epoch.listen(listener)

    def look_again(self) -> None:
        """Another process says that it has changed something; memory only."""
        self._epoch.bump()

    # -- declared files ------------------------------------------------------------------------

    def import_organisations(self, declared: Iterable[Organisation], by: Actor) -> int:
        """How many are new or changed."""
        with self._writer.write("organisations", by) as writing:
            return import_organisations(writing, declared)

    def import_places(self, file: Path, by: Actor) -> int:
        """The number of the current place version; a known file changes nothing."""
        text = file.read_text("utf-8")
        digest = hashlib.sha256(text.encode()).hexdigest()
        places = read_places(file, text)
        with self._writer.write("places", by) as writing:
            session = writing.session
            latest = session.scalar(select(func.max(PlaceVersionRow.number))) or 0
            if session.scalar(
                select(PlaceVersionRow.number).where(PlaceVersionRow.digest == digest)
            ):
                return latest
            session.add(
                PlaceVersionRow(
                    number=latest + 1,
                    digest=digest,
                    places=len(places),
                    content=text,
                    imported_by=by.client,
                    imported_at=writing.at,
                )
            )
            return latest + 1

    def import_domain(self, domain: Domain, by: Actor) -> tuple[Imported, ...]:
        """All of it or, at the first DeclarationError, nothing."""
        with self._writer.write(domain.code, by) as writing:
            return import_domain(writing, domain, self._contracts)

    def known_digests(self) -> dict[str, DatasetCode]:
        """Of the contract files that were imported before; see `read_domain`."""
        with self._registry.read() as session:
            return known_digests(session)

    def contract_versions(self, data_set: DatasetCode) -> tuple[ContractVersion, ...]:
        """Newest first."""
        with self._registry.read() as session:
            rows = session.scalars(
                select(ContractVersionRow).where(ContractVersionRow.data_set == data_set)
            )
            versions = [_version(row) for row in rows]
        return tuple(sorted(versions, key=lambda v: version_of(v.version), reverse=True))

    def export_contract(self, data_set: DatasetCode, version: str | None = None) -> str:
        """The ODCS file of a version (default: the published one), as it was imported."""
        wanted = (
            ContractVersionRow.state == VersionState.PUBLISHED
            if version is None
            else ContractVersionRow.version == version
        )
        with self._registry.read() as session:
            text = session.scalar(
                select(ContractVersionRow.text).where(
                    ContractVersionRow.data_set == data_set, wanted
                )
            )
        if text is None:
            raise UnknownDataSet(data_set=data_set)
        return text

    # -- what is served ------------------------------------------------------------------------

    def load(self) -> Catalogue:
        """The catalogue of published contracts; the same value until something changes."""
        self._writer.look()
        with self._lock:
            epoch = self.epoch
            if self._loaded is None or self._loaded[0] != epoch:
                with self._registry.read() as session:
                    self._loaded = epoch, self._read_catalogue(session)
            return self._loaded[1]

    def recall(self) -> Catalogue | None:
        """What `load` would give, where it would ask nobody; memory only, so fit for the event loop."""
        loaded = self._loaded
        if loaded is None or loaded[0] != self.epoch or not self._writer.has_looked:
            return None
        return loaded[1]

    def fresh(self) -> Catalogue:
        """As `load`, whichever process made the last change."""
        with self._lock, self._registry.read() as session:
            self._loaded = self.epoch, self._read_catalogue(session)
            return self._loaded[1]

    def newest(self) -> Catalogue:
        """As `load`, with the newest version of each contract, published or not: what may be named."""
        with self._registry.read() as session:
            return Catalogue(
                contracts=latest_contracts(session, self._contracts),
                organisations=organisations(session),
                places=self._read_places(session),
            )

    def _read_catalogue(self, session: Session) -> Catalogue:
        rows = session.scalars(
            select(ContractVersionRow)
            .join(EntryRow, EntryRow.data_set == ContractVersionRow.data_set)
            .where(
                ContractVersionRow.state == VersionState.PUBLISHED,
                EntryRow.state != EntryState.WITHDRAWN,
            )
            .order_by(ContractVersionRow.data_set)
        )
        contracts = {DatasetCode(row.data_set): self._contracts.of(row) for row in rows}
        derivations = current_derivations(session)
        return Catalogue(
            contracts=contracts,
            organisations=organisations(session),
            places=self._read_places(session),
            derivations={code: d for code, d in derivations.items() if code in contracts},
            sources=current_sources(session),
        )

    def _read_places(self, session: Session) -> Places:
        latest = select(func.max(PlaceVersionRow.number)).scalar_subquery()
        digest = session.scalar(
            select(PlaceVersionRow.digest).where(PlaceVersionRow.number == latest)
        )
        if digest is None:
            return Places(())
        if self._places is None or self._places[0] != digest:
            text = session.scalar(
                select(PlaceVersionRow.content).where(PlaceVersionRow.digest == digest)
            )
            self._places = digest, read_places(Path("places.csv"), text)
        return self._places[1]

    # -- entries -------------------------------------------------------------------------------

    def entries(
        self,
        search: str | None = None,
        state: EntryState | None = None,
        *,
        provider: OrganisationCode | None = None,
        kept: Collection[OrganisationCode] | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> tuple[Entry, ...]:
        """By code. `search` is a part of the code, the name or a data item; `kept`: the providers whose
        working copies the reader sees, of all others only what is listed (None: everything).
        """
        statement = select(EntryRow).where(visible(kept)).order_by(EntryRow.code)
        if search:
            dialect = self._registry.engine.dialect.name
            statement = statement.where(matching(search, kept, dialect))
        if state is not None:
            statement = statement.where(EntryRow.state == state)
        if provider is not None:
            statement = statement.where(EntryRow.provider == provider)
        with self._registry.read() as session:
            rows = session.scalars(statement.offset(offset).limit(limit))
            return tuple(map(entry_of, rows))

    def entry(self, code: str) -> Entry:
        """UnknownEntry when there is none."""
        with self._registry.read() as session:
            return entry_of(entry_row(session, code))

    def history(self, code: str) -> tuple[EntryEvent, ...]:
        """Every step of an entry, oldest first."""
        with self._registry.read() as session:
            entry_row(session, code)
            rows = session.scalars(
                select(EntryEventRow).where(EntryEventRow.entry == code).order_by(EntryEventRow.id)
            )
            return tuple(map(event_of, rows))

    def advance(self, code: str, action: EntryAction, by: Actor, why: str = "") -> Entry:
        """One step of the entry: approve (the department head signs), submit, publish, return ..."""
        with self._writer.write(code, by) as writing:
            row = entry_row(writing.session, code)
            if action is EntryAction.PUBLISH and row.data_set is not None:
                _check_breaking(writing, DatasetCode(row.data_set))
            take(writing, row, action, why)
            if action is EntryAction.PUBLISH and row.data_set is not None:
                publish_versions(writing, DatasetCode(row.data_set))
            return entry_of(row)

    def assess(self, code: str, by: Actor, *, secrecy: str, personal_information: str) -> Entry:
        """The secrecy and the personal-information assessment, without which nothing is published."""
        with self._writer.write(code, by) as writing:
            row = entry_row(writing.session, code)
            fields = replace(
                entry_of(row).fields,
                secrecy=secrecy.strip(),
                personal_information=personal_information.strip(),
            )
            revise(
                writing,
                row,
                fields,
                known=organisations(writing.session),
                why="保密审查与个人信息评估",
            )
            return entry_of(row)

    # -- Excel ---------------------------------------------------------------------------------

    def import_workbook(self, content: bytes, by: Actor) -> "WorkbookReport":
        """The 编目 template; each line is taken or refused by itself, with the reason."""
        from catalog.workbook import read_workbook  # noqa: PLC0415 - Excel is 100 ms of a start

        with self._writer.write("workbook", by) as writing:
            return read_workbook(writing, content)

    def export_workbook(self, provider: OrganisationCode | None = None) -> bytes:
        from catalog.workbook import write_workbook  # noqa: PLC0415 - Excel is 100 ms of a start

        with self._registry.read() as session:
            names = {code: o.name for code, o in organisations(session).items()}
        return write_workbook(self.entries(provider=provider), names)


def _check_breaking(writing: Writing, data_set: DatasetCode) -> None:
    proposed = proposed_contract(writing.session, data_set)
    if proposed is None:
        return
    grants = writing.session.scalar(
        select(func.count())
        .select_from(GrantHolderRow)
        .join(GrantRow, GrantRow.id == GrantHolderRow.grant)
        .where(
            GrantRow.data_set == data_set,
            GrantRow.contract_major < version_of(proposed.version)[0],
            GrantRow.expires > writing.at,
        )
    )
    if grants:
        raise BreakingChange(data_set=data_set, version=proposed.version, grants=grants)


def _version(row: ContractVersionRow) -> ContractVersion:
    return ContractVersion(
        data_set=DatasetCode(row.data_set),
        version=row.version,
        digest=row.digest,
        state=VersionState(row.state),
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        published_at=row.published_at,
    )
