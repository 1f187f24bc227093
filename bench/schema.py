"""A directory of 4,683 data sets: how long a start takes, a caller's schema, and what others notice.

The catalogue is imported once by the shortest way (files that the standard's schema need not check again)
and published by hand; then everything is measured on a hub that opens this home, as after a restart.
"""

import asyncio
import gc
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TypeVar

import httpx
import psutil
from graphql import get_introspection_query
from sqlalchemy import text

import migrations.run
from access.roles import Role, capabilities_of
from bench.measure import Table
from catalog.actor import Person
from catalog.clock import SystemClock
from catalog.ids import ClientId, OrganisationCode
from catalog.store import CatalogueStore
from hub.composition import OPERATOR, Hub, build_hub, import_city
from query.relation import Scope
from registry.store import Registry
from schema.download import PATH
from schema.view import View, build_view
from settings import Settings
from tests.scale import DATA_SETS, PROVIDERS, unchecked_domain, write_domain

CITY = Path(__file__).parents[1] / "cities" / "chongqing"
SMALL, LARGE, LARGEST = (name for name, _ in PROVIDERS)
"""Whose applications see 200 data sets, 950, and all the others."""
IDLE = 60
MIB = 2**20
TINY = "{ me { clientId } }"
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds and MiB; `slowed` is the p95 of another caller beside an introspection, over idle."""

    start: float
    catalogue_mib: float
    small: float
    largest: float
    largest_mib: float
    sdl: float
    introspection: float
    again: float
    slowed: float


def schema() -> Table:
    folder = Path(tempfile.mkdtemp(prefix="vitalhub-bench-"))
    try:
        found = figures(prepared_home(folder))
    finally:
        shutil.rmtree(folder)
    table = Table(f"The schema of {DATA_SETS:,} data sets")
    table.seconds("start: registry, catalogue, tables, application", found.start, "at most 5 s")
    table.figure("the catalogue in memory", f"{found.catalogue_mib:>10.0f} MiB")
    table.seconds("the schema of a scope of 200", found.small, "at most 200 ms")
    table.seconds("the schema of a scope of 3,500", found.largest)
    table.figure("the same in memory", f"{found.largest_mib:>10.0f} MiB  at most 200 MiB")
    table.seconds("its SDL, the first time", found.sdl)
    table.seconds("introspection of 950, the first time", found.introspection)
    table.seconds("the same again, through /graphql", found.again)
    table.figure("another caller's p95 meanwhile, over idle", f"{found.slowed:>10.1f} x")
    return table


def figures(settings: Settings) -> Figures:
    """Measured in this process, on a home that `prepared_home` made."""
    catalogue_mib, _ = _grown(lambda: _catalogue(settings))
    start, hub = _timed(lambda: build_hub(settings))
    try:
        _view(hub, "cq_hightech")  # the core is built once for all
        small, _ = _timed(lambda: _view(hub, SMALL))
        largest_mib, (largest, view) = _grown(lambda: _timed(lambda: _view(hub, LARGEST)))
        sdl, _ = _timed(lambda: view.sdl)
        introspection, again, slowed = asyncio.run(_asked(hub))
    finally:
        hub.close()
    return Figures(
        start, catalogue_mib, small, largest, largest_mib, sdl, introspection, again, slowed
    )


def prepared_home(folder: Path, count: int = DATA_SETS) -> Settings:
    """A home whose registry holds the city's content and `count` published data sets more."""
    city, home = folder / "city", folder / "home"
    shutil.copytree(CITY, city)
    write_domain(city / "domains" / "scale", count)
    settings = Settings(home=home, city=city)
    home.mkdir()
    migrations.run.upgrade(settings.registry)
    registry = Registry(settings.registry)
    store = CatalogueStore(registry, SystemClock())
    import_city(store, CITY)
    domain = unchecked_domain(city / "domains" / "scale")
    store.import_domain(domain, OPERATOR)
    with registry.write() as session:
        session.execute(text("UPDATE contract_version SET state = 'published'"))
        session.execute(text("UPDATE directory_entry SET state = 'published'"))
    registry.close()
    build_hub(settings).close()  # makes the tables
    return settings


async def _asked(hub: Hub) -> tuple[float, float, float]:
    """Seconds of an introspection, of the same again, and how another caller fared meanwhile."""
    transport = httpx.ASGITransport(hub.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://bench", timeout=60) as http:
        large, small = [await _bearer(hub, http, of) for of in (LARGE, SMALL)]

        async def post(query: str, headers: Mapping[str, str]) -> float:
            began = perf_counter()
            reply = await http.post("/graphql", json={"query": query}, headers=headers)
            assert reply.content.startswith(b'{"data":{'), reply.text[:300]
            return perf_counter() - began

        await post(TINY, large)  # both schemas are there
        idle = [await post(TINY, small) for _ in range(IDLE)]
        running = asyncio.create_task(post(get_introspection_query(), large))
        meanwhile = []
        while not running.done():
            meanwhile.append(await post(TINY, small))
        again = await post(get_introspection_query(), large)
        reply = await http.get(PATH, headers=large)
        assert reply.status_code == 200
        return await running, again, _p95(meanwhile) / _p95(idle)


async def _bearer(hub: Hub, http: httpx.AsyncClient, organisation: str) -> dict[str, str]:
    client = ClientId(f"bench-{organisation}")
    secret = hub.clients.register(client, OrganisationCode(organisation), [Role.APP])
    reply = await http.post(
        "/oauth/token", data={"grant_type": "client_credentials"}, auth=(client, secret)
    )
    return {"Authorization": f"Bearer {reply.json()['access_token']}"}


def _catalogue(settings: Settings) -> object:
    registry = Registry(settings.registry)
    try:
        return CatalogueStore(registry, SystemClock()).load()
    finally:
        registry.close()


def _view(hub: Hub, organisation: str) -> View:
    """As an application of the organisation gets it, with the data that it provides itself."""
    person = Person(ClientId("bench"), OrganisationCode(organisation), frozenset({"app"}))
    grants = hub.sharing.grants_for(person)
    return build_view(capabilities_of([Role.APP]), Scope(hub.store.load(), grants, hub.mask_key))


def _p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]


def _timed(call: Callable[[], Value]) -> tuple[float, Value]:
    began = perf_counter()
    value = call()
    return perf_counter() - began, value


def _grown(call: Callable[[], Value]) -> tuple[float, Value]:
    """MiB that the process has more while the value is there."""
    process = psutil.Process()
    gc.collect()
    before = process.memory_info().rss
    value = call()
    gc.collect()
    return (process.memory_info().rss - before) / MIB, value
