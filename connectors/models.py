"""The registry's rows of loads and feeds; `connectors/ledger.py` alone writes them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from registry.base import Base


class LoadState(StrEnum):
    """LANDED -> CHECKED -> HANDED_OVER -> PUBLISHED; or how it ended instead."""

    LANDED = "landed"
    CHECKED = "checked"
    HANDED_OVER = "handed_over"
    PUBLISHED = "published"
    REJECTED = "rejected"
    """The gate or the publish step refused the batch; it stays in the landing with its reasons."""
    REFUSED = "refused"
    """The input could not be read; nothing of it was landed."""
    FAILED = "failed"
    """A fault of ours or of the source; it may be tried again."""


class Load(Base):
    __tablename__ = "load"
    __table_args__ = (Index("ix_load_feed", "source", "data_set", "landed_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    source: Mapped[str] = mapped_column(String(64))
    data_set: Mapped[str] = mapped_column(String(64))
    origin: Mapped[str] = mapped_column(String(500))
    state: Mapped[str] = mapped_column(String(16), index=True)
    rows: Mapped[int] = mapped_column(default=0)
    good: Mapped[int | None]
    rejected: Mapped[int | None]
    cursor: Mapped[dict[str, object] | None]
    digest: Mapped[str | None] = mapped_column(String(64))
    error_code: Mapped[str | None] = mapped_column(String(64))
    error_zh: Mapped[str | None] = mapped_column(Text)
    error_en: Mapped[str | None] = mapped_column(Text)
    error_details: Mapped[dict[str, object] | None]
    landed_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    seq: Mapped[int | None]
    attempts: Mapped[int] = mapped_column(default=1)
    released_from: Mapped[str | None] = mapped_column(String(32))
    """The load whose quarantined rows a steward released into this one."""


class FeedState(Base):
    """Where a feed stands: its cursor, its last success and what went wrong since."""

    __tablename__ = "feed_state"

    source: Mapped[str] = mapped_column(String(64), primary_key=True)
    data_set: Mapped[str] = mapped_column(String(64), primary_key=True)
    cursor: Mapped[dict[str, object] | None]
    last_success_at: Mapped[datetime | None]
    last_load: Mapped[str | None] = mapped_column(String(32))
    last_error_at: Mapped[datetime | None]
    last_error_code: Mapped[str | None] = mapped_column(String(64))
    last_error_zh: Mapped[str | None] = mapped_column(Text)
    last_error_en: Mapped[str | None] = mapped_column(Text)
    failures: Mapped[int] = mapped_column(default=0)
    """In a row, since the last success."""
