"""One reader's process: started again when it dies, ended when the hub hangs up or dies."""

import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from hub.readers.channel import Channel
from jobs.supervisor import Supervisor

MODULE = "hub.readers.reader"


class ReaderProcess(Supervisor):
    def __init__(
        self,
        place: int,
        environment: Mapping[str, str],
        log: Path,
        shared: Sequence[int],
        started: Callable[[int, socket.socket], None],
    ) -> None:
        """`shared` descriptors the child has, too; `started` is given our end, each time, by any thread."""
        self._place = place
        self._shared = shared
        self._tell = started
        self._end: socket.socket | None = None
        arguments = [str(number) for number in (place, *shared)]
        super().__init__(MODULE, environment, log, arguments)

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
        with theirs:
            child = self._spawned(theirs.fileno(), self._shared)
        self._tell(self._place, ours)
        return child
