"""The row mirror is at a version before it is published, so that it is not behind.

Rules: within the transaction that publishes, what it changes is exported and committed in the mirror's file,
while those who read the file keep the look that they have of it; then the engine commits, and they look anew.
It is done only for a set that is read from the mirror now. It never fails a publication: what takes longer than
the operator allows, or cannot be written, is published all the same, and the mirror follows. A file that is
ahead, since the engine did not commit, tells of a publication that is not there: nobody reads that, though
the number of its version will be another's.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import duckdb

from catalog.contracts import Contract
from query.mirrored import READY, shape_of
from warehouse.errors import MirrorNotWritten, MirrorWriterGone
from warehouse.mirror.changes import Change, Held, change_since
from warehouse.mirror.copies import MirrorBroken, MirrorCopies, MirrorDiffers
from warehouse.mirror.read import MirrorReader
from warehouse.mirror.standing import MirrorStandings, MirrorState, Standing, standing_of
from warehouse.tables import Run

LOG = logging.getLogger(__name__)
TURN_SECONDS = 5.0
"""How long a publication waits for what the keeper is bringing up."""


class MirrorAhead:
    """For whoever publishes: one after the other."""

    def __init__(
        self,
        copies: MirrorCopies,
        standings: MirrorStandings,
        reader: MirrorReader,
        wait_seconds: float,
    ) -> None:
        """`wait_seconds`: how long a publication waits for the mirror, at most."""
        self._copies = copies
        self._standings = standings
        self._reader = reader
        self._wait_seconds = wait_seconds

    @contextmanager
    def along(self, contract: Contract, run: Run) -> Iterator[None]:
        """See `warehouse/engine.py`."""
        if not self._wait_seconds or not self._copies.turn.acquire(timeout=TURN_SECONDS):
            yield
            return
        try:
            made = self._brought(contract, run) if self._served(contract) else None
            try:
                yield
            except BaseException:
                self._tell(contract, made, Standing(MirrorState.BUILDING))
                raise
            self._tell(contract, made, standing_of(made, contract))
        finally:
            self._reader.let_go()
            self._copies.turn.release()

    def _tell(self, contract: Contract, made: Held | None, standing: Standing) -> None:
        if made is not None:
            self._copies.held[contract.data_set] = made
            self._standings.put(contract.data_set, standing)

    def _served(self, contract: Contract) -> bool:
        """Whether it is read from the mirror now."""
        held = self._copies.held.get(contract.data_set)
        if held is None or not self._copies.known:
            return False
        return (held.state, held.shape) == (READY, shape_of(contract))

    def _brought(self, contract: Contract, run: Run) -> Held | None:
        """What the file has then; None when it has not what is to be published."""
        code = contract.data_set
        try:
            with self._copies.folder(code) as folder:
                change = _exported(run, contract, self._copies.held[code], folder)
                if change is None or change.unfit:
                    return None
                return self._written(contract, change)
        except OSError as wrong:
            LOG.warning("%s is published before its mirror: %s", code, wrong)
            return None

    def _written(self, contract: Contract, change: Change) -> Held | None:
        began = monotonic()
        until = began + self._wait_seconds
        try:
            self._copies.build(contract, change, until - monotonic())
            self._reader.hold()
            made = self._copies.finish(contract, change, until - monotonic())
        except (MirrorNotWritten, MirrorWriterGone, MirrorBroken, MirrorDiffers) as wrong:
            LOG.warning("%s is published before its mirror: %s", contract.data_set, wrong)
            return None
        LOG.info("%s mirrored ahead: %s in %.2f s", contract.data_set, change, monotonic() - began)
        return made


def _exported(run: Run, contract: Contract, held: Held, folder: Path) -> Change | None:
    """MirrorNotWritten when it could not be, which ends the transaction."""
    try:
        return change_since(run, contract, held, folder)
    except duckdb.FatalException:
        raise
    except duckdb.Error as wrong:
        raise MirrorNotWritten(str(wrong)) from wrong
