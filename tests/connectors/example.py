"""The contracts and feeds that the connectors' tests read by."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

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
from catalog.domain import Feed, Source, SourceKind
from catalog.ids import DatasetCode, DomainCode, OrganisationCode, SourceId
from connectors.connections import Connection
from connectors.source import Extraction, Fetch

TEXT = ColumnType(Kind.STRING)
LEVEL = ColumnType(Kind.DECIMAL, 9, 3)
COLUMNS = (
    Column("station_code", TEXT, "站码", "站码", required=True),
    Column("observed_at", ColumnType(Kind.TIMESTAMP), "观测时间", "观测时间", required=True),
    Column("level_m", LEVEL, "水位", "水位(米)"),
    Column("flow_m3s", LEVEL, "流量", "流量", not_reported=("-",)),
)


def contract(
    columns: tuple[Column, ...] = COLUMNS, mode: PublishMode = PublishMode.APPEND
) -> Contract:
    return Contract(
        data_set=DatasetCode("district_water_level"),
        version="1.2.0",
        title="区县水位",
        title_en="District water level",
        description="",
        domain=DomainCode("flood"),
        provider=OrganisationCode("cq_shapingba"),
        level=Level.DISTRICT,
        columns=columns,
        key=(columns[0].name,),
        foreign_keys=(),
        rules=(),
        place_column=None,
        publish_mode=mode,
        max_age=None,
        sharing=Sharing(
            SharingKind.CONDITIONAL, "文件", "CSV", "实时", "防汛", Classification.GENERAL
        ),
        digest="0" * 64,
    )


def fetch(
    kind: SourceKind,
    connection: Connection,
    options: Mapping[str, object],
    *,
    of: Contract | None = None,
    cursor: Mapping[str, object] | None = None,
) -> Fetch:
    of = of or contract()
    feed = Feed(data_set=of.data_set, every_seconds=10, options=options)
    source = Source(
        id=SourceId("example"),
        title="示例",
        kind=kind,
        provider=of.provider,
        connection="example",
        feeds=(feed,),
    )
    return Fetch(of, feed, source, connection, cursor)


def table(extraction: Extraction) -> pa.Table:
    return pa.Table.from_batches(list(extraction.batches()))


def inbox(folder: Path) -> Path:
    made = folder / "district" / "inbox"
    made.mkdir(parents=True)
    return made
