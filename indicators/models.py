"""The registry rows of alerts. Rows stay behind `ledger.py`; events are only ever added.

Where a series stands from period to period is kept beside its observations; here is what people deal
with: an alert from its beginning to its end, and what they did.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from registry.base import Base

CODE = String(64)
STATE = String(24)


class AlertRow(Base):
    __tablename__ = "alert"
    __table_args__ = (
        UniqueConstraint("indicator", "place", "began_at"),
        Index("ix_alert_resolved_at", "resolved_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    indicator: Mapped[str] = mapped_column(CODE)
    place: Mapped[str] = mapped_column(CODE)
    scale: Mapped[str] = mapped_column(CODE)
    rank: Mapped[int]
    phase: Mapped[str] = mapped_column(STATE)
    value: Mapped[float | None]
    began_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_rank: Mapped[int | None]
    assigned: Mapped[str | None] = mapped_column(CODE)
    revision: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": revision}  # noqa: RUF012 - SQLAlchemy's own form


class AlertEventRow(Base):
    __tablename__ = "alert_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    alert: Mapped[int] = mapped_column(ForeignKey("alert.id"), index=True)
    what: Mapped[str] = mapped_column(STATE)
    at: Mapped[datetime]
    rank: Mapped[int]
    value: Mapped[float | None]
    by: Mapped[str]
    organisation: Mapped[str] = mapped_column(CODE)
    why: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime]


class SilenceRow(Base):
    """`ends` may be brought forward: `ended_by` says who did."""

    __tablename__ = "silence"

    id: Mapped[int] = mapped_column(primary_key=True)
    indicator: Mapped[str] = mapped_column(CODE, index=True)
    place: Mapped[str | None] = mapped_column(CODE)
    up_to: Mapped[int]
    begins: Mapped[datetime]
    ends: Mapped[datetime] = mapped_column(index=True)
    reason: Mapped[str] = mapped_column(Text)
    author: Mapped[str]
    organisation: Mapped[str] = mapped_column(CODE)
    made_at: Mapped[datetime]
    ended_by: Mapped[str | None]
    revision: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": revision}  # noqa: RUF012 - SQLAlchemy's own form
