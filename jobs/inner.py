"""An extraction that comes from the hub itself: from versions of the warehouse, or from the landing.

Nothing waits at a source, so there is nothing to acknowledge, to refuse or to continue after.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from catalog.errors import UserError


@dataclass(frozen=True, slots=True)
class InnerExtraction:
    """See `connectors/source.py` for what each method promises."""

    origin: str
    same: str
    """The identity: equal for equal input."""
    read: Callable[[], Iterator[pa.RecordBatch]]

    def batches(self) -> Iterator[pa.RecordBatch]:
        return self.read()

    def cursor(self) -> None:
        return None

    def identity(self) -> str:
        return self.same

    def acknowledge(self) -> None:
        """The input stays where it is."""

    def refuse(self, error: UserError) -> None:
        """The input stays where it is; the refusal is on record."""
