"""A hub with its declared content published and rows in it, by the shortest way: its own services."""

from datetime import UTC, datetime
from hashlib import sha256

import pyarrow as pa
import pyarrow.parquet as pq

from catalog.actor import Person
from catalog.contracts import Contract
from catalog.domain import read_domains
from catalog.ids import ClientId, LoadId, OrganisationCode
from hub.composition import Hub
from quality.gate import check
from tests.adoption import Officers, adopt
from warehouse.engine import LoadPlan
from warehouse.scratch import Scratch

AUTHORITY = OrganisationCode("cq_bigdata")


def publish_all(hub: Hub) -> None:
    """Bring every declared entry to published, as the stewards would."""
    officers = Officers(
        steward=lambda code: Person(ClientId("keeper"), code, frozenset({"steward"})),
        reviewer=lambda _: Person(ClientId("authority"), AUTHORITY, frozenset({"steward"})),
    )
    for domain in read_domains(hub.settings.city):
        adopt(hub.store, domain, officers)


def published(hub: Hub, contract: Contract, rows: pa.Table) -> None:
    """Check the rows as a load and publish them."""
    load = LoadId(sha256(contract.data_set.encode()).hexdigest()[:32])
    folder = hub.settings.landing / load
    folder.mkdir()
    raw = folder / "raw.parquet"
    pq.write_table(rows, raw)
    with Scratch([folder]) as scratch:
        verdict = check(raw, contract, folder, now=datetime.now(UTC), scratch=scratch)
    hub.quality.record(load, contract, verdict)
    hub.engine.publish(
        LoadPlan(load, contract, folder / "rows.parquet", "bench", folder / "unfit.parquet")
    )
