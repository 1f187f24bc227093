"""The registry's rows of quality: what was checked, what people decided, who signed.

`quality/record.py` alone writes them. Rejected rows themselves stand in the landing, never here.
"""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from registry.base import Base


class Run(Base):
    """The check of one load. `declared` rules were to be evaluated, `evaluated` were."""

    __tablename__ = "quality_run"
    __table_args__ = (Index("ix_quality_run_data_set_at", "data_set", "at"),)

    load_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    data_set: Mapped[str] = mapped_column(String(64))
    contract_version: Mapped[str] = mapped_column(String(32))
    rows: Mapped[int] = mapped_column(BigInteger)
    good: Mapped[int] = mapped_column(BigInteger)
    rejected: Mapped[int] = mapped_column(BigInteger)
    decision: Mapped[str] = mapped_column(String(16))
    declared: Mapped[int]
    evaluated: Mapped[int]
    engines: Mapped[dict[str, object]]
    """The executors and their versions: {"native": "2.0.0"}."""
    at: Mapped[datetime]


class Result(Base):
    """One rule of one run, by one executor; `position` is the rule's place in the contract."""

    __tablename__ = "quality_result"

    load_id: Mapped[str] = mapped_column(ForeignKey("quality_run.load_id"), primary_key=True)
    engine: Mapped[str] = mapped_column(String(32), primary_key=True)
    rule_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    position: Mapped[int]
    expectation: Mapped[str] = mapped_column(String(100))
    column_name: Mapped[str | None] = mapped_column(String(64))
    dimension: Mapped[str] = mapped_column(String(16))
    severity: Mapped[str] = mapped_column(String(16))
    tolerance: Mapped[float]
    evaluated: Mapped[int] = mapped_column(BigInteger)
    failed: Mapped[int] = mapped_column(BigInteger)
    passed: Mapped[bool]
    observed: Mapped[str | None] = mapped_column(Text)


class RowDecision(Base):
    """What a steward decided on one quarantined row; final."""

    __tablename__ = "quality_row_decision"

    load_id: Mapped[str] = mapped_column(ForeignKey("quality_run.load_id"), primary_key=True)
    file: Mapped[str] = mapped_column(String(500), primary_key=True)
    line: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    decision: Mapped[str] = mapped_column(String(16))
    by: Mapped[str] = mapped_column(String(100))
    why: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class SignOff(Base):
    """An auditor's word on a load; `digest` is that of the results that were signed."""

    __tablename__ = "quality_sign_off"

    load_id: Mapped[str] = mapped_column(ForeignKey("quality_run.load_id"), primary_key=True)
    auditor: Mapped[str] = mapped_column(String(100), primary_key=True)
    decision: Mapped[str] = mapped_column(String(16))
    comment: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
