"""Keeps a child process running: started again when it dies, ended with this process."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic

LOG = logging.getLogger(__name__)
PROJECT = Path(__file__).parents[1]
STOP_SECONDS = 10.0
LOOK_SECONDS = 0.2
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 30.0
STEADY_SECONDS = 10.0
"""A child that ran this long is not one that cannot start."""


class Supervisor:
    """Runs `python -m <module>`; the child ends when its standard input does."""

    def __init__(
        self,
        module: str,
        environment: Mapping[str, str],
        log: Path,
        arguments: Sequence[str] = (),
    ) -> None:
        """`environment` is added to this process's own; the child's output goes to `log`."""
        self._command = [sys.executable, "-m", module, *arguments]
        self._module = module
        self._environment = os.environ | environment
        self._log = log
        self._stopping = threading.Event()
        self._child = self._start()
        self._thread = threading.Thread(target=self._watch, daemon=True, name=f"keep {module}")
        self._thread.start()

    @property
    def pid(self) -> int:
        """The process that runs now."""
        return self._child.pid

    def runs(self) -> bool:
        """Whether the child is there now."""
        return self._child.poll() is None

    def stop(self) -> None:
        """End the child, politely first."""
        self._stopping.set()
        self._thread.join()
        self._hang_up()
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def _watch(self) -> None:
        pause, started = FIRST_PAUSE_SECONDS, monotonic()
        while not self._stopping.wait(LOOK_SECONDS):
            if self._child.poll() is None:
                self._look()
                continue
            if monotonic() - started > STEADY_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            self._hang_up()
            LOG.warning(
                "%s ended with %s; started again in %.1f s",
                self._module,
                self._child.returncode,
                pause,
            )
            if self._stopping.wait(pause):
                return
            pause, started = min(LONGEST_PAUSE_SECONDS, pause * 2), monotonic()
            try:
                self._child = self._start()
            except OSError:  # no memory, no process: the next round tries again
                LOG.exception("%s could not be started", self._module)

    def _look(self) -> None:
        """At a child that runs."""

    def _hang_up(self) -> None:
        if self._child.stdin is not None:
            self._child.stdin.close()

    def _start(self) -> "subprocess.Popen[bytes]":
        return self._spawned(subprocess.PIPE)

    def _spawned(self, standard_input: int, kept: Sequence[int] = ()) -> "subprocess.Popen[bytes]":
        """`kept`: descriptors that the child has under the same numbers."""
        # Its own session: a Ctrl-C at the terminal is the parent's, which ends its children in order.
        with self._log.open("ab") as output:
            return subprocess.Popen(  # noqa: S603 - our own program
                self._command,
                cwd=PROJECT,
                env=self._environment,
                stdin=standard_input,
                stdout=output,
                stderr=output,
                start_new_session=True,
                pass_fds=kept,
            )
