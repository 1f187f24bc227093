"""A catalogue in a real SQLite file: the city's places, small contracts, people to act."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

import catalog.models  # noqa: F401 - its tables are created below
from catalog.actor import Person
from catalog.clock import ReplayClock
from catalog.contracts import Level
from catalog.domain import Organisation, read_domain
from catalog.ids import ClientId, OrganisationCode, PlaceCode
from catalog.store import CatalogueStore
from registry.base import Base
from registry.store import Registry
from tests.adoption import Officers, adopt

CITY = Path(__file__).parents[2] / "cities" / "chongqing"
NOW = datetime(2026, 3, 2, 2, tzinfo=UTC)  # a Monday, ten in the morning in the city
ORGANISATIONS = (
    ("mwr", Level.NATIONAL, "500000", None),
    ("cq_bigdata", Level.MUNICIPAL, "500000", None),
    ("cq_water", Level.MUNICIPAL, "500000", "cq_bigdata"),
    ("cq_shapingba", Level.DISTRICT, "500106", "cq_bigdata"),
    ("cq_hightech", Level.DISTRICT, "500172", "cq_bigdata"),
)

CONTRACT = """\
apiVersion: v3.1.0
kind: DataContract
id: urn:test:{code}
name: {code}
version: {version}
status: active
domain: trial
schema:
  - name: {code}
    physicalName: {code}
    businessName: {title}
    properties:
      - {{name: {code_column}, physicalName: 编码, businessName: 编码, logicalType: string, primaryKey: true, primaryKeyPosition: 1}}
{columns}{relationships}customProperties:
  - {{property: provider, value: {provider}}}
  - {{property: level, value: municipal}}
  - {{property: titleEn, value: {code}}}
  - {{property: sharingKind, value: {kind}}}
  - {{property: sharingMode, value: 接口}}
  - {{property: format, value: GraphQL}}
  - {{property: updateFrequency, value: 实时}}
  - {{property: conditionsOfUse, value: 仅用于防汛}}
  - {{property: classification, value: general}}
  - {{property: publishMode, value: append}}
  - {{property: placeColumn, value: {place}}}
"""
LEVEL = "level_m"
PHONE = "phone"
PLACE = "place_code"


def contract_text(
    code: str,
    *,
    provider: str = "cq_water",
    kind: str = "conditional",
    version: str = "1.0.0",
    place: bool = True,
    extra: tuple[str, ...] = (),
    relationships: str = "",
    title: str = "",
) -> str:
    """An ODCS file with a key `code`, a level, an important phone, a core secret, perhaps a place."""
    columns = [
        f"{{name: {LEVEL}, businessName: 水位, logicalType: number, physicalType: 'decimal(9,3)'}}",
        f"{{name: {PHONE}, businessName: 电话, logicalType: string, classification: important}}",
        "{name: secret, businessName: 涉密, logicalType: string, classification: core}",
        *(f"{{name: {name}, businessName: {name}, logicalType: string}}" for name in extra),
    ]
    if place:
        columns.append(
            f"{{name: {PLACE}, businessName: 行政区划, logicalType: string,"
            " customProperties: [{property: place, value: true}]}"
        )
    return CONTRACT.format(
        code=code,
        code_column="code",
        title=title or f"{code}数据",
        version=version,
        provider=provider,
        kind=kind,
        place=PLACE if place else "none",
        columns="".join(f"      - {column}\n" for column in columns),
        relationships=relationships,
    )


def write_domain(
    folder: Path, contracts: dict[str, str], derived: str = "[]", sources: str = ""
) -> Path:
    (folder / "contracts").mkdir(parents=True, exist_ok=True)
    (folder / "derived").mkdir(exist_ok=True)
    (folder / "domain.yaml").write_text(
        f"code: trial\ntitle: 试验\ntitle_en: Trial\nderived: {derived}\n", "utf-8"
    )
    for code, text in contracts.items():
        (folder / "contracts" / f"{code}.odcs.yaml").write_text(text, "utf-8")
    if sources:
        (folder / "sources.yaml").write_text(sources, "utf-8")
    return folder


def person(organisation: str, *roles: str, name: str = "") -> Person:
    chosen = roles or ("steward",)
    client = ClientId(name or f"{organisation}-{chosen[0]}")
    return Person(client, OrganisationCode(organisation), frozenset(chosen))


OPERATOR = person("vitalhub", "operator")
OFFICERS = Officers(
    steward=person,
    reviewer=lambda _code: person("cq_bigdata", name="cq_bigdata-reviewer"),
)


@dataclass
class World:
    folder: Path
    registry: Registry
    clock: ReplayClock
    store: CatalogueStore
    domains: int = 0

    def publish(self, contracts: dict[str, str], derived: str = "[]") -> None:
        """A domain of these contracts, taken through every step."""
        self.domains += 1
        folder = self.folder / f"domain{self.domains}"
        for name in ("a.sql", "b.sql"):
            (folder / "derived").mkdir(parents=True, exist_ok=True)
            (folder / "derived" / name).write_text("SELECT * FROM river", "utf-8")
        domain = read_domain(write_domain(folder, contracts, derived))
        self.store.import_domain(domain, OPERATOR)
        adopt(self.store, domain, OFFICERS)


def organisations() -> tuple[Organisation, ...]:
    return tuple(
        Organisation(
            code=OrganisationCode(code),
            name=f"{code}部门",
            name_en=code,
            level=level,
            place=PlaceCode(place),
            head=f"{code}办公室主任",
            authority=None if authority is None else OrganisationCode(authority),
        )
        for code, level, place, authority in ORGANISATIONS
    )


def open_world(folder: Path, url: str | None = None) -> World:
    registry = Registry(url or f"sqlite:///{folder / 'registry.sqlite'}")
    clock = ReplayClock(NOW)
    return World(folder, registry, clock, CatalogueStore(registry, clock))


def build_world(folder: Path, url: str | None = None) -> World:
    """Organisations and places, and no contract yet."""
    world = open_world(folder, url)
    Base.metadata.create_all(world.registry.engine)
    world.store.import_organisations(organisations(), OPERATOR)
    world.store.import_places(CITY / "places.csv", OPERATOR)
    return world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    built = build_world(tmp_path)
    yield built
    built.registry.close()
