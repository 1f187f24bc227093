"""What the mirror's file holds, and a set's way to a version: orders to whoever writes.

Rules: a set is brought to a version in two steps. `build` may take long and changes nothing that is read: it
writes the whole set beside the old one, where the change is not small. `finish` is one transaction: from it on
the file holds the version, whether or not it is published. After an order that went wrong it is not known what
the file holds, so it is looked through.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Protocol

from catalog.contracts import Contract
from catalog.ids import DatasetCode, Seq
from query.mirrored import READY
from warehouse.errors import MirrorNotWritten, MirrorWriterGone
from warehouse.mirror.apply import UNFIT
from warehouse.mirror.changes import Change, Held
from warehouse.mirror.orders import BROKEN, DIFFERS, DONE, Reply, Target, order_of
from warehouse.mirror.plan import plan_of


class Orders(Protocol):
    """Whoever writes; see `warehouse/mirror/process.py`."""

    def order(self, order: Mapping[str, object], seconds: float | None = None) -> Reply: ...

    def rest(self) -> None: ...

    def stop(self) -> None: ...


class MirrorBroken(Exception):
    """The file is not what it was when it was opened."""


class MirrorDiffers(Exception):
    """The rows that there would be are not those that the engine has."""


class MirrorCopies:
    """For whoever has the `turn`. `held` is what the file says it has, until the keeper finds that it was never
    published; nothing before `open`.
    """

    def __init__(self, writer: Orders, file: Path, work: Path) -> None:
        """`work` is a folder that the engine may write to; what stands in it is swept away."""
        self.turn = Lock()
        self.held: dict[DatasetCode, Held] = {}
        self.sound = False
        """Whether the file is whole, though what it holds may not be known."""
        self._writer = writer
        self._file = file
        self._work = work
        self._inode: int | None = None
        self._unfolded = False
        self._worked_at = monotonic()

    @property
    def known(self) -> bool:
        """Whether the file is the one that was opened, and every order was answered since."""
        there = self._file.stat().st_ino if self._file.is_file() else None
        return there is not None and there == self._inode

    def doubt(self, *, sound: bool = False) -> None:
        """It must be opened again."""
        self.sound = sound and self.known
        self.held, self._inode = {}, None

    def open(self) -> None:
        """What is missing or damaged is made anew: the whole file is looked through, unless it is sound."""
        shutil.rmtree(self._work, ignore_errors=True)
        reply = self._order({"do": "open", "check": not self.sound})
        self.held = {
            DatasetCode(code): Held(Seq(seq), shape, mark, state, reason)
            for code, seq, state, shape, mark, reason in reply.held
        }
        self._inode, self.sound = reply.inode, False

    @contextmanager
    def folder(self, code: DatasetCode) -> Iterator[Path]:
        """For the files of a change."""
        folder = self._work / code
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def bring(self, contract: Contract, change: Change, seconds: float | None = None) -> Held:
        """Both steps. MirrorNotWritten, MirrorWriterGone, MirrorBroken; MirrorDiffers for what is not whole."""
        try:
            self.build(contract, change, seconds)
            return self.finish(contract, change, seconds)
        except MirrorDiffers as differs:
            if not change.whole:
                raise
            reason = f"主键不唯一 the keys are not those of single rows: {differs}"
            return self._bring("unfit", contract, change, seconds, reason)

    def build(self, contract: Contract, change: Change, seconds: float | None = None) -> None:
        """Errors as of `bring`; MirrorWriterGone, too, when it takes longer."""
        if change.whole and not change.unfit:
            self._bring("build", contract, change, seconds)

    def finish(self, contract: Contract, change: Change, seconds: float | None = None) -> Held:
        """What the file has then; errors as of `build`."""
        what = "unfit" if change.unfit else "take_place" if change.whole else "change"
        return self._bring(what, contract, change, seconds, change.unfit)

    def forget(self, code: DatasetCode) -> None:
        """The set is mirrored no longer."""
        self._order({"do": "forget", "data_set": code})
        del self.held[code]

    def fold(self) -> None:
        """Once nobody reads what was before."""
        if self._unfolded:
            self._order({"do": "fold"})
            self._unfolded = False

    def rest(self, seconds: float) -> None:
        """The writer's process ends when there was nothing to do for so long."""
        if monotonic() - self._worked_at > seconds:
            self._writer.rest()

    def _bring(
        self,
        what: str,
        contract: Contract,
        change: Change,
        seconds: float | None,
        reason: str = "",
    ) -> Held:
        plan = plan_of(contract)
        assert plan is not None, contract.data_set  # noqa: S101 - it declares a mirror
        target = Target(change.seq, change.mark, change.rows)
        order = order_of(what, plan, target, files=change.files, ended=change.ended, reason=reason)
        self._order(order, seconds)
        self._unfolded = True
        state = UNFIT if reason else READY
        return Held(change.seq, plan.shape, change.mark, state, reason)

    def _order(self, order: Mapping[str, object], seconds: float | None = None) -> Reply:
        try:
            reply = self._writer.order(order, seconds)
        except MirrorWriterGone:
            self.doubt(sound=True)
            raise
        self._worked_at = monotonic()
        if reply.outcome == DIFFERS:
            raise MirrorDiffers(reply.reason)
        if reply.outcome == BROKEN:
            self.doubt()
            raise MirrorBroken(reply.reason)
        if reply.outcome != DONE:
            raise MirrorNotWritten(reply.reason)
        return reply
