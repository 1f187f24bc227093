"""What a reader is made of: the registry to read, the row mirror, the usage log it joins; no engine."""

from dataclasses import dataclass

from access.clients import ClientStore
from access.documents import DocumentStore
from access.keys import SigningKeys
from access.limits import LimitStore
from access.token import Verifier
from access.usage import JoinedUsageLog
from catalog.clock import SystemClock
from catalog.sharing.service import SharingService
from catalog.store import CatalogueStore
from connectors.ledger import Ledger
from hub.names import AUDIENCE, secret_file
from hub.readers.board import Board, Row
from hub.readers.endpoint import ReaderEndpoint
from hub.readers.engine import PublishedEngine, ToldStandings
from hub.readers.operations import ReaderOperations
from hub.readers.watch import Watch
from jobs.queue import JobQueue
from quality.record import QualityRecord
from registry.store import Registry
from schema.admission import Admission
from schema.caller import Callers, Rights
from schema.context import Services
from schema.operation_log import OperationLog
from schema.view import Views
from settings import Settings
from warehouse.mirror.read import MirrorReader

MIB = 1024 * 1024


@dataclass(frozen=True)
class Reading:
    """Everything one reader's process holds."""

    endpoint: ReaderEndpoint
    engine: PublishedEngine
    standings: ToldStandings
    watch: Watch
    usage: JoinedUsageLog
    log: OperationLog
    registry: Registry

    def close(self) -> None:
        self.log.close()
        self.usage.close()
        self.engine.mirror.close()
        self.registry.close()


def build_reading(settings: Settings, board: Board, row: Row, page: int, place: int) -> Reading:
    """`page`: the descriptor of the usage log's."""
    clock, registry = SystemClock(), Registry(settings.registry)
    store, clients = CatalogueStore(registry, clock), ClientStore(registry)
    sharing = SharingService(registry, clock, store.load, organisation_of=clients.organisation_of)
    limits, standings = LimitStore(registry), ToldStandings()
    engine = PublishedEngine(board, MirrorReader(settings.mirror_file, standings), standings)
    usage = JoinedUsageLog(settings.home / "usage", page)
    mask_key = secret_file(settings.home / "keys" / "mask.key")
    services = Services(
        clock=clock,
        catalogue=store.load,
        store=store,
        engine=engine,
        sharing=sharing,
        clients=clients,
        ledger=Ledger(registry, clock),
        quality=QualityRecord(registry, clock, settings.landing),
        queue=JobQueue(registry),
        usage=usage,
        mask_key=mask_key,
        documents=DocumentStore(registry),
        limits=limits,
        query_seconds=settings.query_seconds,
        query_threads=1,
        price_budget=settings.price_budget,
        result_cache_bytes=settings.result_cache_mb * MIB // settings.readers,
    )
    verifier = Verifier(
        settings.issuer, AUDIENCE, SigningKeys(settings.home / "keys" / "signing.json"), clients
    )
    rights = Rights(sharing.grants_for, lambda: sharing.epoch, store.load, mask_key, store.recall)
    operations = ReaderOperations(services)
    watch = Watch(board, clients, sharing, store, limits)
    log = OperationLog(settings.home / "operations" / f"reader-{place + 1}")
    endpoint = ReaderEndpoint(
        Admission(Callers(verifier, rights, clock), Views()), operations, watch.fresh, row, log
    )
    return Reading(endpoint, engine, standings, watch, usage, log, registry)
