"""A small real hub for the tests of the API: registry, issuer, warehouse, usage log and the web app."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx
import orjson
import pyarrow as pa
from starlette.applications import Starlette

from access.clients import ClientStore
from access.documents import DocumentStore
from access.endpoints import IssuerEndpoints
from access.issuer import Issuer
from access.keys import SigningKeys
from access.limits import LimitStore
from access.login import LogInPage
from access.principal import Principal
from access.roles import Role
from access.token import Verifier
from access.usage import UsageLog
from catalog.actor import Person
from catalog.clock import ReplayClock
from catalog.contracts import Contract, Level
from catalog.directories import EntryAction
from catalog.domain import Derivation, Domain, Organisation
from catalog.ids import ClientId, DatasetCode, DomainCode, LoadId, OrganisationCode, PlaceCode
from catalog.odcs import read_contract
from catalog.places import HEADER
from catalog.sharing.grant import Grant
from catalog.sharing.service import SharingService
from catalog.store import CatalogueStore
from connectors.calling.service import InterfaceService
from connectors.connections import Connections
from connectors.ledger import Ledger
from jobs.queue import JobQueue
from quality.record import QualityRecord
from registry.base import Base
from registry.store import Registry
from schema.app import create_app
from schema.caller import Callers, Rights
from schema.context import Services
from tests.shared_data import (
    PLACES,
    READING,
    START,
    STATION,
    grant,
    reading,
    reading_rows,
    station,
    station_rows,
    written,
)
from warehouse.duck import DuckWarehouse
from warehouse.engine import LoadPlan

ADDRESS = "http://127.0.0.1:8000"
HERE, THERE = 500106004000000, 500106016000000
HOUR = timedelta(hours=1)
STATION_COLUMNS = ("code", "name")
READING_COLUMNS = ("station_code", "observed_at", "level_m", "place_code")


def person(client: str, organisation: str, *roles: Role) -> Person:
    return Person(ClientId(client), OrganisationCode(organisation), frozenset(roles))


WATER_STEWARD = person("water-steward", "cq_water", Role.STEWARD)
AUTHORITY_STEWARD = person("authority-steward", "cq_bigdata", Role.STEWARD)
AUTHORITY = OrganisationCode("cq_bigdata")
ORGANISATIONS = tuple(
    Organisation(
        code=OrganisationCode(code),
        name=name,
        name_en=code,
        level=Level(level),
        place=PlaceCode(place),
        head=f"{name}负责人",
        authority=None if code == AUTHORITY else AUTHORITY,
    )
    for code, name, level, place in (
        ("cq_bigdata", "大数据局", "municipal", "500000"),
        ("cq_water", "水利局", "municipal", "500000"),
        ("cq_shapingba", "沙坪坝区", "district", "500106"),
        ("cq_hightech", "高新区", "district", "500172"),
    )
)


HIGH_WATER = DatasetCode("high_water")
HIGH_WATER_TEXT = """
apiVersion: v3.1.0
kind: DataContract
id: high_water
version: 1.0.0
status: active
name: 最高水位
domain: flood
customProperties:
  - {property: provider, value: cq_shapingba}
  - {property: level, value: district}
  - {property: titleEn, value: High water}
  - {property: sharingKind, value: conditional}
  - {property: sharingMode, value: 接口}
  - {property: format, value: 数据库}
  - {property: updateFrequency, value: 每小时}
  - {property: conditionsOfUse, value: 防汛}
  - {property: classification, value: general}
  - {property: publishMode, value: snapshot}
  - {property: placeColumn, value: none}
schema:
  - name: high_water
    businessName: 最高水位
    properties:
      - {name: code, businessName: 编码, logicalType: string, primaryKey: true, primaryKeyPosition: 1}
      - name: peak_m
        businessName: 最高水位
        logicalType: number
        physicalType: decimal(9,3)
        customProperties: [{property: height, value: true}, {property: datum, value: 黄海}]
"""


def high_water() -> Contract:
    return read_contract(Path("high_water.odcs.yaml"), HIGH_WATER_TEXT)


@dataclass
class Hub:
    """`granted` gives a client grants beside those that it won by requests."""

    folder: Path
    clock: ReplayClock
    clients: ClientStore
    warehouse: DuckWarehouse
    usage: UsageLog
    app: Starlette = field(init=False)
    services: Services = field(init=False)
    verifier: Verifier = field(init=False)
    callers: Callers = field(init=False)
    issuer: Issuer = field(init=False)
    store: CatalogueStore = field(init=False)
    sharing: SharingService = field(init=False)
    ledger: Ledger = field(init=False)
    quality: QualityRecord = field(init=False)
    grants: dict[ClientId, tuple[Grant, ...]] = field(default_factory=dict)
    epoch: int = 0
    connections: Connections = field(default_factory=lambda: Connections({}))
    """Of the live services."""
    secrets: dict[str, str] = field(default_factory=dict)

    def serve(self, **changes: Any) -> None:
        """The application, over services that are changed in these."""
        self.services = replace(self.services, **changes)
        routes = [*IssuerEndpoints(self.issuer).routes(), *LogInPage(self.issuer).routes()]
        self.app = create_app(self.services, self.callers, routes)

    def granted(self, client: str, *grants: Grant) -> None:
        self.grants[ClientId(client)] = tuple(replace(g, client=ClientId(client)) for g in grants)
        self.epoch += 1

    def client(self, name: str, *roles: Role, of: str = "cq_shapingba") -> str:
        """Registers a client and gives its bearer token."""
        organisation = OrganisationCode(of)
        self.secrets[name] = self.clients.register(
            ClientId(name), organisation, roles or (Role.APP,)
        )
        return self.token(name)

    def token(self, name: str) -> str:
        with self.http() as http:
            reply = http.post(
                "/oauth/token",
                data={"grant_type": "client_credentials"},
                auth=(name, self.secrets[name]),
            )
        return str(reply.json()["access_token"])

    def publish(self, contract: Contract, rows: pa.Table, load: str) -> None:
        file = written(rows, self.folder / "landing" / load / "rows.parquet")
        self.warehouse.publish(
            LoadPlan(LoadId(load), contract, file, f"digest of {load}", file.with_name("r.parquet"))
        )

    def grants_for(self, principal: Principal, at: datetime) -> tuple[Grant, ...]:
        held = self.grants.get(principal.client, ())
        return (*(g for g in held if g.in_force(at)), *self.sharing.grants_for(principal, at))

    def principal(self, token: str) -> Principal:
        return self.verifier.verify(token)

    def usage_records(self) -> list[dict[str, Any]]:
        """What the usage log holds, oldest first."""
        lines = [
            line.split(b" ", 1)[1]
            for file in sorted((self.folder / "usage").glob("*.log"))
            for line in file.read_bytes().splitlines()
        ]
        return [orjson.loads(line).get("record", {}) for line in lines]

    def republish_stations(self, *codes: str) -> None:
        rows = station_rows(*((code, code, None) for code in codes))
        self.publish(station(), rows, "stations " + " ".join(codes))

    @contextmanager
    def http(self) -> Iterator["Http"]:
        yield Http(self.app)

    def post(self, token: str | None, query: str, **members: Any) -> httpx.Response:
        """One GraphQL request, in process."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with self.http() as http:
            return http.post("/graphql", json={"query": query, **members}, headers=headers)

    def ask(self, token: str, query: str, **variables: Any) -> Any:
        """The data of a request that must succeed."""
        body = self.post(token, query, variables=variables).json()
        assert "errors" not in body, body
        return body["data"]

    def codes(self, token: str, query: str, **variables: Any) -> list[str]:
        """The error codes of a request that must not quite succeed."""
        body = self.post(token, query, variables=variables).json()
        return [error["extensions"]["code"] for error in body["errors"]]


class Http:
    """httpx over the application in process, one event loop a call."""

    def __init__(self, app: Starlette) -> None:
        self._app = app

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as client:
                return await client.request(method, path, **options)

        return anyio.run(send)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)


def make_template(folder: Path) -> dict[str, str]:
    """A stopped hub to copy: two stations, three readings (one in the second district's area), and
    the client `app`, whose secret and token it gives.
    """
    folder.mkdir()
    with running_hub(folder, {}) as hub:
        publish_catalogue(hub.store, folder)
        publish_town(hub)
        token = hub.client("app")
        return {"app": hub.secrets["app"], "token": token}


@contextmanager
def running_hub(
    folder: Path, secrets: Mapping[str, str], registry_url: str | None = None
) -> Iterator[Hub]:
    registry = Registry(registry_url or f"sqlite:///{folder / 'registry.sqlite'}")
    Base.metadata.create_all(registry.engine)  # the migrations have their own tests
    clock = ReplayClock(START + HOUR)
    keys = SigningKeys(folder / "keys.json")
    clients = ClientStore(registry)
    warehouse = DuckWarehouse(folder / "w.duckdb", folder / "landing", clock)
    usage = UsageLog(folder / "usage")
    hub = Hub(folder, clock, clients, warehouse, usage)
    hub.secrets.update(secrets)
    hub.store = CatalogueStore(registry, clock)
    hub.ledger = Ledger(registry, clock)
    hub.quality = QualityRecord(registry, clock, folder / "landing")
    hub.sharing = SharingService(registry, clock, hub.store.load)
    hub.services = Services(
        clock=clock,
        catalogue=hub.store.load,
        store=hub.store,
        sharing=hub.sharing,
        engine=warehouse,
        clients=clients,
        ledger=hub.ledger,
        quality=hub.quality,
        queue=JobQueue(registry),
        usage=usage,
        mask_key="k",
        documents=DocumentStore(registry),
        limits=LimitStore(registry),
        interfaces=InterfaceService(lambda: hub.connections, clock),
        query_seconds=600,
    )
    rights = Rights(
        grants=hub.grants_for,
        epoch=lambda: hub.epoch + hub.sharing.epoch,
        catalogue=hub.store.load,
        mask_key="k",
        recalled=hub.store.recall,
    )
    hub.verifier = Verifier(ADDRESS, "vitalhub", keys, clients)
    hub.callers = Callers(hub.verifier, rights, clock)
    hub.issuer = Issuer(ADDRESS, "vitalhub", keys, clients)
    hub.serve()
    try:
        yield hub
    finally:
        warehouse.close()
        usage.close()
        registry.close()


def publish_catalogue(store: CatalogueStore, folder: Path) -> None:
    """Organisations, places and the two data sets, through the steps that stewards make."""
    operator = person("operator", "cq_bigdata", Role.OPERATOR)
    store.import_organisations(ORGANISATIONS, operator)
    places = folder / "places.csv"
    rows = [[p.code, p.name, p.level, p.parent or "", p.statistical_parent or ""] for p in PLACES]
    places.write_text("\n".join(",".join(row) for row in [HEADER, *rows]), "utf-8")
    store.import_places(places, operator)
    store.import_domain(domain(), operator)
    reviewer = AUTHORITY_STEWARD
    for entry in store.entries():
        code, keeper = entry.code, person("keeper", entry.fields.provider, Role.STEWARD)
        store.assess(code, keeper, secrecy="不涉密", personal_information="不含")
        for action, by in (
            (EntryAction.APPROVE, keeper),
            (EntryAction.SUBMIT, keeper),
            (EntryAction.PUBLISH, reviewer),
        ):
            store.advance(code, action, by)


def domain() -> Domain:
    texts = {
        DatasetCode("station"): STATION,
        DatasetCode("reading"): READING % {"mode": "append"},
        HIGH_WATER: HIGH_WATER_TEXT,
    }
    return Domain(
        code=DomainCode("flood"),
        title="防汛",
        title_en="Flood",
        contracts=(station(), reading(), high_water()),
        contract_texts=texts,
        contract_files={code: Path(f"{code}.odcs.yaml") for code in texts},
        sources=(),
        derivations=(
            Derivation(
                data_set=HIGH_WATER,
                owner=OrganisationCode("cq_shapingba"),
                purpose="防汛研判",
                sql="SELECT station_code AS code, max(level_m) AS peak_m FROM reading GROUP BY 1",
                inputs=(DatasetCode("reading"),),
                parameters={},
            ),
        ),
    )


def publish_town(hub: Hub) -> None:
    hub.clock.at = START
    hub.publish(station(), station_rows(("A", "磁器口", "139"), ("B", "北碚", None)), "stations")
    hub.clock.advance(HOUR)
    rows = reading_rows(
        ("A", START, "181.240", HERE),
        ("A", START + HOUR, "181.300", HERE),
        ("B", START, "200.230", THERE),
    )
    hub.publish(reading(), rows, "readings")
    peaks = pa.table({"code": ["A"], "peak_m": pa.array(["181.300"]).cast(pa.decimal128(9, 3))})
    hub.publish(high_water(), peaks, "peaks")


def whole(places: Sequence[str] = ("500106", "500172")) -> tuple[Grant, ...]:
    """Grants on everything but the station's phone."""
    return (
        grant(DatasetCode("station"), STATION_COLUMNS),
        grant(DatasetCode("reading"), READING_COLUMNS, places=places),
    )
