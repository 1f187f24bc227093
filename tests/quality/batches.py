"""Contracts and landed batches for the tests of the quality package."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from catalog.contracts import (
    Classification,
    Column,
    ColumnType,
    Contract,
    Datum,
    Dimension,
    ForeignKey,
    Kind,
    Level,
    PublishMode,
    RuleDeclaration,
    Severity,
    Sharing,
    SharingKind,
)
from catalog.ids import DatasetCode, DomainCode, OrganisationCode, RuleId
from quality.gate import check
from quality.verdict import RowRef, RuleResult, Verdict
from warehouse.scratch import Scratch

NOW = datetime(2020, 8, 20, 4, 0, tzinfo=UTC)
"""Noon in the city."""
FILE = "water-level-001.csv"

LEVEL = Column(
    "level_m",
    ColumnType(Kind.DECIMAL, 9, 3),
    "水位",
    "Z",
    unit="m",
    datum_column="datum",
    required=True,
)
COLUMNS = (
    Column("station_code", ColumnType(Kind.STRING), "站码", "STCD", required=True),
    Column("observed_at", ColumnType(Kind.TIMESTAMP), "观测时间", "TM", required=True),
    LEVEL,
    Column("datum", ColumnType(Kind.STRING), "高程基准", "DTM"),
    Column("flow_m3s", ColumnType(Kind.DECIMAL, 12, 3), "流量", "Q", not_reported=("0",)),
    Column("place_code", ColumnType(Kind.PLACE), "行政区划", "ADCD"),
    Column("residents", ColumnType(Kind.INTEGER), "居民数", "RS"),
    Column("synthetic", ColumnType(Kind.BOOLEAN), "合成", "SYN"),
    Column("day", ColumnType(Kind.DATE), "日期", "D"),
    Column("ratio", ColumnType(Kind.DOUBLE), "比值", "R"),
    Column(
        "contact_phone",
        ColumnType(Kind.STRING),
        "联系电话",
        "TEL",
        classification=Classification.IMPORTANT,
    ),
)
GOOD: Mapping[str, object] = {
    "station_code": "CQ-CIQIKOU",
    "observed_at": "2020-08-20 08:00",
    "level_m": "181.240",
    "datum": "黄海",
    "flow_m3s": "32600",
    "place_code": "500106004",
    "residents": "12",
    "synthetic": "是",
    "day": "2020-08-20",
    "ratio": "0.5",
    "contact_phone": "13900000000",
}


def declared(
    rule_id: str,
    expectation: str,
    column: str | None = None,
    /,
    severity: Severity = Severity.WARNING,
    tolerance: float = 0.0,
    **arguments: object,
) -> RuleDeclaration:
    return RuleDeclaration(
        id=RuleId(rule_id),
        expectation=expectation,
        column=column,
        arguments=arguments,
        dimension=Dimension.CONFORMITY,
        severity=severity,
        tolerance=tolerance,
        line=7,
    )


def contract(
    *rules: RuleDeclaration,
    columns: Sequence[Column] = COLUMNS,
    key: tuple[str, ...] = ("station_code", "observed_at"),
) -> Contract:
    return Contract(
        data_set=DatasetCode("district_water_level"),
        version="1.0.0",
        title="区县水位",
        title_en="District water level",
        description="",
        domain=DomainCode("flood"),
        provider=OrganisationCode("cq_shapingba"),
        level=Level.DISTRICT,
        columns=tuple(columns),
        key=key,
        foreign_keys=(
            ForeignKey(
                "station", DatasetCode("river_station"), ("station_code",), ("station_code",)
            ),
        ),
        rules=rules,
        place_column=None,
        publish_mode=PublishMode.APPEND,
        max_age=None,
        sharing=Sharing(
            SharingKind.CONDITIONAL, "接口", "JSON", "实时", "防汛", Classification.GENERAL
        ),
        digest="0" * 64,
    )


def text_batch(file: Path, rows: Sequence[Mapping[str, object]], *, name: str = FILE) -> Path:
    """A landed CSV: every value a text; each row is GOOD changed by what is given. Line 1 is a header."""
    full = [{**GOOD, "_broken": None, **row} for row in rows]
    names = [name for name in full[0] if name != "_broken"] if full else list(GOOD)
    columns = {n: pa.array([r[n] for r in full], pa.string()) for n in [*names, "_broken"]}
    return landed(file, columns, name=name)


def landed(file: Path, columns: Mapping[str, pa.Array], *, name: str = FILE) -> Path:
    """Any columns as a landed batch, with their source file and lines from 2 on."""
    count = len(next(iter(columns.values())))
    lines = {
        "_file": pa.array([name] * count, pa.string()),
        "_line": pa.array(range(2, count + 2), pa.int64()),
    }
    pq.write_table(pa.table({**columns, **lines}), file)
    return file


def gate(
    raw: Path, promise: Contract, *, now: datetime = NOW, released: Sequence[RowRef] | None = None
) -> Verdict:
    """Check a batch in its own folder."""
    with Scratch([raw.parent], memory_limit="512MB", threads=1) as scratch:
        return check(raw, promise, raw.parent, now=now, scratch=scratch, released=released)


def result(verdict: Verdict, rule_id: str) -> RuleResult:
    return next(r for r in verdict.results if r.rule_id == rule_id)


def good_rows(raw: Path) -> list[dict[str, object]]:
    return list(pq.read_table(raw.parent / "rows.parquet").to_pylist())


def rejected_rows(raw: Path) -> list[dict[str, object]]:
    return list(pq.read_table(raw.parent / "rejected.parquet").to_pylist())


DATUMS = [str(d) for d in Datum]
