"""The registry rows of jobs."""

from datetime import datetime

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from registry.base import Base


class JobRow(Base):
    """One piece of work. At most one open job has a given key, so that asking twice asks once."""

    __tablename__ = "job"
    __table_args__ = (
        Index(
            "uq_job_open_key",
            "key",
            unique=True,
            sqlite_where=text("finished_at IS NULL"),
            postgresql_where=text("finished_at IS NULL"),
        ),
        Index("ix_job_ready", "place", "state", "run_after"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    place: Mapped[str] = mapped_column(String(16))
    key: Mapped[str] = mapped_column(String(200))
    payload: Mapped[dict[str, object]]
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(default=0)
    run_after: Mapped[datetime]
    lease_owner: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]
    problem: Mapped[str | None] = mapped_column(String(2000))
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
