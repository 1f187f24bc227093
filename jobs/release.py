"""Takes quarantined rows that a steward released in again, as a load of their own.

The declared rules are told but no longer set these rows apart; what cannot be published at all (a
wrong type, no key) still does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from catalog.catalogue import Catalogue
from catalog.errors import UserError
from catalog.ids import DatasetCode, LoadId, SourceId
from connectors.landing import RAW, load_id, reopened
from connectors.models import Load
from jobs.intake import Batch, Intake
from quality.gate import RowRef
from quality.record import QualityRecord

KIND = "release"


@dataclass(frozen=True, slots=True)
class ReleasedExtraction:
    """The released rows of a load, as they came from the source."""

    raw: Path
    rows: Sequence[RowRef]
    origin: str
    _identity: str

    def batches(self) -> Iterator[pa.RecordBatch]:
        wanted = pa.table(
            {
                "_file": [row.file for row in self.rows],
                "_line": pa.array([row.line for row in self.rows], pa.int64()),
            }
        )
        keys = pc.binary_join_element_wise
        marks = keys(wanted["_file"], pc.cast(wanted["_line"], pa.string()), "\n")
        for batch in pq.ParquetFile(self.raw).iter_batches():
            mark = keys(batch["_file"], pc.cast(batch["_line"], pa.string()), "\n")
            yield batch.filter(pc.is_in(mark, value_set=marks.combine_chunks()))

    def cursor(self) -> None:
        return None

    def identity(self) -> str:
        return self._identity

    def acknowledge(self) -> None:
        """The rows stay in the landing of the load they came with."""

    def refuse(self, error: UserError) -> None:
        """As above."""


@dataclass(frozen=True, slots=True)
class Releaser:
    intake: Intake
    quality: QualityRecord
    landing: Path

    def run(self, catalogue: Catalogue, load: LoadId) -> None:
        rows = self.quality.released().get(load, ())
        if not rows:
            return
        landed = reopened(self.landing / load)
        extraction = ReleasedExtraction(
            landed.folder / RAW, rows, f"released from {landed.origin}", _identity(load, rows)
        )
        batch = Batch(
            extraction,
            SourceId(landed.source),
            catalogue.contracts[DatasetCode(landed.data_set)],
            released=rows,
            released_from=load,
        )
        self.intake.take(batch)


def released_load(origin: Load, rows: Sequence[RowRef]) -> LoadId:
    """The load id that releasing these rows of a load has."""
    identity = _identity(LoadId(origin.id), rows)
    return load_id(SourceId(origin.source), DatasetCode(origin.data_set), identity)


def _identity(load: LoadId, rows: Sequence[RowRef]) -> str:
    return "|".join([load, *sorted(f"{row.file}:{row.line}" for row in rows)])
