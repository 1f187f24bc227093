"""A warehouse with one mirrored set of every kind of column, its keeper, and what both of them hold."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import sqlglot

from catalog.catalogue import Catalogue
from catalog.clock import ReplayClock
from catalog.contracts import Contract, Kind
from catalog.ids import DatasetCode, LoadId
from catalog.odcs import read_contract
from query.encode import json_rows
from query.statement import LockedStatement
from tests.shared_data import PLACES, START, written
from warehouse.duck import DuckWarehouse
from warehouse.engine import LoadPlan, Publication
from warehouse.mirror.keeper import MirrorKeeper
from warehouse.mirror.orders import Reply
from warehouse.mirror.process import WriterProcess
from warehouse.mirror.writer import Writer

SIGHTING = DatasetCode("sighting")
CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: sighting
version: 1.0.0
status: active
name: 观测
domain: trial
customProperties:
  - {property: provider, value: cq_water}
  - {property: level, value: municipal}
  - {property: titleEn, value: Sightings}
  - {property: sharingKind, value: conditional}
  - {property: sharingMode, value: 接口}
  - {property: format, value: 数据库}
  - {property: updateFrequency, value: 每时}
  - {property: conditionsOfUse, value: 试验}
  - {property: classification, value: general}
  - {property: publishMode, value: MODE}
  - {property: placeColumn, value: place}
  - {property: mirror, value: MIRROR}
schema:
  - name: sighting
    businessName: 观测
    properties:
      - {name: code, businessName: 码, logicalType: string, primaryKey: true, primaryKeyPosition: 1}
      - {name: at, businessName: 时, logicalType: timestamp, primaryKey: true, primaryKeyPosition: 2}
      - {name: small, businessName: 整, logicalType: integer}
      - {name: large, businessName: 长, logicalType: integer, physicalType: bigint}
      - {name: exact, businessName: 精, logicalType: number, physicalType: 'decimal(18,6)'}
      - {name: rough, businessName: 浮, logicalType: number}
      - {name: true_or_not, businessName: 否, logicalType: boolean}
      - {name: day, businessName: 日, logicalType: date}
      - {name: place, businessName: 区划, logicalType: string, customProperties: [{property: place, value: true}]}
      - {name: secret, businessName: 密, logicalType: string, classification: core}
"""
ROWS = "{rows: {indexes: [[place, -at], [-rough], [day, code]]}}"
LATEST = "{latest: {key: [code], by: at}}"
SCHEMA = pa.schema(
    [
        ("code", pa.string()),
        ("at", pa.timestamp("us", "UTC")),
        ("small", pa.int32()),
        ("large", pa.int64()),
        ("exact", pa.decimal128(18, 6)),
        ("rough", pa.float64()),
        ("true_or_not", pa.bool_()),
        ("day", pa.date32()),
        ("place", pa.int64()),
        ("secret", pa.string()),
    ]
)
Row = Mapping[str, object]


def sighting(mode: str = "upsert", mirror: str = ROWS, more: str = "") -> Contract:
    text = CONTRACT.replace("MODE", mode).replace("MIRROR", mirror) + more
    return read_contract(Path("sighting.odcs.yaml"), text)


def row(code: str, hour: int, **values: object) -> Row:
    """One with values of every kind; `values` replace them."""
    return {
        "code": code,
        "at": datetime(2026, 8, 1, hour, tzinfo=UTC),
        "small": -1,
        "large": 2**53 + 1,
        "exact": Decimal("-12.345678"),
        "rough": 106.5,
        "true_or_not": True,
        "day": date(2026, 8, 1),
        "place": 500106000000000,
        "secret": "涉密",
    } | values


class HereWriter:
    """The writer without its process: a start costs seconds on a busy machine."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._writer = Writer(file)

    def order(self, order: Mapping[str, object], seconds: float | None = None) -> Reply:  # noqa: ARG002 - it has no process to end
        return self._writer.do(json.loads(json.dumps(order)))

    def rest(self) -> None:
        self._writer.do({"do": "close"})
        self._writer = Writer(self._file)

    def stop(self) -> None:
        self.rest()


@dataclass
class World:
    """`contract` may be replaced; each publication is a load of its own."""

    home: Path
    contract: Contract
    apart: bool = False
    """Whether the writer is a process of its own, as in a hub."""
    wait: float = 0.0
    """How long a publication waits for the mirror; as it is, the keeper follows."""
    engine: DuckWarehouse = field(init=False)
    keeper: MirrorKeeper = field(init=False)
    loads: int = 0

    def __post_init__(self) -> None:
        landing = self.home / "landing"
        self.engine = DuckWarehouse(self.home / "w.duckdb", landing, ReplayClock(START), threads=1)
        self.engine.prepare(self.contract)
        self.start()

    @property
    def file(self) -> Path:
        return self.home / "mirror.sqlite"

    def start(self) -> None:
        """A keeper that knows nothing yet, as after a start of the hub."""
        self.writer: WriterProcess | HereWriter = (
            WriterProcess(self.file, self.home / "mirror.log", {})
            if self.apart
            else HereWriter(self.file)
        )
        work = self.home / "landing" / ".mirror"
        self.keeper = MirrorKeeper(
            self.engine, self.catalogue, self.writer, self.file, work, wait_seconds=self.wait
        )
        self.engine.companion = self.keeper.ahead

    def stop(self) -> None:
        """As when the hub ends."""
        self.keeper.stop()
        self.keeper.run()

    def close(self) -> None:
        self.stop()
        self.engine.close()

    def catalogue(self) -> Catalogue:
        return Catalogue({self.contract.data_set: self.contract}, {}, PLACES)

    def publish(self, *rows: Row) -> Publication:
        self.loads += 1
        load = LoadId(f"load-{self.loads}")
        folder = self.home / "landing" / load
        table = pa.Table.from_pylist([dict(each) for each in rows], SCHEMA)
        plan = LoadPlan(
            load, self.contract, written(table, folder / "rows.parquet"), load, folder / "unfit"
        )
        return self.engine.publish(plan)

    def served(self) -> list[dict[str, str | None]]:
        """What the engine has, as its replies write it, by code and time."""
        columns = ", ".join(
            f'CAST("{c.name}" AS VARCHAR) AS "{c.name}"'
            if c.type.kind is Kind.DECIMAL
            else f'"{c.name}"'
            for c in self.contract.columns
            if c.name != "secret"
        )
        text = f'SELECT {columns} FROM shared.sighting ORDER BY code, epoch_us("at")'
        tree = sqlglot.parse_one(text, dialect="duckdb")
        statement = LockedStatement(tree, {}, frozenset({SIGHTING}), single=False)
        with self.engine.build(statement) as reader:
            content = json_rows(reader.read_all())
        return [told(each) for each in json.loads(content, parse_float=str, parse_int=str)]

    def mirrored(self) -> list[dict[str, str | None]] | None:
        """What the file has, as its printer would write it; None when it does not say it is ready."""
        with sqlite3.connect(f"file:{self.file}?mode=ro", uri=True) as connection:
            known = connection.execute(
                "SELECT seq FROM \"$publication\" WHERE data_set = 'sighting' AND state = 'ready'"
            ).fetchall()
            if not known:
                return None
            found = connection.execute(
                """SELECT code, coalesce("at$text", strftime('%Y-%m-%dT%H:%M:%S', at / 1000000 + 28800,
                'unixepoch') || '+08:00'), small, large, exact, coalesce("rough$text",
                json_quote(rough)), true_or_not, day, place FROM sighting ORDER BY code, at"""
            ).fetchall()
        connection.close()
        names = [c.name for c in self.contract.columns if c.name != "secret"]
        return [_as_told(dict(zip(names, each, strict=False))) for each in found]


def told(values: Mapping[str, object]) -> dict[str, str | None]:
    return {name: None if value is None else str(value) for name, value in values.items()}


def _as_told(values: dict[str, object]) -> dict[str, str | None]:
    exact, truth = values["exact"], values["true_or_not"]
    values["exact"] = None if exact is None else f"{Decimal(str(exact)).scaleb(-6):.6f}"
    values["true_or_not"] = None if truth is None else bool(truth)
    if values["rough"] == "null":
        values["rough"] = None
    return told(values)


def latest(rows: Sequence[Mapping[str, str | None]]) -> list[Mapping[str, str | None]]:
    """The last row of each code: they come in the order of their times."""
    return list({str(each["code"]): each for each in rows}.values())
