"""A hub with readers on a port: its server in a thread of the test, its readers in processes of their own.

The test holds the hub's own services, so it changes what it likes and knows when that is acknowledged; what it
asks at `/graphql?hub` the hub itself answers, for only `POST /graphql` goes to readers.
"""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pyarrow as pa
import pyarrow.parquet as pq

from access.roles import Role
from bench.readings import START, STATIONS, contract, texts
from bench.town import publish_all
from catalog.actor import Person
from catalog.ids import ClientId, DatasetCode, GrantId, LoadId, OrganisationCode, PlaceCode
from catalog.sharing.decision import Approve
from catalog.sharing.grant import NO_LIMIT, GrantedColumn, Part, Quota
from catalog.sharing.request import Terms
from demo.city import free_port
from hub.composition import Hub, build_hub
from hub.serve import WebServer
from quality.gate import check
from settings import Settings
from tests.connectors.calling.hostile import wait_until
from warehouse.engine import LoadPlan, Publication
from warehouse.scratch import Scratch

READERS = 2
ROWS = 2_000
PATIENCE = 120.0
SET = DatasetCode("river_regime_municipal")
FIELDS = "stationCode observedAt levelM flowM3s placeCode"
ROW = f"""query Row($station: String!, $at: DateTime!) {{
  riverRegimeMunicipalByKey(stationCode: $station, observedAt: $at) {{ {FIELDS} }} }}"""
ASKS, PROVIDES = OrganisationCode("cq_hightech"), OrganisationCode("cq_water")
YEAR = timedelta(days=365)


@dataclass(slots=True)
class Asking:
    """A client with a token, over connections it keeps."""

    id: ClientId
    http: httpx.Client
    token: str

    def post(
        self,
        document: str,
        variables: Mapping[str, object] | None = None,
        *,
        hub: bool = False,
        **headers: str,
    ) -> httpx.Response:
        return self.http.post(
            "/graphql?hub" if hub else "/graphql",
            json={"query": document, "variables": dict(variables or {})},
            headers={"authorization": f"Bearer {self.token}"} | headers,
        )

    def row(self, number: int, *, hub: bool = False) -> httpx.Response:
        return self.post(ROW, key(number), hub=hub)


@dataclass(slots=True)
class RunningHub:
    hub: Hub
    port: int
    _made: list[httpx.Client] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def answered(self) -> int:
        """By readers, so far."""
        assert self.hub.readers is not None
        return sum(each.calls for each in self.hub.readers.tallied())

    def wait_until_ready(self) -> None:
        """All readers know what is published, and the mirror has it."""
        readers, mirror = self.hub.readers, self.hub.mirror
        assert readers is not None
        assert mirror is not None
        newest = self.hub.engine.latest()[SET].seq

        def ready() -> bool:
            standing = mirror.standings.now.get(SET)
            return readers.ready == READERS and standing is not None and standing.seq == newest

        wait_until(ready, PATIENCE)

    def client(self, *roles: Role) -> Asking:
        """A new one, without a grant."""
        http = self._connected()
        name = ClientId(f"asks-{uuid4().hex}")
        secret = self.hub.clients.register(name, ASKS, roles or [Role.APP])
        told = http.post(
            "/oauth/token", data={"grant_type": "client_credentials"}, auth=(name, secret)
        )
        return Asking(name, http, told.json()["access_token"])

    def again(self, asking: Asking) -> Asking:
        """The same client over another connection."""
        return Asking(asking.id, self._connected(), asking.token)

    def close(self) -> None:
        for http in self._made:
            http.close()

    def _connected(self) -> httpx.Client:
        self._made.append(httpx.Client(base_url=self.address, timeout=PATIENCE, trust_env=False))
        return self._made[-1]

    def granted(self, quota: Quota = NO_LIMIT) -> tuple[Asking, GrantId]:
        """A new client that may read the set."""
        asking = self.client()
        return asking, grant(self.hub, asking.id, quota)

    def publish(self, rows: int, first: int) -> Publication:
        return publish(self.hub, texts(rows, first))


def key(number: int) -> dict[str, object]:
    at = START + timedelta(minutes=10) * (number // STATIONS)
    return {"station": f"BENCH-{number % STATIONS:04}", "at": at.isoformat()}


def grant(hub: Hub, client: ClientId, quota: Quota = NO_LIMIT) -> GrantId:
    """Of the whole set, as it is asked for, signed and decided."""
    asks = Person(client, ASKS, frozenset({"app", "steward"}))
    decides = Person(ClientId("provider"), PROVIDES, frozenset({"steward"}))
    declared = hub.store.load().contracts[SET]
    columns = tuple(GrantedColumn(column.name) for column in declared.columns)
    terms = Terms(
        data_set=SET,
        purpose="防汛研判",
        basis="《重庆市数据条例》第二十条",
        scenario="汛情研判",
        parts=(Part(columns, (PlaceCode("500000"),)),),
        mode="接口",
        expires=datetime.now(UTC) + YEAR,
        quota=quota,
    )
    request = hub.sharing.draft(asks, terms)
    hub.sharing.sign(request.id, asks)
    hub.sharing.submit(request.id, asks)
    hub.sharing.sign(request.id, decides)
    hub.sharing.decide(request.id, Approve(quota=quota), decides)
    (held,) = hub.sharing.grants_of(client)
    return held.id


def publish(hub: Hub, rows: pa.Table) -> Publication:
    declared = contract()
    load = LoadId(uuid4().hex)
    folder = hub.settings.landing / load
    folder.mkdir()
    raw = folder / "raw.parquet"
    pq.write_table(rows, raw)
    with Scratch([folder]) as scratch:
        verdict = check(raw, declared, folder, now=datetime.now(UTC), scratch=scratch)
    hub.quality.record(load, declared, verdict)
    return hub.engine.publish(
        LoadPlan(load, declared, folder / "rows.parquet", "bench", folder / "unfit.parquet")
    )


def made_home(home: Path) -> None:
    """With rows published."""
    hub = build_hub(Settings(home=home))
    try:
        publish_all(hub)
        publish(hub, texts(ROWS))
        hub.engine.maintain()
    finally:
        hub.close()


@contextmanager
def served(home: Path, **settings: Any) -> Iterator[RunningHub]:
    port = free_port()
    hub = build_hub(Settings(home=home, port=port, readers=READERS, **settings))
    server = WebServer(hub)
    assert hub.mirror is not None
    assert hub.readers is not None
    threads = [threading.Thread(target=hub.mirror.run), threading.Thread(target=server.run)]
    for thread in threads:
        thread.start()
    running = RunningHub(hub, port)
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.close()
        server.should_exit = True
        hub.mirror.stop()
        for thread in threads:
            thread.join()
        hub.readers.stop()
        hub.close()


def raw_request(token: str, body: bytes, path: str = "/graphql", *lines: str) -> bytes:
    head = [
        f"POST {path} HTTP/1.1",
        "host: localhost",
        f"authorization: Bearer {token}",
        "content-type: application/json",
        f"content-length: {len(body)}",
        *lines,
    ]
    return "\r\n".join([*head, "", ""]).encode() + body


def read_reply(stream: "socket.SocketIO | Any") -> tuple[int, dict[str, str], bytes]:
    """One HTTP reply with a length."""
    status = int(stream.readline().split()[1])
    headers: dict[str, str] = {}
    while line := stream.readline().strip():
        name, _, value = line.decode().partition(":")
        headers[name.lower()] = value.strip()
    return status, headers, stream.read(int(headers["content-length"]))
