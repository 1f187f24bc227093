"""Composition root: settings -> stores -> services -> schema -> application; and the commands.

`python server.py serve` runs the hub: the web server, the one thread that publishes and derives, and
the heavy worker beside it. Everything else is a command that talks to a running hub (`commands/`).
"""

import logging
import os
import secrets
import signal
import socket
import sys
import threading
from argparse import Namespace
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, fields
from pathlib import Path
from threading import Thread

import uvicorn
from starlette.applications import Starlette

import migrations.run
from access.clients import ClientStore
from access.endpoints import IssuerEndpoints
from access.issuer import Issuer
from access.keys import SigningKeys
from access.token import Verifier
from access.usage import UsageLog
from catalog.actor import Duty, Person
from catalog.clock import Clock, SystemClock
from catalog.domain import read_domains, read_organisations
from catalog.ids import ClientId, DatasetCode, LoadId, OrganisationCode
from catalog.sharing.service import SharingService
from catalog.sharing.working_days import read_working_days
from catalog.store import CatalogueStore
from commands.arguments import arguments, run
from commands.caller import settings_of
from commands.claim import claimed_home, claimed_port
from commands.opening import demo_clients, example_call, open_city
from commands.progress import show_loading
from connectors.landing import sweep
from connectors.ledger import Ledger
from demo.city import DemoCity
from demo.scenario import ScenarioName
from jobs import derive, publish
from jobs.derive import Deriver
from jobs.intake import Intake
from jobs.owner import owner_name
from jobs.publish import Publisher
from jobs.queue import Job, JobQueue, Place
from jobs.schedule import Schedule
from jobs.supervisor import Supervisor
from jobs.worker import Worker
from quality.record import QualityRecord
from registry.store import Registry
from schema.app import create_app
from schema.caller import Callers, Rights
from schema.context import Services
from settings import Settings
from warehouse.duck import DuckWarehouse

LOG = logging.getLogger("server")
AUDIENCE = "vitalhub"
STOP_SECONDS = 10.0
OPERATOR = Person(ClientId("operator"), OrganisationCode(""), frozenset({Duty.OPERATOR}))
"""Whoever starts the hub on this machine imports its declared content."""


@dataclass(frozen=True)
class Stores:
    """What is kept, and the services that alone change it."""

    settings: Settings
    clock: Clock
    registry: Registry
    store: CatalogueStore
    sharing: SharingService
    clients: ClientStore
    engine: DuckWarehouse
    ledger: Ledger
    quality: QualityRecord
    queue: JobQueue
    usage: UsageLog
    mask_key: str

    def close(self) -> None:
        self.usage.close()
        self.engine.close()
        self.registry.close()


@dataclass(frozen=True)
class Hub(Stores):
    """Everything one server process holds."""

    app: Starlette
    worker: Worker
    """Publishes and derives, here where the warehouse is owned."""
    schedule: Schedule
    parts: dict[str, Callable[[], bool]]
    """What runs beside the server, for `/health`."""

    def run_jobs(self) -> None:
        """Until the worker is stopped: ask for what is needed, and do what belongs here."""
        self.worker.run(idle=lambda: self.schedule.look(self.store.load()))


def build_hub(settings: Settings, clock: Clock | None = None) -> Hub:
    """Migrate, open the stores, import the declared content and put the services together."""
    stores = open_stores(settings, clock or SystemClock())
    parts = {"usageLog": lambda: stores.usage.fault is None}
    inputs = stores.sharing.derivation_inputs
    return Hub(
        **{field.name: getattr(stores, field.name) for field in fields(stores)},
        app=application(stores, parts),
        worker=server_worker(stores),
        schedule=Schedule(
            stores.queue, stores.ledger, stores.engine, stores.quality, inputs, stores.clock
        ),
        parts=parts,
    )


def open_stores(settings: Settings, clock: Clock) -> Stores:
    """The registry migrated and filled with the declared content, the warehouse locked down."""
    settings.home.mkdir(parents=True, exist_ok=True)
    settings.landing.mkdir(exist_ok=True)
    sweep(settings.landing)
    migrations.run.upgrade(settings.registry)
    registry = Registry(settings.registry)
    store = CatalogueStore(registry, clock)
    import_city(store, settings.city)
    clients = ClientStore(registry)
    days = read_working_days(settings.city / "calendar.yaml")
    stores = Stores(
        settings=settings,
        clock=clock,
        registry=registry,
        store=store,
        sharing=SharingService(registry, clock, store.load, days, clients.organisation_of),
        clients=clients,
        engine=DuckWarehouse(
            settings.warehouse_file,
            settings.landing,
            clock,
            threads=settings.threads,
            memory_limit=settings.memory_limit,
        ),
        ledger=Ledger(registry, clock),
        quality=QualityRecord(registry, clock, settings.landing),
        queue=JobQueue(registry),
        usage=UsageLog(settings.home / "usage"),
        mask_key=secret_file(settings.home / "keys" / "mask.key"),
    )
    stores.ledger.adopt(settings.landing)
    stores.queue.release_place(Place.SERVER)

    def prepare_tables() -> None:
        """A data set that was never published reads as empty, not as a fault."""
        for contract in store.load().contracts.values():
            stores.engine.prepare(contract)

    store.listen(prepare_tables)
    prepare_tables()
    return stores


def application(stores: Stores, parts: Mapping[str, Callable[[], bool]]) -> Starlette:
    """The API with the embedded issuer beside it."""
    settings = stores.settings
    keys = SigningKeys(settings.home / "keys" / "signing.json")
    issuer = Issuer(settings.issuer, AUDIENCE, keys, stores.clients)
    verifier = Verifier(settings.issuer, AUDIENCE, keys, stores.clients)
    sharing, catalogue = stores.sharing, stores.store.load
    rights = Rights(sharing.grants_for, lambda: sharing.epoch, catalogue, stores.mask_key)
    services = Services(
        clock=stores.clock,
        catalogue=catalogue,
        store=stores.store,
        engine=stores.engine,
        sharing=sharing,
        clients=stores.clients,
        ledger=stores.ledger,
        quality=stores.quality,
        usage=stores.usage,
        query_seconds=settings.query_seconds,
        query_threads=settings.threads,
        parts=parts,
    )
    callers = Callers(verifier, rights, stores.clock)
    return create_app(services, callers, IssuerEndpoints(issuer).routes())


def server_worker(stores: Stores) -> Worker:
    """Does the jobs that need the warehouse."""
    landing, catalogue = stores.settings.landing, stores.store.load
    intake = Intake(landing, stores.ledger, stores.quality, stores.clock)
    publisher = Publisher(stores.engine, stores.ledger, stores.quality, landing)
    inputs = stores.sharing.derivation_inputs
    deriver = Deriver(stores.engine, intake, inputs, stores.mask_key, stores.clock)

    def run_publish(job: Job) -> None:
        publisher.run(catalogue(), LoadId(job.text("load")))

    def run_derive(job: Job) -> None:
        deriver.run(catalogue(), DatasetCode(job.text("data_set")))

    return Worker(
        queue=stores.queue,
        registry=stores.registry,
        place=Place.SERVER,
        owner=owner_name("server"),
        handlers={publish.KIND: run_publish, derive.KIND: run_derive},
        recover=intake.recover,
    )


def import_city(store: CatalogueStore, city: Path) -> None:
    """The declared content: known files change nothing, new ones propose versions."""
    store.import_organisations(read_organisations(city / "organisations.yaml"), OPERATOR)
    store.import_places(city / "places.csv", OPERATOR)
    for domain in read_domains(city):
        store.import_domain(domain, OPERATOR)


def secret_file(file: Path) -> str:
    """A random key that is made once, in a file only its owner can read."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        part = file.with_suffix(".part")
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(secrets.token_hex(32))
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(file)
    return file.read_text("ascii")


class WebServer(uvicorn.Server):
    """Uvicorn; `ready` is set when it listens."""

    def __init__(self, hub: Hub) -> None:
        super().__init__(
            uvicorn.Config(
                hub.app,
                host=hub.settings.host,
                port=hub.settings.port,
                log_level="warning",
                access_log=False,
                timeout_keep_alive=30,
                timeout_graceful_shutdown=5,
                server_header=False,
            )
        )
        self.ready = threading.Event()
        self.failed = False

    def stops(self) -> bool:
        return self.should_exit

    def give_up(self) -> None:
        """Whoever waits for the server need not."""
        self.should_exit = True
        self.ready.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


def serve(given: Namespace) -> int:
    """Run the hub until SIGINT or SIGTERM; with --demo also the demo city, and open it."""
    settings = settings_of(given)
    with claimed_home(settings.home), claimed_port(settings.host, settings.port) as claimed:
        return serve_on(claimed, settings, given)


def serve_on(claimed: socket.socket, settings: Settings, given: Namespace) -> int:
    logging.basicConfig(
        filename=settings.home / "hub.log",
        level=logging.INFO,
        format="%(asctime)s %(name)s %(levelname)s %(message)s",
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every request's address
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like a Ctrl-C: in order
    code = 0
    with suppress(KeyboardInterrupt), ExitStack() as running:
        if given.demo:
            print("正在启动演示城市的数据源 Starting the demo city's sources ...", flush=True)
            city = DemoCity(settings.home, given.scenario, city=settings.city)
            running.enter_context(city)
        hub = build_hub(settings)
        running.callback(hub.close)
        run_beside(hub, running)
        server = WebServer(hub)
        if given.demo:
            hub.parts["demoSources"] = lambda: not city.ended()
            opening = Thread(target=open_demo, args=(hub, server), daemon=True, name="opening")
            opening.start()
            running.callback(opening.join, STOP_SECONDS)
            running.callback(server.give_up)
        else:
            print(f"Vitalhub: {settings.issuer}/graphql", flush=True)
        server.run(sockets=[claimed])
        code = int(server.failed)
    print("已停止 Stopped.", flush=True)
    return code


def run_beside(hub: Hub, running: ExitStack) -> None:
    """The job thread and the heavy worker's process, both ended with `running`."""
    jobs = Thread(target=hub.run_jobs, name="jobs")
    jobs.start()
    running.callback(jobs.join)
    running.callback(hub.worker.stopping.set)
    environment = {
        "VITALHUB_HOME": str(hub.settings.home.absolute()),
        "VITALHUB_CITY": str(hub.settings.city.absolute()),
    }
    heavy = Supervisor("jobs.heavy", environment, hub.settings.home / "heavy.log")
    running.callback(heavy.stop)
    hub.parts["heavyWorker"] = heavy.runs


def open_demo(hub: Hub, server: WebServer) -> None:
    """Once the hub listens: clients, published entries, decided requests, first loads."""
    server.ready.wait()
    if server.stops():
        return
    try:
        file = hub.settings.home / "demo-clients.json"
        clients = demo_clients(hub.clients, file)
        open_city(hub.settings.issuer, clients)
        if show_loading(hub.store.load, hub.engine.latest, hub.ledger, server.stops):
            print(example_call(hub.settings.issuer, clients[0]), flush=True)
    except Exception:
        if server.stops():  # it was stopped while the city opened
            return
        LOG.exception("the demo city could not be opened")
        log = hub.settings.home / "hub.log"
        print(f"演示城市未能就绪，见 {log}。The demo city could not be opened; see {log}.")
        server.failed = server.should_exit = True


def main(argv: list[str] | None = None) -> int:
    given = arguments(serve, ScenarioName).parse_args(argv)
    return run(given)


if __name__ == "__main__":
    sys.exit(main())
