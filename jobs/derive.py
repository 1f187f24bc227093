"""Builds a derived data set from one version of its inputs and takes it in like any other load.

It runs where the warehouse is owned. Each input is read through the relation of the grant by which
the owner may derive from it; when one is missing nothing is built, and what was built before is
served no longer (`INPUT_WITHDRAWN`).
"""

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa

from catalog.catalogue import Catalogue
from catalog.clock import Clock
from catalog.domain import Derivation
from catalog.ids import DatasetCode, LoadId, Seq, SourceId
from catalog.sharing.grant import Grant
from connectors.landing import load_id
from jobs.inner import InnerExtraction
from jobs.intake import Batch, Intake
from query.derived import compile_derivation
from query.relation import relation_of
from warehouse.engine import Engine, Publication

LOG = logging.getLogger(__name__)
KIND = "derive"
SOURCE = SourceId("derived")
Inputs = Callable[[Derivation, datetime], Mapping[DatasetCode, Grant | None]]
"""The grant by which the owner reads each input now, None where there is none."""


@dataclass(frozen=True, slots=True)
class Deriver:
    engine: Engine
    intake: Intake
    inputs: Inputs
    mask_key: str = field(repr=False)
    clock: Clock

    def run(self, catalogue: Catalogue, data_set: DatasetCode) -> None:
        derivation = catalogue.derivations.get(data_set)
        if derivation is None:
            return  # it is no longer declared
        grants = self.inputs(derivation, self.clock.now())
        held = {code: grant for code, grant in grants.items() if grant is not None}
        if len(held) < len(derivation.inputs):
            LOG.warning("%s: an input's grant is missing", data_set)
            return
        contract = catalogue.contracts[data_set]
        relations = {
            code: relation_of(grant, catalogue, self.mask_key) for code, grant in held.items()
        }
        statement = compile_derivation(derivation, contract, relations)
        identity = identity_of(derivation, catalogue, held, self.engine.latest())

        def rows() -> Iterator[pa.RecordBatch]:
            with self.engine.build(statement) as reader:
                yield from reader

        extraction = InnerExtraction(f"derived {data_set} {identity[:8]}", identity, rows)
        self.intake.take(Batch(extraction, SOURCE, contract, may_be_empty=True))


def identity_of(
    derivation: Derivation,
    catalogue: Catalogue,
    grants: Mapping[DatasetCode, Grant],
    published: Mapping[DatasetCode, Publication],
) -> str:
    """What the result depends on: the versions of the inputs, the grants, the SQL, the contract."""
    versions: dict[DatasetCode, Seq] = {
        code: published[code].seq if code in published else Seq(0) for code in derivation.inputs
    }
    text = "|".join(
        [
            catalogue.contracts[derivation.data_set].digest,
            derivation.sql,
            *(f"{name}={value}" for name, value in sorted(derivation.parameters.items())),
            *(f"{code}@{versions[code]} by {grants[code].id}" for code in sorted(versions)),
        ]
    )
    return hashlib.sha256(text.encode()).hexdigest()


def derived_load(
    derivation: Derivation,
    catalogue: Catalogue,
    grants: Mapping[DatasetCode, Grant],
    published: Mapping[DatasetCode, Publication],
) -> LoadId:
    """The load id that deriving now would have."""
    identity = identity_of(derivation, catalogue, grants, published)
    return load_id(SOURCE, derivation.data_set, identity)
