"""Publishes a load that was handed over: the only way into the warehouse.

The warehouse's commit is the truth; the registry's row is set after it and, when a crash comes
between the two, set again by the same job, because publishing is idempotent on the load id.
"""

import hashlib
import logging
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pyarrow.parquet as pq

from catalog.catalogue import Catalogue
from catalog.contracts import Contract, PublishMode, Severity
from catalog.ids import DatasetCode, LoadId
from connectors.landing import reopened
from connectors.ledger import Ledger
from quality.gate import GOOD_FILE, REJECTED_FILE, WITHHELD_FILE
from quality.quarantine import UNFIT_FILE
from quality.record import QualityRecord
from quality.rule import reference_rules
from warehouse.engine import Engine, LoadPlan, Publication, ReferenceRule
from warehouse.errors import BatchRejected

LOG = logging.getLogger(__name__)
KIND = "publish"


@dataclass(frozen=True, slots=True)
class Publisher:
    engine: Engine
    ledger: Ledger
    quality: QualityRecord
    landing: Path

    def run(self, catalogue: Catalogue, load_id: LoadId) -> Publication | None:
        """The publication; None when a rule against published data rejected the batch.

        InputNotPublished: a data set it refers to is not there yet; the job waits and tries again.
        """
        landed = reopened(self.landing / load_id)
        load = self.ledger.load(load_id)
        released = load is not None and load.released_from is not None
        contract = catalogue.contracts[DatasetCode(landed.data_set)]
        rules = reference_rules(contract)
        rows, withheld = landed.folder / GOOD_FILE, landed.folder / WITHHELD_FILE
        keys = pq.read_metadata(withheld).num_rows if withheld.exists() else 0
        plan = LoadPlan(
            load_id=load_id,
            contract=adding(contract) if released else contract,
            rows=rows,
            digest=file_digest(rows),
            unfit=landed.folder / UNFIT_FILE,
            references=tuple(map(told, rules)) if released else rules,
            withheld=withheld if keys else None,
            whole=keys == rejected_rows(landed.folder),
            known_until=self._landed_at(load.released_from) if load and released else None,
        )
        try:
            publication = self.engine.publish(plan)
        except BatchRejected as rejected:
            LOG.warning("%s: %s", landed.data_set, rejected)
            self.ledger.rejected(landed, rejected)
            return None
        self.quality.record_publication(contract, publication)
        self.ledger.published(load_id, publication.seq, publication.published_at)
        LOG.info("%s version %d: %d rows", contract.data_set, publication.seq, publication.rows)
        return publication

    def _landed_at(self, load_id: str | None) -> datetime | None:
        """When a load came in: what its released rows know of the world."""
        origin = self.ledger.load(LoadId(load_id)) if load_id else None
        return None if origin is None else origin.landed_at


def rejected_rows(folder: Path) -> int:
    """How many rows the gate set apart from a load."""
    return int(pq.read_metadata(folder / REJECTED_FILE).num_rows)


def told(rule: ReferenceRule) -> ReferenceRule:
    """What a steward released is looked at again, but no declared rule holds it back."""
    return replace(rule, severity=Severity.INFO)


def adding(contract: Contract) -> Contract:
    """Rows released from a whole state go into the served one; they are no state themselves."""
    if contract.publish_mode is not PublishMode.SNAPSHOT:
        return contract
    return replace(contract, publish_mode=PublishMode.UPSERT)


def file_digest(file: Path) -> str:
    """SHA-256 of a file's bytes."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
