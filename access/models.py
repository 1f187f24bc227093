"""Registry rows of access: clients, their log-ins, the tokens they were given, and the epoch of all.

A secret, a code and a refresh token are stored as digests, an access token only by its id. Rows are never deleted while a token could
still be used; a revoked client stays, because the usage log names it.
"""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from registry.base import Base


class Client(Base):
    """An application or a person that can get tokens."""

    __tablename__ = "client"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), server_default="application")
    organisation: Mapped[str] = mapped_column(String(64), index=True)
    title: Mapped[str] = mapped_column(String(200))
    """For people: 沙坪坝区防汛研判应用."""
    roles: Mapped[list[str]] = mapped_column(JSON)
    secret_digest: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class TokenFamily(Base):
    """One log-in of a person through a client: whatever tokens follow from it end with it."""

    __tablename__ = "token_family"

    id: Mapped[str] = mapped_column(String(43), primary_key=True)
    person: Mapped[str] = mapped_column(ForeignKey("client.id"), index=True)
    client: Mapped[str] = mapped_column(String(64))
    """Through which it was made: the console."""
    started_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]


class AuthorizationCode(Base):
    """What the log-in page hands to the console, good for one use."""

    __tablename__ = "authorization_code"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    family: Mapped[str] = mapped_column(ForeignKey("token_family.id"), index=True)
    redirect: Mapped[str] = mapped_column(String(500))
    challenge: Mapped[str] = mapped_column(String(43))
    """The S256 digest of the verifier that only the console knows."""
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class RefreshToken(Base):
    """Good for one use, which gives the next one."""

    __tablename__ = "refresh_token"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    family: Mapped[str] = mapped_column(ForeignKey("token_family.id"), index=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class ExternalIdentity(Base):
    """Whom an outside identity provider means: a subject or an application of it, and our client."""

    __tablename__ = "external_identity"

    issuer: Mapped[str] = mapped_column(String(255), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    client: Mapped[str] = mapped_column(ForeignKey("client.id"), index=True)
    linked_at: Mapped[datetime]


class IssuedToken(Base):
    """An access token that was handed out, by its `jti`."""

    __tablename__ = "issued_token"

    id: Mapped[str] = mapped_column(String(43), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.id"), index=True)
    """Whose it is."""
    family: Mapped[str | None] = mapped_column(ForeignKey("token_family.id"), index=True)
    """The log-in it comes from; none for an application's own."""
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]


class AccessEpoch(Base):
    """One row: a number that grows with each revocation or change of a client, for other processes."""

    __tablename__ = "access_epoch"

    id: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[int]


class ClientLimit(Base):
    """Limits of one client that differ from the hub's."""

    __tablename__ = "client_limit"

    client_id: Mapped[str] = mapped_column(ForeignKey("client.id"), primary_key=True)
    price_budget: Mapped[int | None] = mapped_column(BigInteger)
    """Rows that one operation may read; None: as the hub's setting says."""
    documents_only: Mapped[bool]
    page_limit: Mapped[int | None]
    """Rows of a page; None: as the API has it."""


class PersistedDocument(Base):
    """A document that a client may ask for by its id."""

    __tablename__ = "persisted_document"

    client_id: Mapped[str] = mapped_column(ForeignKey("client.id"), primary_key=True)
    id: Mapped[str] = mapped_column(String(71), primary_key=True)
    """`sha256:` and 64 hex digits."""
    text: Mapped[str] = mapped_column(Text)
    registered_at: Mapped[datetime]
