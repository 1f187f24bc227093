"""Small real contracts, places and grants that tests of query and warehouse share."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from catalog.catalogue import Catalogue
from catalog.contracts import Contract
from catalog.ids import ClientId, DatasetCode, GrantId, OrganisationCode, PlaceCode, RequestId
from catalog.odcs import read_contract
from catalog.places import Place, PlaceLevel, Places
from catalog.predicate import Predicate
from catalog.sharing.grant import Grant, GrantedColumn, Part, Visibility

START = datetime(2026, 8, 1, tzinfo=UTC)
STATION = """
apiVersion: v3.1.0
kind: DataContract
id: station
version: 1.0.0
status: active
name: 站点
domain: flood
customProperties:
  - {property: provider, value: cq_water}
  - {property: level, value: municipal}
  - {property: titleEn, value: Stations}
  - {property: sharingKind, value: conditional}
  - {property: sharingMode, value: 接口}
  - {property: format, value: 数据库}
  - {property: updateFrequency, value: 每年}
  - {property: conditionsOfUse, value: 防汛}
  - {property: classification, value: general}
  - {property: publishMode, value: snapshot}
  - {property: placeColumn, value: none}
schema:
  - name: station
    businessName: 站点
    properties:
      - {name: code, businessName: 编码, logicalType: string, primaryKey: true, primaryKeyPosition: 1}
      - {name: name, businessName: 名称, logicalType: string}
      - {name: phone, businessName: 电话, logicalType: string, classification: important}
"""
READING = """
apiVersion: v3.1.0
kind: DataContract
id: reading
version: 1.0.0
status: active
name: 读数
domain: flood
customProperties:
  - {property: provider, value: cq_water}
  - {property: level, value: municipal}
  - {property: titleEn, value: Readings}
  - {property: sharingKind, value: conditional}
  - {property: sharingMode, value: 接口}
  - {property: format, value: 数据库}
  - {property: updateFrequency, value: 每小时}
  - {property: conditionsOfUse, value: 防汛}
  - {property: classification, value: general}
  - {property: publishMode, value: %(mode)s}
  - {property: placeColumn, value: place_code}
schema:
  - name: reading
    businessName: 读数
    properties:
      - {name: station_code, businessName: 站码, logicalType: string, primaryKey: true, primaryKeyPosition: 1}
      - {name: observed_at, businessName: 时间, logicalType: timestamp, primaryKey: true, primaryKeyPosition: 2}
      - name: level_m
        businessName: 水位
        logicalType: number
        physicalType: decimal(9,3)
        customProperties: [{property: height, value: true}, {property: datum, value: 黄海}]
      - {name: place_code, businessName: 区划, logicalType: string, customProperties: [{property: place, value: true}]}
    relationships:
      - from: reading.station_code
        to: station.code
        customProperties: [{property: name, value: station}, {property: inverse, value: readings}]
"""
PLACES = Places(
    [
        Place(PlaceCode("500000"), "重庆市", PlaceLevel.CITY, None, None),
        Place(PlaceCode("500106"), "沙坪坝区", PlaceLevel.DISTRICT, PlaceCode("500000"), None),
        Place(PlaceCode("500172"), "重庆高新区", PlaceLevel.DISTRICT, PlaceCode("500000"), None),
        Place(PlaceCode("500106004"), "磁器口街道", PlaceLevel.TOWNSHIP, PlaceCode("500106"), None),
        Place(
            PlaceCode("500106016"),
            "虎溪街道",
            PlaceLevel.TOWNSHIP,
            PlaceCode("500172"),
            PlaceCode("500106"),
        ),
    ]
)
READINGS = DatasetCode("reading")
STATIONS = DatasetCode("station")


def reading(mode: str = "append") -> Contract:
    return read_contract(Path("reading.odcs.yaml"), READING % {"mode": mode})


def station() -> Contract:
    return read_contract(Path("station.odcs.yaml"), STATION)


def catalogue(mode: str = "append") -> Catalogue:
    return Catalogue(
        contracts={STATIONS: station(), READINGS: reading(mode)}, organisations={}, places=PLACES
    )


def grant(
    data_set: DatasetCode,
    columns: Sequence[str],
    *,
    places: Sequence[str] | None = None,
    masked: Sequence[str] = (),
    aggregate: Sequence[str] = (),
    minimum_group: int = 1,
    row_filter: Predicate | None = None,
) -> Grant:
    """One part; `masked` columns are granted masked, `aggregate` ones for aggregates only."""
    seen = dict.fromkeys(masked, Visibility.MASKED) | dict.fromkeys(aggregate, Visibility.AGGREGATE)
    granted = tuple(GrantedColumn(c, seen.get(c, Visibility.CLEAR)) for c in columns)
    where = None if places is None else tuple(PlaceCode(p) for p in places)
    return Grant(
        id=GrantId(f"grant-{data_set}"),
        request=RequestId("request"),
        client=ClientId("app"),
        organisation=OrganisationCode("cq_shapingba"),
        data_set=data_set,
        contract_major=1,
        purpose="防汛",
        legal_basis="防洪法",
        parts=(Part(granted, where, row_filter),),
        not_before=START,
        expires=datetime(2027, 8, 1, tzinfo=UTC),
        derivation=False,
        minimum_group=minimum_group,
    )


def station_rows(*rows: tuple[str, str, str | None]) -> pa.Table:
    return pa.Table.from_pylist(
        [{"code": c, "name": n, "phone": p} for c, n, p in rows],
        schema=pa.schema([("code", pa.string()), ("name", pa.string()), ("phone", pa.string())]),
    )


def reading_rows(*rows: tuple[str, datetime, str | None, int]) -> pa.Table:
    """(station, instant, level, padded place)."""
    schema = pa.schema(
        [
            ("station_code", pa.string()),
            ("observed_at", pa.timestamp("us", "UTC")),
            ("level_m", pa.decimal128(9, 3)),
            ("place_code", pa.int64()),
        ]
    )
    columns = list(zip(*rows, strict=True)) if rows else [(), (), (), ()]
    arrays = [
        pa.array(columns[0], pa.string()),
        pa.array(columns[1], schema.field(1).type),
        pa.array(columns[2], pa.string()).cast(schema.field(2).type),
        pa.array(columns[3], pa.int64()),
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def written(table: pa.Table, file: Path) -> Path:
    """The rows as the gate writes them: with their number in the landed file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.append_column("_row", pa.array(range(table.num_rows), pa.int64())), file)
    return file
