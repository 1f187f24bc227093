"""Declared files into the registry. The registry is the truth; a file is an import.

It is keyed by its digest: a known one changes nothing, even when something newer came since; a new
one proposes a new version, which becomes the truth when a steward publishes its entry. A file that
reuses a number, or promises less than it changes, is refused with file and line.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from catalog.changes import change, promised, version_of
from catalog.contract_files import contract_document, kept_in, name_path
from catalog.contracts import Contract, Level
from catalog.declared import (
    Declared,
    VersionState,
    declare,
    derivation_body,
    publish_derivation,
)
from catalog.directories import fields_of
from catalog.domain import Domain, Organisation
from catalog.entries import entry_of, new_entry, organisations, revise
from catalog.ids import DatasetCode, DomainCode, OrganisationCode
from catalog.models import ContractVersionRow, EntryRow, OrganisationRow
from catalog.names import check_names
from catalog.stored import Contracts, packed
from catalog.writing import Writing


class Outcome(StrEnum):
    CREATED = "created"
    PROPOSED = "proposed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one declared data set."""

    data_set: DatasetCode
    version: str
    outcome: Outcome


def import_organisations(writing: Writing, declared: Iterable[Organisation]) -> int:
    """How many are new or changed."""
    changed = 0
    for organisation in declared:
        body = organisation.model_dump(mode="json")
        if declare(writing, Declared.ORGANISATION, organisation.code, body):
            writing.session.merge(OrganisationRow(**organisation.model_dump()))
            changed += 1
    return changed


def import_domain(writing: Writing, domain: Domain, contracts: Contracts) -> tuple[Imported, ...]:
    """All of a domain or, at the first error, nothing of it. What it left out as known is not told."""
    session = writing.session
    proposals = {
        d.data_set: declare(
            writing, Declared.DERIVATION, d.data_set, derivation_body(d), VersionState.PROPOSED
        )
        for d in domain.derivations
    }
    for source in domain.sources:
        declare(writing, Declared.SOURCE, source.id, source.model_dump(mode="json"))
    rederived = {data_set for data_set, new in proposals.items() if new}
    if not domain.contracts and not rederived:
        return ()
    known = latest_contracts(session, contracts)
    check_names(domain.contracts, known, domain.contract_files, domain.contract_texts)
    _check_providers(domain, organisations(session))
    _check_rows(domain, known)
    read = {contract.data_set: contract for contract in domain.contracts}
    left_out = [known[code] for code in sorted(rederived - set(read)) if code in known]
    return tuple(
        _import_contract(
            writing,
            domain,
            contract,
            known.get(contract.data_set),
            contract.data_set in rederived,
        )
        for contract in (*domain.contracts, *left_out)
    )


def _check_providers(domain: Domain, providers: Mapping[OrganisationCode, Organisation]) -> None:
    for contract in domain.contracts:
        provider = providers.get(contract.provider)
        if provider is None:
            problem = f"provider {contract.provider} is not a known organisation."
        elif provider.level is Level.TOWNSHIP:
            problem = "a township-level unit catalogues nothing itself; its district does."
        else:
            continue
        document = contract_document(
            domain.contract_files[contract.data_set], domain.contract_texts[contract.data_set]
        )
        raise document.error(("customProperties",), problem)


def _check_rows(domain: Domain, known: Mapping[DatasetCode, Contract]) -> None:
    """An interface has no rows: nothing is fed into it, derived from it or related to it."""
    every = {**known, **{contract.data_set: contract for contract in domain.contracts}}
    live = {code for code, contract in every.items() if contract.interface is not None}
    fed = {feed.data_set for source in domain.sources for feed in source.feeds}
    read = {d.data_set: {d.data_set, *d.inputs} for d in domain.derivations}
    for contract in domain.contracts:
        code, held = contract.data_set, known.get(contract.data_set)
        used = (
            {key.target for key in contract.foreign_keys} | read.get(code, set()) | ({code} & fed)
        )
        if held is not None and (held.interface is None) is not (contract.interface is None):
            problem = f"{code} is a data set or an interface, not both."
        elif used & live:
            problem = f"{min(used & live)} is an interface and has no rows."
        else:
            continue
        file = domain.contract_files[code]
        document = contract_document(file, domain.contract_texts[code])
        raise document.error(name_path(file), problem)


def known_digests(session: Session) -> dict[str, DatasetCode]:
    """Every contract version ever imported, by the digest of its text."""
    rows = session.execute(select(ContractVersionRow.digest, ContractVersionRow.data_set))
    return {digest: DatasetCode(code) for digest, code in rows}


def latest_contracts(session: Session, contracts: Contracts) -> dict[DatasetCode, Contract]:
    """The highest version of each data set, published or not."""
    found: dict[DatasetCode, Contract] = {}
    for row in session.scalars(select(ContractVersionRow)):
        contract = contracts.of(row)
        held = found.get(contract.data_set)
        if held is None or version_of(held.version) < version_of(contract.version):
            found[contract.data_set] = contract
    return found


def publish_versions(writing: Writing, data_set: DatasetCode) -> None:
    """The proposed contract and derivation of a data set become the served ones."""
    session = writing.session
    proposed = proposed_contract(session, data_set)
    if proposed is not None:
        session.execute(
            update(ContractVersionRow)
            .where(
                ContractVersionRow.data_set == data_set,
                ContractVersionRow.state == VersionState.PUBLISHED,
            )
            .values(state=VersionState.SUPERSEDED)
        )
        proposed.state = VersionState.PUBLISHED
        proposed.published_by, proposed.published_at = writing.actor.client, writing.at
    publish_derivation(session, data_set)


def proposed_contract(session: Session, data_set: DatasetCode) -> ContractVersionRow | None:
    """The newest version that waits for its entry's publication."""
    return session.scalar(
        select(ContractVersionRow)
        .where(
            ContractVersionRow.data_set == data_set,
            ContractVersionRow.state == VersionState.PROPOSED,
        )
        .order_by(ContractVersionRow.id.desc())
        .limit(1)
    )


def _import_contract(
    writing: Writing,
    domain: Domain,
    contract: Contract,
    held: Contract | None,
    rederived: bool,
) -> Imported:
    session = writing.session
    known = session.scalar(
        select(ContractVersionRow.id).where(ContractVersionRow.digest == contract.digest)
    )
    if known is not None and not rederived:
        return Imported(contract.data_set, contract.version, Outcome.UNCHANGED)
    if known is None:
        _check_version(domain, contract, held)
        session.execute(
            update(ContractVersionRow)
            .where(
                ContractVersionRow.data_set == contract.data_set,
                ContractVersionRow.state == VersionState.PROPOSED,
            )
            .values(state=VersionState.SUPERSEDED)
        )
        session.add(_version_row(writing, domain, contract))
    outcome = _propose_entry(writing, domain.code, contract if known is None else held)
    return Imported(contract.data_set, contract.version, outcome)


def _propose_entry(writing: Writing, domain: DomainCode, contract: Contract | None) -> Outcome:
    assert contract is not None  # noqa: S101 - a known digest has a held contract
    session = writing.session
    fields, why = fields_of(contract), f"导入数据契约 {contract.version}"
    row = session.scalar(select(EntryRow).where(EntryRow.data_set == contract.data_set))
    if row is None:
        new_entry(
            writing,
            contract.data_set,
            fields,
            level=contract.level,
            why=why,
            domain=domain,
            data_set=contract.data_set,
        )
        return Outcome.CREATED
    old = entry_of(row).fields
    fields = replace(fields, secrecy=old.secrecy, personal_information=old.personal_information)
    revise(writing, row, fields, known=organisations(session), why=why)
    row.level = contract.level
    return Outcome.PROPOSED


def _check_version(domain: Domain, contract: Contract, held: Contract | None) -> None:
    if held is None:
        return
    document = contract_document(
        domain.contract_files[contract.data_set], domain.contract_texts[contract.data_set]
    )
    says = promised(held.version, contract.version)
    if says is None:
        raise document.error(
            ("version",),
            f"the registry holds {contract.data_set} {held.version} with other content;"
            f" a changed file needs a higher version than that.",
        )
    needs = change(held, contract)
    if says < needs:
        raise document.error(
            ("version",),
            f"the change from {held.version} is {needs.name.lower()}; {contract.version} is only"
            f" a {says.name.lower()} step.",
        )


def _version_row(writing: Writing, domain: Domain, contract: Contract) -> ContractVersionRow:
    return ContractVersionRow(
        data_set=contract.data_set,
        version=contract.version,
        digest=contract.digest,
        file=f"{domain.code}/{kept_in(contract)}/{domain.contract_files[contract.data_set].name}",
        text=domain.contract_texts[contract.data_set],
        parsed=packed(
            domain.contract_files[contract.data_set], domain.contract_texts[contract.data_set]
        ),
        state=VersionState.PROPOSED,
        proposed_by=writing.actor.client,
        proposed_at=writing.at,
        published_by=None,
        published_at=None,
    )
