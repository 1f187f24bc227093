"""Contracts, places and definitions that the tests of indicators share."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from catalog.contracts import Classification, Column, ColumnType, Contract, ForeignKey, Kind
from catalog.ids import DatasetCode, DomainCode, IndicatorCode, OrganisationCode, PlaceCode
from catalog.indicators.checks import Surroundings
from catalog.indicators.indicator import Indicator
from catalog.indicators.reading import DeclaredIndicator, read_indicator
from catalog.places import Place, PlaceLevel, Places
from tests.shared_data import catalogue

EVENTS, DISPATCHES, GRIDS = (DatasetCode(n) for n in ("event_fact", "dispatch", "grid"))
FILE = Path("signs.yaml")

PLACES = Places(
    [
        Place(PlaceCode("500000"), "重庆市", PlaceLevel.CITY, None, None),
        Place(PlaceCode("500106"), "沙坪坝区", PlaceLevel.DISTRICT, PlaceCode("500000"), None),
        Place(PlaceCode("500106001"), "小龙坎", PlaceLevel.TOWNSHIP, PlaceCode("500106"), None),
    ]
)


def column(name: str, kind: Kind, **more: object) -> Column:
    plain = Column(name=name, type=ColumnType(kind), label=name, header=name)
    return replace(plain, **more)  # type: ignore[arg-type]  # its own fields


def contract(
    code: DatasetCode,
    columns: tuple[Column, ...],
    key: tuple[str, ...],
    keys: tuple[ForeignKey, ...] = (),
    place: str | None = None,
) -> Contract:
    some = next(iter(catalogue().contracts.values()))
    return replace(
        some, data_set=code, columns=columns, key=key, foreign_keys=keys, place_column=place,
        rules=(), coordinates=None, mirror=None, digest=code,
    )  # fmt: skip


def contracts() -> Mapping[DatasetCode, Contract]:
    grid_key = ForeignKey("grid", GRIDS, ("grid_id",), ("grid_id",), "events")
    event_key = ForeignKey("event", EVENTS, ("event_id",), ("event_id",), "dispatches")
    found = (
        contract(
            EVENTS,
            (
                column("event_id", Kind.BIGINT),
                column("grid_id", Kind.BIGINT),
                column("kind", Kind.STRING),
                column("opened_on", Kind.DATE),
                column("opened_at", Kind.TIMESTAMP),
                column("closed_at", Kind.TIMESTAMP),
                column("minutes", Kind.INTEGER),
                column("secret", Kind.STRING, classification=Classification.CORE),
                column("place_code", Kind.PLACE),
            ),
            ("event_id",),
            (grid_key,),
            "place_code",
        ),
        contract(
            DISPATCHES,
            (
                column("dispatch_id", Kind.BIGINT),
                column("event_id", Kind.BIGINT),
                column("sent_on", Kind.DATE),
                column("dept", Kind.STRING),
            ),
            ("dispatch_id",),
            (event_key,),
        ),
        contract(
            GRIDS,
            (column("grid_id", Kind.BIGINT), column("area", Kind.DECIMAL)),
            ("grid_id",),
        ),
    )
    return {each.data_set: each for each in found}


def around(*others: Indicator) -> Surroundings:
    return Surroundings(
        contracts(),
        PLACES,
        frozenset({OrganisationCode("cq_water")}),
        {other.code: other for other in others},
    )


COUNT = "simple: {data_set: event_fact, time: opened_on, aggregation: count}"


def text(code: str = "IN20", calculation: str = COUNT, period: str = "day", more: str = "") -> str:
    return f"""\
indicator: {code}
version: 1
name: 受理数
name_en: Accepted
theme: [社会治理, 事件办理]
definition: 受理的事件数。
unit: 件
decimals: 0
direction: lower
class: monitor
lead: cq_water
steward: 指标专员
effective_from: 2026-01-01
period: {period}
places: {{lowest: township}}
calculation:
  {calculation}
{more}"""


def read(written: str) -> DeclaredIndicator:
    return read_indicator(FILE, DomainCode("trial"), written)


def code(name: str) -> IndicatorCode:
    return IndicatorCode(name)
