"""How many rows each data set has now, known without asking the engine until something is published."""

from collections.abc import Mapping

from catalog.ids import DatasetCode
from warehouse.engine import Engine


class PublishedSizes:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._changes = 0
        self._known: Mapping[DatasetCode, int] | None = None
        engine.listen(self._forget)

    @property
    def known(self) -> Mapping[DatasetCode, int] | None:
        """None when something was published since they were read."""
        return self._known

    def read(self) -> Mapping[DatasetCode, int]:
        """Blocking."""
        before = self._changes
        sizes = {code: publication.rows for code, publication in self._engine.latest().items()}
        if before == self._changes:
            self._known = sizes
        return sizes

    def _forget(self, _data_set: DatasetCode) -> None:
        self._changes += 1
        self._known = None
