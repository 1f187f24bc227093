"""Keeps the row mirror at the published versions, in a thread of its own beside what serves.

Rules: the engine's commit is the truth, and the mirror follows it: whatever is missing, behind, torn or of
another contract is found by comparing what the file says with what is published, at the start, after each
publication and every few seconds. A set is brought up in one step, however far it is behind. What cannot be
written is said (`fault`), logged and tried again after a pause that grows; no caller ever waits for it.
"""

import logging
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Protocol

from catalog.catalogue import Catalogue
from catalog.contracts import Contract
from catalog.ids import DatasetCode, Seq
from catalog.predicate import Scalar
from query.mirror_source import held_tables
from query.mirrored import READY, shape_of
from warehouse.engine import Publication
from warehouse.errors import MirrorNotWritten, WarehouseFault
from warehouse.mirror.apply import BUILDING, UNFIT
from warehouse.mirror.changes import Change, Held, change_since
from warehouse.mirror.orders import BROKEN, DIFFERS, DONE, Reply, Target, order_of
from warehouse.mirror.plan import TablePlan, plan_of
from warehouse.mirror.read import MirrorReader
from warehouse.mirror.standing import MirrorStandings, MirrorState, Standing
from warehouse.publish import EPOCH
from warehouse.tables import Run

LOG = logging.getLogger(__name__)
LOOK_SECONDS = 5.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 300.0
MICROSECOND = timedelta(microseconds=1)
REST_SECONDS = 60.0
"""After so long without work the writer's process ends."""
SMALL_ROWS = 100_000
"""A change of so many rows is one transaction."""


class Source(Protocol):
    """What of the engine the mirror follows."""

    def latest(self) -> Mapping[DatasetCode, Publication]: ...

    def reading(self) -> AbstractContextManager[Run]: ...


class Orders(Protocol):
    """Whoever writes; see `warehouse/mirror/process.py`."""

    def order(self, order: Mapping[str, object]) -> Reply: ...

    def rest(self) -> None: ...

    def stop(self) -> None: ...


class MirrorBroken(Exception):
    """The file is not what it was when it was opened."""


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
    ) -> None:
        """`work` is a folder that the engine may write to; what stands in it is swept away."""
        self.standings = MirrorStandings()
        self.reader = MirrorReader(file, self.standings)
        self.fault = ""
        self._source = source
        self._catalogue = catalogue
        self._writer = writer
        self._file = file
        self._work = work
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._inode: int | None = None
        self._held: dict[DatasetCode, Held] = {}
        self._faults: dict[DatasetCode, str] = {}
        self._pause = FIRST_PAUSE_SECONDS
        self._worked_at = monotonic()

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
                self._woken.wait(LOOK_SECONDS)
            else:
                self._stopping.wait(self._pause)
                self._pause = min(LONGEST_PAUSE_SECONDS, self._pause * 2)
        self._writer.rest()

    def step(self) -> bool:
        """Bring everything declared up to what is published now; False when something could not be."""
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
            self._inode = None  # look at the whole file again
        self._say(fault or next((f"{c}: {why}" for c, why in self._faults.items()), ""))
        self._tell(wanted, fault)
        return self.is_up

    def _keep(self, wanted: Mapping[DatasetCode, Contract]) -> None:
        if not wanted and not self._file.exists():
            return
        self._open(wanted)
        for code in set(self._held) - set(wanted):
            self._order({"do": "forget", "data_set": code})
            del self._held[code]
        latest = self._source.latest()
        for code, contract in wanted.items():
            if code in latest and not self._has(contract, latest[code]):
                self._bring_up(contract, wanted)
                self._worked_at = monotonic()
        if monotonic() - self._worked_at > REST_SECONDS:
            self._writer.rest()

    def _open(self, wanted: Mapping[DatasetCode, Contract]) -> None:
        """Look at the file where it is not the one that was left here, and whole."""
        inode = self._file.stat().st_ino if self._file.is_file() else None
        if inode is not None and inode == self._inode and not self.standings.doubted:
            return
        self.standings.doubted = False
        self._held, self._inode = {}, None
        self._tell(wanted, "")
        shutil.rmtree(self._work, ignore_errors=True)
        reply = self._writer.order({"do": "open", "check": True})
        if reply.outcome != DONE:
            raise MirrorNotWritten(reply.reason)
        self._held = {
            DatasetCode(code): Held(Seq(seq), shape, mark, state, reason)
            for code, seq, state, shape, mark, reason in reply.held
        }
        self.standings.renew()
        self._inode = reply.inode

    def _has(self, contract: Contract, published: Publication) -> bool:
        held = self._held.get(contract.data_set)
        if held is None or held.state == BUILDING:
            return False
        at = (published.published_at - EPOCH) // MICROSECOND
        mark = f"{published.load_id}@{at}"
        return (held.seq, held.mark, held.shape) == (published.seq, mark, shape_of(contract))

    def _bring_up(self, contract: Contract, wanted: Mapping[DatasetCode, Contract]) -> None:
        """One set; what is wrong with it hinders no other, unless the file or its writer is gone."""
        code = contract.data_set
        try:
            if not self._bring(contract, self._held.get(code)):
                LOG.warning("%s: the mirror's rows do not agree; it is built anew", code)
                self._bring(contract, None)
        except (MirrorNotWritten, WarehouseFault) as wrong:
            self._faults[code] = str(wrong)
        self._tell(wanted, "")

    def _bring(self, contract: Contract, held: Held | None) -> bool:
        """False when a change did not come to the rows that the engine has."""
        plan = plan_of(contract)
        if plan is None:
            return True
        began = monotonic()
        with self._folder(contract.data_set) as folder:
            with self._source.reading() as run:
                usable = held if held is not None and held.state != UNFIT else None
                change = change_since(self._until_stopped(run), contract, usable, folder)
            if change is None:
                return True
            how = _how(change, held)
            if not self._apply(contract.data_set, plan, change, how):
                return False
        took = monotonic() - began
        LOG.info(
            "%s mirrored (%s): version %d, %d rows in %.2f s",
            contract.data_set,
            how,
            change.seq,
            change.size,
            took,
        )
        return True

    def _apply(self, code: DatasetCode, plan: TablePlan, change: Change, how: str) -> bool:
        target = Target(change.seq, change.mark, change.rows)
        order = order_of(
            how, plan, target, files=change.files, ended=change.ended, reason=change.unfit
        )
        reason = change.unfit
        reply = self._writer.order(order)
        if reply.outcome == DIFFERS:
            if not change.whole:
                return False
            reason = f"主键不唯一 the keys are not those of single rows: {reply.reason}"
            reply = self._writer.order(order_of("unfit", plan, target, reason=reason))
        if reply.outcome == BROKEN:
            raise MirrorBroken(reply.reason)
        if reply.outcome != DONE:
            raise MirrorNotWritten(reply.reason)
        state = UNFIT if reason else READY
        if reason:
            LOG.warning("%s cannot be mirrored: %s", code, reason)
        self._held[code] = Held(change.seq, plan.shape, change.mark, state, reason)
        return True

    def _order(self, order: Mapping[str, object]) -> None:
        reply = self._writer.order(order)
        if reply.outcome != DONE:
            raise MirrorBroken(reply.reason)

    @contextmanager
    def _folder(self, code: DatasetCode) -> Iterator[Path]:
        folder = self._work / code
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

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
            {code: self._standing(contract, fault) for code, contract in wanted.items()}
        )

    def _standing(self, contract: Contract, fault: str) -> Standing:
        """What the file has under another contract is not there to be read."""
        held = self._held.get(contract.data_set)
        fault = fault or self._faults.get(contract.data_set, "")
        state = MirrorState.FAULT if fault else MirrorState.BUILDING
        if held is None or held.shape != shape_of(contract):
            return Standing(state, reason=fault)
        if held.state == UNFIT:
            return Standing(MirrorState.UNFIT, reason=held.reason, shape=held.shape)
        if held.state != READY:
            return Standing(state, reason=fault)
        return Standing(
            MirrorState.FAULT if fault else MirrorState.READY, held.seq, held.shape, fault
        )


def _how(change: Change, held: Held | None) -> str:
    if change.unfit:
        return "unfit"
    if change.whole:
        return "build"
    ready = held is not None and held.state == READY
    return "small" if ready and change.size <= SMALL_ROWS else "large"
