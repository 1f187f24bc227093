"""Brings the row mirror to the published versions wherever it is not, in a thread beside what serves.

Rules: the engine's commit is the truth. A publication brings the mirror along (`warehouse/mirror/ahead.py`);
whatever is missing, behind, ahead, torn or of another contract all the same is found by comparing what the
file says with what is published, at the start, after each publication and every few seconds. A set is brought
up in one step, however far it is. What cannot be written is said (`fault`), logged and tried again after a
pause that grows; no caller ever waits for it.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Protocol

from catalog.catalogue import Catalogue
from catalog.contracts import Contract
from catalog.ids import DatasetCode
from catalog.predicate import Scalar
from query.mirror_source import held_tables
from query.mirrored import READY, shape_of
from warehouse.engine import Publication
from warehouse.errors import MirrorNotWritten, MirrorWriterGone, WarehouseFault
from warehouse.mirror.ahead import MirrorAhead
from warehouse.mirror.changes import Held, change_since
from warehouse.mirror.copies import MirrorCopies, MirrorDiffers, Orders
from warehouse.mirror.read import MirrorReader
from warehouse.mirror.standing import MirrorStandings, standing_of
from warehouse.publish import EPOCH
from warehouse.tables import Run

LOG = logging.getLogger(__name__)
LOOK_SECONDS = 5.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 300.0
MICROSECOND = timedelta(microseconds=1)
REST_SECONDS = 60.0
"""After so long without work the writer's process ends."""
BREATH_SECONDS = 0.05
"""Between two steps, so that a publication that waits has its turn."""


class Source(Protocol):
    """What of the engine the mirror follows."""

    def latest(self) -> Mapping[DatasetCode, Publication]: ...

    def reading(self) -> AbstractContextManager[Run]: ...


class Stopping(Exception):
    """The hub ends."""


class MirrorKeeper:
    """`run` in a thread of its own; `wake` and `stop` from any."""

    def __init__(
        self,
        source: Source,
        catalogue: Callable[[], Catalogue],
        writer: Orders,
        file: Path,
        work: Path,
        *,
        wait_seconds: float,
    ) -> None:
        """`work` is a folder that the engine may write to. A publication waits `wait_seconds` at most."""
        self.standings = MirrorStandings()
        self.reader = MirrorReader(file, self.standings)
        self.fault = ""
        self._source = source
        self._catalogue = catalogue
        self._writer = writer
        self._file = file
        self._copies = MirrorCopies(writer, file, work)
        self.ahead = MirrorAhead(self._copies, self.standings, self.reader, wait_seconds)
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._faults: dict[DatasetCode, str] = {}
        self._pause = FIRST_PAUSE_SECONDS

    @property
    def is_up(self) -> bool:
        """Whether everything declared could be written, or is on its way."""
        return not self.fault

    def wake(self, *_: object) -> None:
        """Something was published, or declared."""
        self._woken.set()

    def stop(self) -> None:
        self._stopping.set()
        self._woken.set()
        self._writer.stop()

    def run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            if self.step():
                self._pause = FIRST_PAUSE_SECONDS
                self._stopping.wait(BREATH_SECONDS)
                self._woken.wait(LOOK_SECONDS)
            else:
                self._stopping.wait(self._pause)
                self._pause = min(LONGEST_PAUSE_SECONDS, self._pause * 2)
        self._writer.rest()

    def step(self) -> bool:
        """Bring everything declared up to what is published now; False when something could not be."""
        with self._copies.turn:
            return self._step()

    def _step(self) -> bool:
        wanted = {
            code: contract
            for code, contract in self._catalogue().data_sets.items()
            if contract.mirror is not None
        }
        self._faults = {}
        fault = ""
        try:
            self._keep(wanted)
        except Stopping:
            return True
        except Exception as wrong:  # noqa: BLE001 - the thread goes on, whatever it was
            fault = f"{type(wrong).__name__}: {wrong}"
            if not isinstance(wrong, MirrorWriterGone):
                self._copies.doubt()
        self._say(fault or next((f"{c}: {why}" for c, why in self._faults.items()), ""))
        self._tell(wanted, fault)
        return self.is_up

    def _keep(self, wanted: Mapping[DatasetCode, Contract]) -> None:
        if not wanted and not self._file.exists():
            return
        self._open(wanted)
        for code in set(self._copies.held) - set(wanted):
            self._copies.forget(code)
        latest = self._source.latest()
        self._disown(latest)
        for code, contract in wanted.items():
            if code in latest and not self._has(contract, latest[code]):
                self._bring_up(contract, wanted)
        self._copies.fold()
        self._copies.rest(REST_SECONDS)

    def _open(self, wanted: Mapping[DatasetCode, Contract]) -> None:
        """Look at the file where it is not the one that was left here, and whole."""
        if self._copies.known and not self.standings.doubted:
            return
        if self.standings.doubted or not self._copies.sound:
            self._copies.doubt()
            self.standings.doubted = False
            self._tell(wanted, "")
        self._copies.open()
        self.standings.renew()

    def _disown(self, latest: Mapping[DatasetCode, Publication]) -> None:
        """A version that was not published is none: its number is, or will be, that of another one."""
        for code, held in tuple(self._copies.held.items()):
            if not _may_be_published(held, latest.get(code)):
                del self._copies.held[code]

    def _has(self, contract: Contract, published: Publication) -> bool:
        held = self._copies.held.get(contract.data_set)
        if held is None:
            return False
        found = (held.seq, held.mark, held.shape)
        return found == (published.seq, _mark(published), shape_of(contract))

    def _bring_up(self, contract: Contract, wanted: Mapping[DatasetCode, Contract]) -> None:
        """One set; what is wrong with it hinders no other, unless the file or its writer is gone."""
        code = contract.data_set
        held = self._copies.held.get(code)
        try:
            try:
                self._bring(contract, held if held is None or held.state == READY else None)
            except MirrorDiffers:
                LOG.warning("%s: the mirror's rows do not agree; it is built anew", code)
                self._bring(contract, None)
        except (MirrorNotWritten, WarehouseFault) as wrong:
            self._faults[code] = str(wrong)
        self._tell(wanted, "")

    def _bring(self, contract: Contract, held: Held | None) -> None:
        """MirrorDiffers when a change did not come to the rows that the engine has."""
        code, began = contract.data_set, monotonic()
        with self._copies.folder(code) as folder:
            with self._source.reading() as run:
                change = change_since(self._until_stopped(run), contract, held, folder)
            if change is None:
                return
            made = self._copies.held[code] = self._copies.bring(contract, change)
        if made.reason:
            LOG.warning("%s cannot be mirrored: %s", code, made.reason)
        LOG.info("%s mirrored: %s in %.2f s", code, change, monotonic() - began)

    def _until_stopped(self, run: Run) -> Run:
        """An export of many statements ends after the one that runs."""

        def checked(
            sql: str, parameters: Mapping[str, Scalar] | None = None
        ) -> list[tuple[Scalar, ...]]:
            if self._stopping.is_set():
                raise Stopping
            return run(sql, parameters)

        return checked

    def _say(self, fault: str) -> None:
        if fault != self.fault:
            LOG.log(logging.WARNING if fault else logging.INFO, "mirror: %s", fault or "up again")
        self.fault = fault

    def _tell(self, wanted: Mapping[DatasetCode, Contract], fault: str) -> None:
        self.standings.declare(held_tables(wanted.values()))
        self.standings.replace(
            {
                code: standing_of(
                    self._copies.held.get(code), contract, fault or self._faults.get(code, "")
                )
                for code, contract in wanted.items()
            }
        )


def _may_be_published(held: Held, newest: Publication | None) -> bool:
    if newest is None or held.seq > newest.seq:
        return False
    return held.seq < newest.seq or held.mark == _mark(newest)


def _mark(published: Publication) -> str:
    """As `warehouse/mirror/changes.py` has it."""
    return f"{published.load_id}@{(published.published_at - EPOCH) // MICROSECOND}"
