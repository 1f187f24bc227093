"""One reader's process: started again when it dies, ended when the hub hangs up or dies.

Rules: one that is there and does nothing is killed, for it keeps its connections waiting, and all others who
record where it holds the usage log's lock; looks are counted, not time, so that a hub that was itself stopped
blames nobody.
"""

import logging
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from hub.readers.board import Row
from hub.readers.channel import Channel
from jobs.supervisor import Supervisor

LOG = logging.getLogger(__name__)
STILL_LOOKS = 75
"""About 15 s; its heart beats ten times a second."""
MODULE = "hub.readers.reader"


class ReaderProcess(Supervisor):
    def __init__(
        self,
        place: int,
        environment: Mapping[str, str],
        log: Path,
        shared: Sequence[int],
        row: Row,
        started: Callable[[int, socket.socket], None],
    ) -> None:
        """`shared` descriptors the child has, too; `started` is given our end, each time, by any thread."""
        self._place = place
        self._shared = shared
        self._row = row
        self._tell = started
        self._beats = row.beats
        self._still: int | None = None
        """Looks since its heart has last beaten; None before it begins to."""
        self._end: socket.socket | None = None
        arguments = [str(number) for number in (place, *shared)]
        super().__init__(MODULE, environment, log, arguments)

    def _look(self) -> None:
        beats = self._row.beats
        if beats != self._beats:
            self._beats, self._still = beats, 0
        elif self._still is not None:
            self._still += 1
            if self._still > STILL_LOOKS:
                LOG.warning("reader %d hangs and is killed", self._place + 1)
                self._still = None
                self._child.kill()

    def stay_ended(self) -> None:
        """When it ends it is not started again."""
        self._stopping.set()

    def _hang_up(self) -> None:
        if self._end is not None:
            with suppress(OSError):  # it was gone
                self._end.shutdown(socket.SHUT_RDWR)
            self._end.close()
            self._end = None

    def _start(self) -> "subprocess.Popen[bytes]":
        ours, theirs = Channel.pair()
        self._end = ours.dup()
        self._beats, self._still = self._row.beats, None
        with theirs:
            child = self._spawned(theirs.fileno(), self._shared)
        self._tell(self._place, ours)
        return child
