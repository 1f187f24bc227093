"""The heavy worker's process: loads, checks and releases. `python -m jobs.heavy`, started by the server.

It ends when its standard input ends, which is when the server does, and never opens the warehouse. Where
it stops is all the same: what a worker leaves half done, the next one sweeps away, adopts or repeats.
"""

import logging
import os
import sys
import threading
from datetime import datetime
from pathlib import Path
from time import sleep

from catalog.clock import SystemClock
from catalog.ids import DatasetCode, LoadId, SourceId
from catalog.store import CatalogueStore
from connectors.connections import read_connections
from connectors.ledger import Ledger
from jobs import audit, extract, release
from jobs.audit import Auditor
from jobs.extract import Extractor
from jobs.intake import Intake
from jobs.owner import owner_name
from jobs.queue import Job, JobQueue, Place
from jobs.release import Releaser
from jobs.worker import Worker
from quality.record import QualityRecord
from registry.store import Registry
from settings import Settings
from warehouse.priority import process_stands_back

LOG = logging.getLogger(__name__)
GRACE_SECONDS = 8.0
"""How long the job at hand may go on when the server has ended."""


def heavy_worker(settings: Settings) -> Worker:
    clock = SystemClock()
    registry = Registry(settings.registry)
    store = CatalogueStore(registry, clock)
    ledger = Ledger(registry, clock)
    quality = QualityRecord(registry, clock, settings.landing)
    intake = Intake(settings.landing, ledger, quality, clock)
    stopping = threading.Event()
    releaser = Releaser(intake, quality, settings.landing)

    def run_extract(job: Job) -> None:
        # The connections file is read each time: an operator changes it without a restart.
        connections = read_connections(settings.connections_file)
        extractor = Extractor(intake, ledger, connections, stopping)
        extractor.run(
            store.fresh(), SourceId(job.text("source")), DatasetCode(job.text("data_set"))
        )

    def run_release(job: Job) -> None:
        at = datetime.fromisoformat(job.text("at"))
        releaser.run(store.fresh(), LoadId(job.text("load")), at)

    def run_audit(job: Job) -> None:
        Auditor(settings).run(LoadId(job.text("load")))

    return Worker(
        queue=JobQueue(registry),
        registry=registry,
        place=Place.HEAVY,
        owner=owner_name("heavy"),
        handlers={
            extract.KIND: run_extract,
            release.KIND: run_release,
            audit.KIND: run_audit,
        },
        recover=intake.recover,
        stopping=stopping,
    )


def main() -> None:
    process_stands_back()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every request's address
    settings = Settings()
    Path(settings.landing).mkdir(parents=True, exist_ok=True)
    worker = heavy_worker(settings)
    worker.recover()  # before anything is read
    threading.Thread(target=_stop_with_parent, args=(worker,), daemon=True).start()
    worker.run()


def _stop_with_parent(worker: Worker) -> None:
    while sys.stdin.buffer.read(4096):
        pass
    worker.stopping.set()
    sleep(GRACE_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main()
