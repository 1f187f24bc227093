"""Takes quarantined rows that a steward released in again, as a load of their own.

The declared rules are told but no longer set these rows apart; what cannot be published at all (a
wrong type, no key) still does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
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
from quality.recorded import Release

KIND = "release"


@dataclass(frozen=True, slots=True)
class Releaser:
    intake: Intake
    quality: QualityRecord
    landing: Path

    def run(self, catalogue: Catalogue, load: LoadId, at: datetime) -> None:
        """Take in what one decision let pass."""
        for one in self.quality.releases():
            if (one.load_id, one.at) == (load, at):
                self._take(catalogue, one)

    def _take(self, catalogue: Catalogue, release: Release) -> None:
        landed = reopened(self.landing / release.load_id)
        raw = landed.folder / RAW
        batch = Batch(
            InnerExtraction(
                f"released from {landed.origin}",
                _identity(release),
                lambda: released_batches(raw, release.rows),
            ),
            SourceId(landed.source),
            catalogue.contracts[DatasetCode(landed.data_set)],
            released=release.rows,
            released_from=release.load_id,
        )
        self.intake.take(batch)


def released_batches(raw: Path, rows: Sequence[RowRef]) -> Iterator[pa.RecordBatch]:
    """These rows of a landed file, as they came from the source."""
    mark = pc.binary_join_element_wise
    wanted = pa.array([f"{row.file}\n{row.line}" for row in rows], pa.string())
    for batch in pq.ParquetFile(raw).iter_batches():
        marks = mark(batch["_file"], pc.cast(batch["_line"], pa.string()), "\n")
        yield batch.filter(pc.is_in(marks, value_set=wanted))


def released_load(origin: Load, release: Release) -> LoadId:
    """The load id that a release of rows of a load has."""
    source, data_set = SourceId(origin.source), DatasetCode(origin.data_set)
    return load_id(source, data_set, _identity(release))


def _identity(release: Release) -> str:
    rows = sorted(f"{row.file}:{row.line}" for row in release.rows)
    return "|".join([release.load_id, release.at.isoformat(), *rows])
