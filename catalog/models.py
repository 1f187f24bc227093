"""The registry rows of the catalogue and of sharing.

Rows stay behind `store.py` and `sharing/service.py`: what crosses their border is a frozen value.
Events, signatures, grants, versions of contracts and indicators are only ever added, never changed; a grant's state
is told by its events. Entries and requests carry a revision, so that of two writers one is told.
"""

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from registry.base import Base

CODE = String(64)
STATE = String(24)


class OrganisationRow(Base):
    __tablename__ = "organisation"

    code: Mapped[str] = mapped_column(CODE, primary_key=True)
    name: Mapped[str]
    name_en: Mapped[str]
    level: Mapped[str] = mapped_column(STATE)
    place: Mapped[str] = mapped_column(CODE)
    head: Mapped[str]
    authority: Mapped[str | None] = mapped_column(CODE)


class PlaceVersionRow(Base):
    """One whole list of places (`content`: the CSV text); the highest number is the current one."""

    __tablename__ = "place_version"

    number: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(CODE, unique=True)
    places: Mapped[int]
    content: Mapped[str] = mapped_column(Text)
    imported_by: Mapped[str]
    imported_at: Mapped[datetime]


class DeclaredRow(Base):
    """A version of a declared organisation, source or derivation; only derivations are proposed."""

    __tablename__ = "declared_version"
    __table_args__ = (UniqueConstraint("kind", "code", "digest"),)

    kind: Mapped[str] = mapped_column(STATE, primary_key=True)
    code: Mapped[str] = mapped_column(CODE, primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(CODE)
    state: Mapped[str] = mapped_column(STATE)
    body: Mapped[dict[str, object]]
    imported_by: Mapped[str]
    imported_at: Mapped[datetime]


class ContractVersionRow(Base):
    __tablename__ = "contract_version"
    __table_args__ = (UniqueConstraint("data_set", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    data_set: Mapped[str] = mapped_column(CODE, index=True)
    version: Mapped[str] = mapped_column(STATE)
    digest: Mapped[str] = mapped_column(CODE, unique=True)
    file: Mapped[str]
    text: Mapped[str] = mapped_column(Text)
    parsed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """See `catalog/stored.py`."""
    state: Mapped[str] = mapped_column(STATE)
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    published_by: Mapped[str | None]
    published_at: Mapped[datetime | None]


class EntryRow(Base):
    """目录项. The named fields are the working copy; `published` is what was last published."""

    __tablename__ = "directory_entry"

    code: Mapped[str] = mapped_column(CODE, primary_key=True)
    name: Mapped[str] = mapped_column(index=True)
    data_items: Mapped[list[object]]
    provider: Mapped[str] = mapped_column(ForeignKey("organisation.code"), index=True)
    format: Mapped[str]
    update_frequency: Mapped[str]
    sharing_kind: Mapped[str] = mapped_column(STATE)
    sharing_mode: Mapped[str]
    conditions_of_use: Mapped[str] = mapped_column(Text)
    classification: Mapped[str] = mapped_column(STATE)
    secrecy: Mapped[str] = mapped_column(Text)
    personal_information: Mapped[str] = mapped_column(Text)
    level: Mapped[str] = mapped_column(STATE)
    domain: Mapped[str | None] = mapped_column(CODE)
    data_set: Mapped[str | None] = mapped_column(CODE, unique=True)
    state: Mapped[str] = mapped_column(STATE, index=True)
    published: Mapped[dict[str, object] | None]
    head: Mapped[str | None]
    signed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    revision: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": revision}  # noqa: RUF012 - SQLAlchemy's own form


class EntryEventRow(Base):
    __tablename__ = "entry_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    entry: Mapped[str] = mapped_column(ForeignKey("directory_entry.code"), index=True)
    action: Mapped[str] = mapped_column(STATE)
    source: Mapped[str] = mapped_column(STATE)
    target: Mapped[str] = mapped_column(STATE)
    by: Mapped[str]
    organisation: Mapped[str] = mapped_column(CODE)
    why: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class IndicatorVersionRow(Base):
    """A version of an indicator's definition: its file's text, which never changes, and its state."""

    __tablename__ = "indicator_version"
    __table_args__ = (UniqueConstraint("code", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(CODE, index=True)
    version: Mapped[int]
    digest: Mapped[str] = mapped_column(CODE, unique=True)
    file: Mapped[str]
    text: Mapped[str] = mapped_column(Text)
    domain: Mapped[str] = mapped_column(CODE)
    lead: Mapped[str] = mapped_column(CODE)
    state: Mapped[str] = mapped_column(STATE, index=True)
    effective_from: Mapped[date]
    effective_to: Mapped[date | None]
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    certified_by: Mapped[str | None]
    certified_at: Mapped[datetime | None]
    revision: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": revision}  # noqa: RUF012 - SQLAlchemy's own form


class IndicatorEventRow(Base):
    __tablename__ = "indicator_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(CODE, index=True)
    version: Mapped[int]
    action: Mapped[str] = mapped_column(STATE)
    source: Mapped[str] = mapped_column(STATE)
    target: Mapped[str] = mapped_column(STATE)
    by: Mapped[str]
    organisation: Mapped[str] = mapped_column(CODE)
    why: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class RequestRow(Base):
    __tablename__ = "share_request"

    id: Mapped[str] = mapped_column(CODE, primary_key=True)
    client: Mapped[str] = mapped_column(CODE, index=True)
    organisation: Mapped[str] = mapped_column(CODE, index=True)
    provider: Mapped[str] = mapped_column(CODE, index=True)
    data_set: Mapped[str] = mapped_column(CODE, index=True)
    contract_major: Mapped[int]
    purpose: Mapped[str]
    basis: Mapped[str] = mapped_column(Text)
    scenario: Mapped[str] = mapped_column(Text)
    mode: Mapped[str]
    parts: Mapped[list[object]]
    derivation: Mapped[bool]
    quota_calls: Mapped[int | None] = mapped_column(BigInteger)
    quota_rows: Mapped[int | None] = mapped_column(BigInteger)
    quota_bytes: Mapped[int | None] = mapped_column(BigInteger)
    minimum_group: Mapped[int | None]
    not_before: Mapped[datetime | None]
    expires: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(STATE, index=True)
    drafted_by: Mapped[str]
    drafted_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    missing: Mapped[str | None] = mapped_column(Text)
    supplement_asked_at: Mapped[datetime | None]
    extended: Mapped[bool]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(Text)
    legal_basis: Mapped[str | None] = mapped_column(Text)
    revision: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": revision}  # noqa: RUF012 - SQLAlchemy's own form


class RequestEventRow(Base):
    """`decision` holds the digest of the decision an approval or refusal was for."""

    __tablename__ = "request_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    request: Mapped[str] = mapped_column(ForeignKey("share_request.id"), index=True)
    action: Mapped[str] = mapped_column(STATE)
    source: Mapped[str] = mapped_column(STATE)
    target: Mapped[str] = mapped_column(STATE)
    by: Mapped[str]
    organisation: Mapped[str] = mapped_column(CODE)
    why: Mapped[str] = mapped_column(Text)
    decision: Mapped[str | None] = mapped_column(CODE)
    at: Mapped[datetime]


class SignatureRow(Base):
    """An office head's signature under one wording of a request (`content`: its digest)."""

    __tablename__ = "signature"
    __table_args__ = (UniqueConstraint("request", "side", "organisation", "content"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    request: Mapped[str] = mapped_column(ForeignKey("share_request.id"), index=True)
    side: Mapped[str] = mapped_column(STATE)
    organisation: Mapped[str] = mapped_column(CODE)
    head: Mapped[str]
    content: Mapped[str] = mapped_column(CODE)
    recorded_by: Mapped[str]
    at: Mapped[datetime]


class GrantRow(Base):
    __tablename__ = "share_grant"

    id: Mapped[str] = mapped_column(CODE, primary_key=True)
    request: Mapped[str] = mapped_column(ForeignKey("share_request.id"), unique=True)
    client: Mapped[str] = mapped_column(CODE, index=True)
    organisation: Mapped[str] = mapped_column(CODE, index=True)
    data_set: Mapped[str] = mapped_column(CODE, index=True)
    contract_major: Mapped[int]
    purpose: Mapped[str]
    legal_basis: Mapped[str] = mapped_column(Text)
    parts: Mapped[list[object]]
    not_before: Mapped[datetime]
    expires: Mapped[datetime]
    derivation: Mapped[bool]
    quota_calls: Mapped[int | None] = mapped_column(BigInteger)
    quota_rows: Mapped[int | None] = mapped_column(BigInteger)
    quota_bytes: Mapped[int | None] = mapped_column(BigInteger)
    minimum_group: Mapped[int | None]
    granted_at: Mapped[datetime]


class GrantEventRow(Base):
    """`effective_at` may lie ahead: a superseded grant ends when its successor begins."""

    __tablename__ = "grant_event"
    __table_args__ = (Index("ix_grant_event_grant_effective", "grant", "effective_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    grant: Mapped[str] = mapped_column(ForeignKey("share_grant.id"))
    event: Mapped[str] = mapped_column(STATE)
    effective_at: Mapped[datetime]
    by: Mapped[str]
    organisation: Mapped[str] = mapped_column(CODE)
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class GrantHolderRow(Base):
    """The one grant that may be active for a client, data set and purpose; the key is the guard."""

    __tablename__ = "grant_holder"

    client: Mapped[str] = mapped_column(CODE, primary_key=True)
    data_set: Mapped[str] = mapped_column(CODE, primary_key=True)
    purpose: Mapped[str] = mapped_column(primary_key=True)
    grant: Mapped[str] = mapped_column(ForeignKey("share_grant.id"), unique=True)
    revision: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": revision}  # noqa: RUF012 - SQLAlchemy's own form
