"""What the row mirror holds at which version, as the server knows it in memory.

Rules: whoever reads takes one look at an unchanging mapping, which costs no lock and no file; only the
mirror's keeper changes it. It is a hint for choosing the mirror: whether the file really has the version
is decided by the file itself, in the transaction of the read.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from catalog.contracts import Contract
from catalog.ids import DatasetCode, Seq
from query.mirror_source import Tables
from query.mirrored import READY, shape_of
from warehouse.mirror.changes import Held


class MirrorState(StrEnum):
    """READY holds version `seq`; BUILDING is on its way; UNFIT cannot be held, FAULT could not be written:
    both say why; OFF: the operator wants no mirror.
    """

    READY = "ready"
    BUILDING = "building"
    UNFIT = "unfit"
    FAULT = "fault"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Standing:
    """Of one mirrored data set. `seq`: what the file holds of it, None: nothing that may be read."""

    state: MirrorState
    seq: Seq | None = None
    shape: str = ""
    """See `query/mirrored.shape_of`: statements printed for another one find other columns here."""
    reason: str = ""


def standing_of(held: Held | None, contract: Contract, fault: str = "") -> Standing:
    """What the file has under another contract is not there to be read."""
    if held is None or held.shape != shape_of(contract):
        return Standing(MirrorState.FAULT if fault else MirrorState.BUILDING, reason=fault)
    if held.state != READY:
        return Standing(MirrorState.UNFIT, reason=held.reason, shape=held.shape)
    state = MirrorState.FAULT if fault else MirrorState.READY
    return Standing(state, held.seq, held.shape, fault)


@dataclass(frozen=True, slots=True)
class Standings:
    """All of it at one moment, for another process that reads the file."""

    generation: int
    now: Mapping[DatasetCode, Standing]
    tables: Tables


class MirrorStandings:
    """`generation` counts the files: a reader that has an older one open closes it and opens the new one.
    `doubted`: a reader found the file damaged; the keeper looks after it. `tables`: of what is declared, the
    same object until a declaration changes.
    """

    def __init__(self) -> None:
        self.generation = 0
        self.doubted = False
        self.now: Mapping[DatasetCode, Standing] = MappingProxyType({})
        self.tables: Tables = MappingProxyType({})
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Hear of each change, from the keeper's thread."""
        self._listeners.append(listener)

    def all(self) -> Standings:
        return Standings(self.generation, dict(self.now), dict(self.tables))

    def replace(self, standings: Mapping[DatasetCode, Standing]) -> None:
        """For the keeper alone."""
        if standings != self.now:
            self.now = MappingProxyType(dict(standings))
            self._tell()

    def put(self, code: DatasetCode, standing: Standing) -> None:
        """As `replace`, of one set."""
        self.now = MappingProxyType({**self.now, code: standing})
        self._tell()

    def declare(self, tables: Tables) -> None:
        """For the keeper alone."""
        if tables != self.tables:
            self.tables = MappingProxyType(dict(tables))
            self._tell()

    def renew(self) -> None:
        """There is another file in the old one's place."""
        self.generation += 1
        self._tell()

    def doubt(self) -> None:
        """For a reader that was told something is wrong with the file itself."""
        self.doubted = True

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()
