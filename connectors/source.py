"""The one shape of every connector: a fetch gives extractions, an extraction gives Arrow batches.

Rules: an extraction is one increment of one feed and becomes one load; its values are text as the
source wrote them, because the gate does the casting and keeps what it cannot cast; its cursor and
identity are known only after its last batch; it changes nothing at the source until `acknowledge`.
Beside the contract's columns each batch has `_file`, `_line` (int64, 1-based) and `_broken`, the
machine code of a structural fault of that row (`ragged_row:expected 6 fields, found 4`) or null.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from catalog.contracts import Contract
from catalog.domain import Feed, Source
from catalog.errors import UserError
from connectors.connections import Connection


@dataclass(frozen=True, slots=True)
class Fetch:
    """What to get. `cursor` is what the last recorded extraction of this feed returned."""

    contract: Contract
    feed: Feed
    source: Source
    connection: Connection
    cursor: Mapping[str, object] | None


class Extraction(Protocol):
    @property
    def origin(self) -> str:
        """For people: a file's name, or `rest mwr_river after 1500`."""
        ...

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Once only. SourceError: nothing of this extraction may be kept."""
        ...

    def cursor(self) -> Mapping[str, object] | None:
        """Where the next fetch continues; after `batches` is exhausted."""
        ...

    def identity(self) -> str:
        """The same for the same input; after `batches` is exhausted."""
        ...

    def acknowledge(self) -> None:
        """The load is landed and recorded: a file leaves the inbox."""
        ...

    def refuse(self, error: UserError) -> None:
        """The input is unreadable: a file moves to refused/ with the reason beside it."""
        ...
