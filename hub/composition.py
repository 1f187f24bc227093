"""Composition root: settings -> stores -> services -> schema -> application, and the server's worker."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from starlette.applications import Starlette

import migrations.run
from access.clients import ClientStore
from access.documents import DocumentStore
from access.endpoints import IssuerEndpoints
from access.external import ExternalTokens
from access.issuer import Issuer
from access.keys import SigningKeys
from access.limits import LimitStore
from access.links import LinkStore
from access.login import LogInPage
from access.page import Page
from access.provider import read_providers
from access.token import Verifier
from access.usage import UsageLog
from catalog.actor import Duty, Person
from catalog.clock import Clock, SystemClock
from catalog.domain import read_domains, read_organisations
from catalog.ids import ClientId, DatasetCode, LoadId, OrganisationCode
from catalog.indicators.service import IndicatorService
from catalog.sharing.service import SharingService
from catalog.sharing.working_days import read_working_days
from catalog.store import CatalogueStore
from connectors.calling.daybook import DayBook
from connectors.calling.service import InterfaceService
from connectors.connections import ConnectionsFile
from connectors.landing import sweep
from connectors.ledger import Ledger
from hub.names import AUDIENCE, secret_file
from hub.readers.board import Board
from hub.readers.spread import Readers
from hub.readers.told import announce, readers_of
from jobs import derive, publish
from jobs.derive import Deriver
from jobs.intake import Intake
from jobs.owner import owner_name
from jobs.publish import Publisher
from jobs.queue import Job, JobQueue, Place
from jobs.schedule import Schedule
from jobs.worker import Worker
from quality.record import QualityRecord
from registry.store import Registry
from schema.app import create_app
from schema.caller import Callers, Rights
from schema.context import Services
from schema.live.hub import LiveHub
from schema.live.limits import LiveLimits
from schema.observation import Observer
from schema.operation_log import OperationLog
from settings import Settings
from warehouse.duck import DuckWarehouse
from warehouse.mirror.keeper import MirrorKeeper
from warehouse.mirror.process import WriterProcess
from warehouse.priority import stand_back

MIRROR_WORK = ".mirror"
"""In the landing, the only folder that the engine writes files to."""
OPERATOR = Person(ClientId("operator"), OrganisationCode(""), frozenset({Duty.OPERATOR}))
"""Whoever starts the hub on this machine imports its declared content."""


@dataclass(frozen=True)
class Stores:
    """What is kept, and the services that alone change it."""

    settings: Settings
    clock: Clock
    registry: Registry
    store: CatalogueStore
    indicators: IndicatorService
    sharing: SharingService
    clients: ClientStore
    limits: LimitStore
    external: ExternalTokens
    engine: DuckWarehouse
    ledger: Ledger
    quality: QualityRecord
    queue: JobQueue
    usage: UsageLog
    operations: OperationLog
    mask_key: str = field(repr=False)
    mirror: MirrorKeeper | None
    """Follows the engine in a thread of its own; None when the operator wants no row mirror."""
    board: Board

    def close(self) -> None:
        self.operations.close()
        self.usage.close()
        if self.mirror is not None:
            self.mirror.reader.close()
        self.engine.close()
        self.registry.close()
        self.board.close()


@dataclass(frozen=True)
class Hub(Stores):
    """Everything one server process holds."""

    app: Starlette
    worker: Worker
    """Publishes and derives, here where the warehouse is owned."""
    schedule: Schedule
    parts: dict[str, Callable[[], bool]]
    """What runs beside the server, for `/health`."""
    readers: Readers | None
    """Processes that answer from the row mirror; None: the server answers everything."""

    @property
    def live(self) -> LiveHub:
        """The sockets of the application."""
        live: LiveHub = self.app.state.live
        return live

    def run_jobs(self) -> None:
        """Until the worker is stopped: ask for what is needed, and do what belongs here."""
        stand_back()
        self.worker.run(idle=lambda: self.schedule.look(self.store.load()))


def build_hub(settings: Settings, clock: Clock | None = None) -> Hub:
    """Migrate, open the stores, import the declared content and put the services together."""
    stores = open_stores(settings, clock or SystemClock())
    parts = {"usageLog": lambda: stores.usage.fault is None}
    if stores.mirror is not None:
        mirror = stores.mirror
        parts["rowMirror"] = lambda: mirror.is_up
    if stores.external.issuers:
        parts["identityProviders"] = lambda: stores.external.is_up
        stores.external.prepare()
    inputs = stores.sharing.derivation_inputs
    observer = Observer(stores.operations)
    announce(stores.board, stores.clients, stores.sharing, stores.store, stores.limits)
    stores.sharing.listen(stores.usage.count)  # a quota holds from its first call on
    readers = readers_of(settings, stores.board, stores.usage, stores.engine, stores.mirror)
    observer.tally.others = tuple if readers is None else readers.tallied
    if readers is not None:
        parts["readers"] = readers.all_run
    return Hub(
        **{each.name: getattr(stores, each.name) for each in fields(stores)},
        app=application(stores, parts, observer),
        readers=readers,
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
    indicators = IndicatorService(registry, clock, store)
    indicators.import_city(settings.city, OPERATOR)
    clients = ClientStore(registry)
    days = read_working_days(settings.city / "calendar.yaml")
    board = Board.shared() if settings.readers else Board()
    engine = DuckWarehouse(
        settings.warehouse_file,
        settings.landing,
        clock,
        threads=settings.threads,
        memory_limit=settings.memory_limit,
        told=board.saw,
    )
    stores = Stores(
        settings=settings,
        clock=clock,
        registry=registry,
        store=store,
        indicators=indicators,
        sharing=SharingService(registry, clock, store.load, days, clients.organisation_of),
        clients=clients,
        limits=LimitStore(registry),
        external=ExternalTokens(read_providers(settings.providers_file), LinkStore(clients)),
        engine=engine,
        ledger=Ledger(registry, clock),
        quality=QualityRecord(registry, clock, settings.landing),
        queue=JobQueue(registry),
        usage=UsageLog(settings.home / "usage", page=Page.shared() if settings.readers else None),
        operations=OperationLog(settings.home / "operations"),
        mask_key=secret_file(settings.home / "keys" / "mask.key"),
        mirror=mirror_keeper(settings, engine, store) if settings.mirror else None,
        board=board,
    )
    stores.ledger.adopt(settings.landing)
    stores.queue.release_place(Place.SERVER)

    def prepare_tables() -> None:
        """A data set that was never published reads as empty, not as a fault."""
        stores.engine.prepare(*store.load().data_sets.values())

    store.listen(prepare_tables)
    prepare_tables()
    return stores


def mirror_keeper(settings: Settings, engine: DuckWarehouse, store: CatalogueStore) -> MirrorKeeper:
    """Woken by each publication and each change of the catalogue, once its thread runs; what it keeps
    answers beside the engine.
    """
    writer = WriterProcess(
        settings.mirror_file,
        settings.home / "mirror.log",
        {"VITALHUB_HOME": str(settings.home.absolute())},
    )
    work = settings.landing / MIRROR_WORK
    wait = settings.mirror_wait_seconds
    keeper = MirrorKeeper(engine, store.load, writer, settings.mirror_file, work, wait_seconds=wait)
    engine.mirror, engine.companion = keeper.reader, keeper.ahead
    engine.listen(keeper.wake)
    store.listen(keeper.wake)
    return keeper


def application(
    stores: Stores, parts: Mapping[str, Callable[[], bool]], observer: Observer
) -> Starlette:
    """The API with the embedded issuer beside it."""
    settings = stores.settings
    keys = SigningKeys(settings.home / "keys" / "signing.json")
    issuer = Issuer(settings.issuer, AUDIENCE, keys, stores.clients)
    verifier = Verifier(settings.issuer, AUDIENCE, keys, stores.clients, external=stores.external)
    sharing, catalogue = stores.sharing, stores.store.load
    rights = Rights(
        sharing.grants_for,
        lambda: sharing.epoch,
        catalogue,
        stores.mask_key,
        stores.store.recall,
    )
    services = Services(
        clock=stores.clock,
        catalogue=catalogue,
        store=stores.store,
        engine=stores.engine,
        sharing=sharing,
        clients=stores.clients,
        ledger=stores.ledger,
        quality=stores.quality,
        queue=stores.queue,
        usage=stores.usage,
        mask_key=stores.mask_key,
        documents=DocumentStore(stores.registry),
        limits=stores.limits,
        get_queries=settings.get_queries,
        query_seconds=settings.query_seconds,
        query_threads=settings.threads,
        price_budget=settings.price_budget,
        result_cache_bytes=settings.result_cache_mb * 1024 * 1024,
        export_rows=settings.export_rows,
        export_seconds=settings.export_seconds,
        observer=observer,
        interfaces=InterfaceService(
            ConnectionsFile(settings.connections_file),
            stores.clock,
            book=DayBook(settings.home / "calls"),
        ),
        parts=parts,
        mirror=None if stores.mirror is None else stores.mirror.standings,
    )
    callers = Callers(verifier, rights, stores.clock)
    sockets = LiveLimits(
        sockets=settings.live_sockets,
        client_sockets=settings.live_client_sockets,
        operations=settings.live_operations,
        origins=settings.live_origins,
    )
    routes = [*IssuerEndpoints(issuer).routes(), *LogInPage(issuer).routes()]
    return create_app(services, callers, routes, sockets)


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
    for domain in read_domains(city, store.known_digests()):
        store.import_domain(domain, OPERATOR)
