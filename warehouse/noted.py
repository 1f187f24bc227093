"""What is published now, from memory: never older than what any reader has seen.

Rules: a publication is noted after its commit and before anybody is told of it; a reader that sees its
version earlier says so, and until it is noted nobody is told anything from memory.
"""

import threading
from collections.abc import Callable, Mapping

from catalog.ids import DatasetCode, Seq
from warehouse.engine import Publication, Published


class Noted:
    """Only who publishes notes, one after the other."""

    def __init__(
        self,
        publications: Mapping[DatasetCode, Publication],
        told: Callable[[Seq], None] = lambda _: None,
    ) -> None:
        """`told` hears the newest version that anybody sees, before that reader goes on; one at a time."""
        seq = max((each.seq for each in publications.values()), default=Seq(0))
        self._noted = Published(seq, dict(publications))
        self._seen = seq
        self._lock = threading.Lock()
        self._told = told
        told(seq)

    @property
    def now(self) -> Published | None:
        noted = self._noted
        return noted if noted.seq >= self._seen else None

    def note(self, made: Publication) -> None:
        before = self._noted
        if made.seq > before.seq:
            self.saw(made.seq, Published(made.seq, {**before.publications, made.data_set: made}))

    def saw(self, seq: Seq, noted: Published | None = None) -> None:
        """A reader reads this version; or it is `noted`, and may be."""
        if noted is None and seq <= self._seen:
            return
        with self._lock:
            if seq > self._seen:
                self._told(seq)
            if noted is not None:
                self._noted = noted
            self._seen = max(seq, self._seen)
