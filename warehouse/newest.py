"""The number of the newest version, known without a query as long as no commit is under way.

Rules: what is known is forgotten before a commit begins and asked for anew after it, whatever became of
it; a transaction that began while one and the same thing was known reads exactly that version. Whoever
began while nothing was known, or something else, has to ask within the transaction.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import duckdb

from catalog.ids import Seq


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """One equals only itself: the same number after a commit is another thing to know."""

    seq: Seq


class Newest:
    def __init__(self, ask: Callable[[], Seq]) -> None:
        self._ask = ask
        self._known: _Known | None = None

    def settle(self) -> None:
        """Where asking fails, nothing is known: each transaction asks for itself, and says what is wrong."""
        self._known = None
        with suppress(duckdb.Error):
            self._known = _Known(self._ask())

    @contextmanager
    def moving(self) -> Iterator[None]:
        """Around each commit; commits come one after the other."""
        self._known = None
        try:
            yield
        finally:
            self.settle()

    def seen_by(self, begin: Callable[[], object]) -> Seq | None:
        """The version of the transaction that `begin` begins; None when it must ask."""
        before = self._known
        begin()
        return before.seq if before is not None and before is self._known else None
