"""Versions of what a city declares beside its contracts: organisations, sources, derivations.

A content is keyed by its digest: declared before, it changes nothing. Sources and organisations are
current at once; a derivation waits, like its contract, for its entry's publication.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from enum import StrEnum

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from catalog.domain import Derivation, Source
from catalog.ids import DatasetCode, OrganisationCode
from catalog.models import DeclaredRow
from catalog.writing import Writing


class VersionState(StrEnum):
    PROPOSED = "proposed"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"


class Declared(StrEnum):
    ORGANISATION = "organisation"
    SOURCE = "source"
    DERIVATION = "derivation"


def declare(
    writing: Writing,
    kind: Declared,
    code: str,
    body: dict[str, object],
    state: VersionState = VersionState.PUBLISHED,
) -> bool:
    """A new revision, unless this content was declared before; whether it is new."""
    session = writing.session
    digest = hashlib.sha256(
        json.dumps(body, ensure_ascii=False, sort_keys=True).encode()
    ).hexdigest()
    of_code = (DeclaredRow.kind == kind, DeclaredRow.code == code)
    if session.scalar(select(DeclaredRow.revision).where(*of_code, DeclaredRow.digest == digest)):
        return False
    latest = session.scalar(select(func.max(DeclaredRow.revision)).where(*of_code)) or 0
    session.add(
        DeclaredRow(
            kind=kind,
            code=code,
            revision=latest + 1,
            digest=digest,
            state=state,
            body=body,
            imported_by=writing.actor.client,
            imported_at=writing.at,
        )
    )
    session.flush()
    return True


def _current(session: Session, kind: Declared) -> Iterable[DeclaredRow]:
    """The newest published revision of each code, by code."""
    newest = (
        select(DeclaredRow.code, func.max(DeclaredRow.revision).label("revision"))
        .where(DeclaredRow.kind == kind, DeclaredRow.state == VersionState.PUBLISHED)
        .group_by(DeclaredRow.code)
        .subquery()
    )
    return session.scalars(
        select(DeclaredRow)
        .join(
            newest,
            (DeclaredRow.code == newest.c.code) & (DeclaredRow.revision == newest.c.revision),
        )
        .where(DeclaredRow.kind == kind)
        .order_by(DeclaredRow.code)
    )


def derivation_body(derivation: Derivation) -> dict[str, object]:
    return {
        "data_set": derivation.data_set,
        "owner": derivation.owner,
        "purpose": derivation.purpose,
        "sql": derivation.sql,
        "inputs": list(derivation.inputs),
        "parameters": dict(derivation.parameters),
    }


def derivation_from(body: Mapping[str, object]) -> Derivation:
    inputs, parameters = body["inputs"], body["parameters"]
    assert isinstance(inputs, list)  # noqa: S101 - we wrote it
    assert isinstance(parameters, dict)  # noqa: S101 - we wrote it
    return Derivation(
        data_set=DatasetCode(str(body["data_set"])),
        owner=OrganisationCode(str(body["owner"])),
        purpose=str(body["purpose"]),
        sql=str(body["sql"]),
        inputs=tuple(DatasetCode(str(i)) for i in inputs),
        parameters=parameters,
    )


def current_sources(session: Session) -> tuple[Source, ...]:
    rows = _current(session, Declared.SOURCE)
    return tuple(Source.model_validate(row.body) for row in rows)


def current_derivations(session: Session) -> dict[DatasetCode, Derivation]:
    found = map(derivation_from, (row.body for row in _current(session, Declared.DERIVATION)))
    return {derivation.data_set: derivation for derivation in found}


def publish_derivation(session: Session, data_set: DatasetCode) -> None:
    """The proposed derivation of a data set becomes the one that is run."""
    session.execute(
        update(DeclaredRow)
        .where(
            DeclaredRow.kind == Declared.DERIVATION,
            DeclaredRow.code == data_set,
            DeclaredRow.state == VersionState.PROPOSED,
        )
        .values(state=VersionState.PUBLISHED)
    )
