"""How many rows each data set has now, known without asking the engine until something is published."""

from collections.abc import Mapping

from catalog.ids import DatasetCode
from warehouse.engine import Engine, Publication, Published

Sizes = Mapping[DatasetCode, int]


class PublishedSizes:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: tuple[Published, Sizes] | None = None

    @property
    def known(self) -> Sizes | None:
        """From memory, and the same object until something is published; None when it is not known."""
        published = self._engine.published
        if published is None:
            return None
        known = self._known
        if known is None or known[0] is not published:
            known = self._known = published, _sizes(published.publications)
        return known[1]

    def read(self) -> Sizes:
        """Blocking."""
        return self.known or _sizes(self._engine.latest())


def _sizes(publications: Mapping[DatasetCode, Publication]) -> Sizes:
    return {code: publication.rows for code, publication in publications.items()}
