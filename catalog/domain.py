"""The declared content of a city, as its files state it: organisations, domains, sources, derived sets.

Adding a system of the city is adding a folder `cities/<city>/domains/<domain>/`; nothing here is code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from pydantic import Field

from catalog.contracts import Contract, Level
from catalog.declaration import Declared, read_declared, read_document
from catalog.ids import DatasetCode, DomainCode, OrganisationCode, PlaceCode, SourceId
from catalog.odcs import read_contract
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


def read_organisations(file: Path) -> tuple[Organisation, ...]:
    return read_declared(file, OrganisationsFile).organisations


def read_domain(folder: Path) -> Domain:
    """A domain folder; DeclarationError names file and line of the first problem."""
    declared = read_declared(folder / "domain.yaml", DomainFile)
    contracts: list[Contract] = []
    texts: dict[DatasetCode, str] = {}
    paths: dict[DatasetCode, Path] = {}
    for file in sorted((folder / "contracts").glob("*.odcs.yaml")):
        contract = read_contract(file)
        if contract.data_set in texts:
            raise read_document(file).error(
                ("schema", 0, "name"),
                f"{contract.data_set} is also {paths[contract.data_set].name}.",
            )
        contracts.append(contract)
        texts[contract.data_set] = file.read_text("utf-8")
        paths[contract.data_set] = file
        if contract.domain != declared.code:
            raise read_document(file).error(("domain",), f"domain is not {declared.code}.")
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


def read_domains(city: Path) -> tuple[Domain, ...]:
    """The domains of a city folder, by name."""
    return tuple(read_domain(file.parent) for file in sorted(city.glob("domains/*/domain.yaml")))


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
