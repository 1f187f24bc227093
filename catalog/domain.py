"""The declared content of a city, as its files state it: organisations, domains, sources, derived sets.

Adding a system of the city is adding a folder `cities/<city>/domains/<domain>/`; nothing here is code.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from pydantic import Field

from catalog.contract_files import (
    contract_document,
    contract_files,
    contract_of,
    kept_text,
    name_path,
)
from catalog.contracts import Contract, Level
from catalog.declaration import Declared, read_declared, read_document
from catalog.ids import DatasetCode, DomainCode, OrganisationCode, PlaceCode, SourceId
from catalog.predicate import Scalar


class Organisation(Declared):
    """部门. `authority` is the organisation that handles what this one leaves overdue."""

    code: OrganisationCode
    name: str
    name_en: str
    level: Level
    place: PlaceCode
    head: str
    """The head of its sharing office, who signs."""
    authority: OrganisationCode | None = None


class OrganisationsFile(Declared):
    organisations: tuple[Organisation, ...]


class SourceKind(StrEnum):
    REST = "rest"
    SQL = "sql"
    FILES = "files"


class Feed(Declared):
    """What is fetched from a source for one data set. `options` are the connector's own."""

    data_set: DatasetCode
    every_seconds: float = Field(gt=0)
    options: Mapping[str, object] = Field(default_factory=dict)


class Source(Declared):
    """A system that data comes from. `connection` names an entry of the operator's connections file,
    where address, allowed host:port pairs and credentials stand; none of these is ever declared here.
    """

    id: SourceId
    title: str
    kind: SourceKind
    provider: OrganisationCode
    connection: str
    feeds: tuple[Feed, ...]


class SourcesFile(Declared):
    sources: tuple[Source, ...]


class DerivedEntry(Declared):
    """融合数据 as domain.yaml states it; `sql` is a file beside it, `$name` in it is a parameter."""

    data_set: DatasetCode
    owner: OrganisationCode
    purpose: str
    sql: str
    inputs: tuple[DatasetCode, ...]
    parameters: Mapping[str, float | int | str] = Field(default_factory=dict)


class DomainFile(Declared):
    code: DomainCode
    title: str
    title_en: str
    derived: tuple[DerivedEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Derivation:
    """How a derived data set comes from its inputs: one SELECT over them and nothing else."""

    data_set: DatasetCode
    owner: OrganisationCode
    purpose: str
    sql: str
    inputs: tuple[DatasetCode, ...]
    parameters: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class Domain:
    """Everything in one domain folder."""

    code: DomainCode
    title: str
    title_en: str
    contracts: tuple[Contract, ...]
    contract_texts: Mapping[DatasetCode, str]
    sources: tuple[Source, ...]
    derivations: tuple[Derivation, ...]
    contract_files: Mapping[DatasetCode, Path]


NOTHING_KNOWN: Mapping[str, DatasetCode] = {}


def read_organisations(file: Path) -> tuple[Organisation, ...]:
    return read_declared(file, OrganisationsFile).organisations


def read_code(folder: Path) -> DomainCode:
    """Of a domain folder."""
    return read_declared(folder / "domain.yaml", DomainFile).code


def read_domain(folder: Path, known: Mapping[str, DatasetCode] = NOTHING_KNOWN) -> Domain:
    """A domain folder; DeclarationError names file and line of the first problem.

    Contracts whose digest is `known` were read before and are left out: thousands of files that did not
    change cost a start no more than looking at them.
    """
    declared = read_declared(folder / "domain.yaml", DomainFile)
    contracts: list[Contract] = []
    texts: dict[DatasetCode, str] = {}
    paths: dict[DatasetCode, Path] = {}
    for file in contract_files(folder):
        text = kept_text(file)
        code = known.get(hashlib.sha256(text.encode()).hexdigest())
        if code is None:
            contract = contract_of(file, text)
            code = contract.data_set
            if contract.domain != declared.code:
                document = contract_document(file, text)
                raise document.error(("domain",), f"domain is not {declared.code}.")
            contracts.append(contract)
            texts[code] = text
        if code in paths:
            document = contract_document(file, text)
            raise document.error(name_path(file), f"{code} is also {paths[code].name}.")
        paths[code] = file
    sources = folder / "sources.yaml"
    return Domain(
        code=declared.code,
        title=declared.title,
        title_en=declared.title_en,
        contracts=tuple(contracts),
        contract_texts=texts,
        sources=read_declared(sources, SourcesFile).sources if sources.exists() else (),
        derivations=tuple(_derivation(folder, entry) for entry in declared.derived),
        contract_files=paths,
    )


def read_domains(
    city: Path, known: Mapping[str, DatasetCode] = NOTHING_KNOWN
) -> tuple[Domain, ...]:
    """The domains of a city folder, by name."""
    found = sorted(city.glob("domains/*/domain.yaml"))
    return tuple(read_domain(file.parent, known) for file in found)


def interval(feed: Feed) -> timedelta:
    return timedelta(seconds=feed.every_seconds)


def _derivation(folder: Path, entry: DerivedEntry) -> Derivation:
    file = folder / entry.sql
    try:
        sql = file.read_text("utf-8")
    except OSError as wrong:
        raise read_document(folder / "domain.yaml").error(
            ("derived",), f"{entry.data_set}: {entry.sql} cannot be read."
        ) from wrong
    return Derivation(
        data_set=entry.data_set,
        owner=entry.owner,
        purpose=entry.purpose,
        sql=sql,
        inputs=entry.inputs,
        parameters=dict(entry.parameters),
    )
