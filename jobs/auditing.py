"""The audit's own process: `python -m jobs.auditing LOAD`. The only one that imports Great Expectations."""

import sys

from catalog.clock import SystemClock
from catalog.ids import DatasetCode, LoadId
from catalog.store import CatalogueStore
from connectors.landing import reopened
from quality.expectations import audit
from quality.gate import GOOD_FILE
from quality.record import QualityRecord
from registry.store import Registry
from settings import Settings


def main(load: LoadId) -> None:
    settings, clock = Settings(), SystemClock()
    registry = Registry(settings.registry)
    landed = reopened(settings.landing / load)
    contract = CatalogueStore(registry, clock).load().contracts[DatasetCode(landed.data_set)]
    results = audit(landed.folder / GOOD_FILE, contract)
    QualityRecord(registry, clock, settings.landing).record_audit(load, contract, results)
    registry.close()


if __name__ == "__main__":
    main(LoadId(sys.argv[1]))
