"""The engine as a reader has it: what is published, and the row mirror. Everything else is left to the hub.

Rules: nothing is published here but what the hub has told, and only as long as nobody may have seen a newer
version; a damaged mirror is told to the hub, whose keeper looks after it.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Never

import pyarrow as pa

from catalog.contracts import Contract
from catalog.ids import DatasetCode, LoadId, Seq
from hub.readers.board import Board
from hub.readers.channel import State
from query.statement import LockedStatement
from warehouse.engine import Health, Listener, LoadPlan, Publication, Published, ReadSession
from warehouse.mirror.read import MirrorReader
from warehouse.mirror.standing import MirrorStandings, Standings


class LeftToHub(Exception):
    """Only the hub can answer this."""


class ToldStandings(MirrorStandings):
    """As the hub's keeper tells them."""

    def __init__(self) -> None:
        super().__init__()
        self._doubtful: Callable[[], None] = lambda: None

    def on_doubt(self, doubtful: Callable[[], None]) -> None:
        """How the keeper is told of a damaged file."""
        self._doubtful = doubtful

    def take(self, told: Standings) -> None:
        self.declare(told.tables)
        self.generation = told.generation
        self.replace(told.now)

    def doubt(self) -> None:
        self.replace({})  # nothing is read until the keeper has looked
        self._doubtful()


class PublishedEngine:
    """An `Engine` without one. For one event loop."""

    def __init__(self, board: Board, mirror: MirrorReader, standings: ToldStandings) -> None:
        self.mirror = mirror
        self._board = board
        self._standings = standings
        self._told: Published | None = None
        self._listeners: list[Listener] = []

    @property
    def published(self) -> Published | None:
        told = self._told
        return told if told is not None and told.seq == self._board.newest else None

    def take(self, state: State) -> None:
        """What the hub tells."""
        before = {} if self._told is None else self._told.publications
        self._standings.take(state.standings)
        if self._told != state.published:
            self._told = state.published
        for data_set, publication in state.published.publications.items():
            if before.get(data_set) != publication:
                for listener in self._listeners:
                    listener(data_set)

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def session(
        self, as_of: datetime | None = None, version: Seq | None = None
    ) -> AbstractContextManager[ReadSession]:
        raise LeftToHub(as_of, version)

    def prepare(self, *contracts: Contract) -> None:
        raise LeftToHub(contracts)

    def publish(self, plan: LoadPlan) -> Publication:
        raise LeftToHub(plan)

    def build(self, statement: LockedStatement) -> AbstractContextManager[pa.RecordBatchReader]:
        raise LeftToHub(statement)

    def latest(self) -> Mapping[DatasetCode, Publication]:
        raise LeftToHub

    def publication_of(self, load_id: LoadId) -> Publication | None:
        raise LeftToHub(load_id)

    def maintain(self) -> Never:
        raise LeftToHub

    def health(self) -> Health:
        raise LeftToHub

    def close(self) -> None:
        """There is nothing to close."""
