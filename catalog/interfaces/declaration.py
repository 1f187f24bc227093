"""An interface file (`<name>.interface.yaml`) and the OpenAPI document beside it -> Contract.

The document has the same name (`<name>.openapi.yaml`, YAML or JSON) and stays as its provider wrote it.

The registry keeps both as one text: the interface file, a separating line, the document. A problem is
told with the file and line where it stands.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from catalog.contracts import (
    Classification,
    Column,
    ColumnType,
    Contract,
    Kind,
    Level,
    PublishMode,
    Sharing,
    SharingKind,
)
from catalog.declaration import Declared, Document, checked, read_document, text_of
from catalog.errors import DeclarationError
from catalog.ids import DatasetCode, DomainCode, OrganisationCode
from catalog.interfaces.interface import CallTerms, Interface, Member
from catalog.interfaces.notes import Note, Notes
from catalog.interfaces.openapi import Operation, check_text, operation_of
from catalog.odcs import MAX_NAME, NAME, RESERVED_SUFFIXES

SUFFIX = ".interface.yaml"
DOCUMENT_SUFFIX = ".openapi.yaml"
DIVIDER = "\n--- # the OpenAPI document\n"


class SharingTerms(Declared):
    """The fields of the catalogue entry that Decree 809 art. 13 makes mandatory."""

    kind: SharingKind
    mode: str = "接口"
    format: str = "JSON 接口"
    update_frequency: str = "实时"
    conditions_of_use: str = Field(min_length=1)
    classification: Classification


class ProviderQuota(Declared):
    """What the provider allows the hub as a whole."""

    per_second: float | None = Field(default=None, gt=0)
    per_day: int | None = Field(default=None, ge=1)


class BreakerTerms(Declared):
    failures: int = Field(default=5, ge=1, le=100)
    open_seconds: float = Field(default=30.0, gt=0, le=3600)


class InterfaceFile(Declared):
    interface: str
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    title: str = Field(min_length=1)
    title_en: str = Field(min_length=1)
    description: str = ""
    domain: DomainCode
    provider: OrganisationCode
    level: Level
    operation: str
    """An operationId of the document beside this file."""
    credentials: str = Field(pattern=r"^secret://[a-z][a-z0-9_]*$")
    """Names the entry of the operator's connections file with address, permitted host and key."""
    sharing: SharingTerms
    timeout_seconds: float = Field(default=3.0, ge=0.1, le=30)
    cache_seconds: float = Field(default=0.0, ge=0, le=86_400)
    concurrency: int = Field(default=8, ge=1, le=64)
    max_bytes: int = Field(default=256 << 10, ge=1024, le=4 << 20)
    quota: ProviderQuota = ProviderQuota()
    breaker: BreakerTerms = BreakerTerms()
    arguments: Mapping[str, Note] = Field(default_factory=dict)
    fields: Mapping[str, Note] = Field(default_factory=dict)


def interface_text(file: Path) -> str:
    """The interface file and the OpenAPI document beside it, as the registry keeps them."""
    return text_of(file) + DIVIDER + text_of(beside(file))


def beside(file: Path) -> Path:
    return file.with_name(file.name.removesuffix(SUFFIX) + DOCUMENT_SUFFIX)


def read_interface(file: Path, text: str) -> Contract:
    """The contract in a kept text, said to be `file`."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    return interface_in(own_document(file, text), described_document(file, text), digest)


def interface_in(
    own: Document, described: Document, digest: str, *, accepted: bool = False
) -> Contract:
    """The contract in both documents; DeclarationError names the file and line that is wrong.

    `accepted`: both were read before and have not changed since.
    """
    declared = checked(own, InterfaceFile)
    _check_name(own, declared.interface)
    notes = Notes(declared.arguments, declared.fields)
    operation = operation_of(described, declared.operation, notes, accepted=accepted)
    _check_notes(own, declared, operation)
    return _contract(declared, operation, digest)


def described_document(file: Path, text: str) -> Document:
    """The OpenAPI document of a kept text."""
    described = text.partition(DIVIDER)[2]
    problem = check_text(described)
    if problem is not None:
        raise DeclarationError(beside(file), 1, problem)
    return read_document(beside(file), described)


def own_document(file: Path, text: str) -> Document:
    """The interface file's part of a kept text, for complaints about it."""
    return read_document(file, text.partition(DIVIDER)[0])


def _contract(declared: InterfaceFile, operation: Operation, digest: str) -> Contract:
    sharing = declared.sharing
    return Contract(
        data_set=DatasetCode(declared.interface),
        version=declared.version,
        title=declared.title,
        title_en=declared.title_en,
        description=declared.description,
        domain=declared.domain,
        provider=declared.provider,
        level=declared.level,
        columns=tuple(_column(member, declared.fields) for member in operation.members),
        key=(),
        foreign_keys=(),
        rules=(),
        place_column=None,
        publish_mode=PublishMode.SNAPSHOT,
        max_age=None,
        sharing=Sharing(
            kind=sharing.kind,
            mode=sharing.mode,
            format=sharing.format,
            update_frequency=sharing.update_frequency,
            conditions_of_use=sharing.conditions_of_use,
            classification=sharing.classification,
        ),
        digest=digest,
        interface=Interface(
            connection=declared.credentials.removeprefix("secret://"),
            method=operation.method,
            path=operation.path,
            arguments=operation.arguments,
            members=operation.members,
            many=operation.many,
            absent=operation.absent,
            check=operation.check,
            terms=_terms(declared),
        ),
    )


def _terms(declared: InterfaceFile) -> CallTerms:
    return CallTerms(
        timeout_seconds=declared.timeout_seconds,
        cache_seconds=declared.cache_seconds,
        concurrency=declared.concurrency,
        per_second=declared.quota.per_second,
        per_day=declared.quota.per_day,
        failures=declared.breaker.failures,
        open_seconds=declared.breaker.open_seconds,
        max_bytes=declared.max_bytes,
    )


def _column(member: Member, notes: Mapping[str, Note]) -> Column:
    """A nested member counts as text where a column's own type is asked for: masked, it is one."""
    note = notes.get(member.key) or Note()
    shape = member.shape
    return Column(
        name=member.name,
        type=shape if isinstance(shape, ColumnType) else ColumnType(Kind.STRING),
        label=member.label,
        header=member.key,
        description=member.description,
        unit=note.unit,
        classification=note.classification,
        required=member.required,
    )


def _check_name(document: Document, code: str) -> None:
    if len(code) > MAX_NAME or not NAME.match(code) or code.endswith(RESERVED_SUFFIXES):
        raise document.error(
            ("interface",), f"{code!r} is no name of the API (a-z, 0-9, single _, <= {MAX_NAME})."
        )


def _check_notes(document: Document, declared: InterfaceFile, operation: Operation) -> None:
    """A grant shows or hides whole members of the answer: only these are classified."""
    for path, note in declared.fields.items():
        if "." in path and note.classification is not Classification.GENERAL:
            top = path.partition(".")[0]
            raise document.error(
                ("fields", path, "classification"),
                f"{path} lies within {top}: classify {top}, which is granted as a whole.",
            )
    if not operation.arguments and not operation.many:
        raise document.error(("operation",), "asks for nothing: an interface has arguments.")
