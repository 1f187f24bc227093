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
from catalog.ids import DatasetCode, LoadId, SourceId
from connectors.landing import RAW, load_id, reopened
from connectors.models import Load
from jobs.inner import InnerExtraction
from jobs.intake import Batch, Intake
from quality.gate import RowRef
from quality.record import QualityRecord

KIND = "release"


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
        extraction = InnerExtraction(
            f"released from {landed.origin}",
            _identity(load, rows),
            lambda: released_batches(landed.folder / RAW, rows),
        )
        batch = Batch(
            extraction,
            SourceId(landed.source),
            catalogue.contracts[DatasetCode(landed.data_set)],
            released=rows,
            released_from=load,
        )
        self.intake.take(batch)


def released_batches(raw: Path, rows: Sequence[RowRef]) -> Iterator[pa.RecordBatch]:
    """These rows of a landed file, as they came from the source."""
    mark = pc.binary_join_element_wise
    wanted = pa.array([f"{row.file}\n{row.line}" for row in rows], pa.string())
    for batch in pq.ParquetFile(raw).iter_batches():
        marks = mark(batch["_file"], pc.cast(batch["_line"], pa.string()), "\n")
        yield batch.filter(pc.is_in(marks, value_set=wanted))


def released_load(origin: Load, rows: Sequence[RowRef]) -> LoadId:
    """The load id that releasing these rows of a load has."""
    identity = _identity(LoadId(origin.id), rows)
    return load_id(SourceId(origin.source), DatasetCode(origin.data_set), identity)


def _identity(load: LoadId, rows: Sequence[RowRef]) -> str:
    return "|".join([load, *sorted(f"{row.file}:{row.line}" for row in rows)])
