"""The server's end of the writer's process: started when there is work, ended when there is none for long.

Rules: an order is answered, or MirrorWriterGone says that the process ended before, or was ended because it took
longer than it might; it never outlives the server, since it ends with its input. Whoever orders waits, which no
thread that serves may do.
"""

import json
import os
import select
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import IO

from warehouse.errors import MirrorWriterGone
from warehouse.mirror.orders import Reply

PROJECT = Path(__file__).parents[2]
STOP_SECONDS = 10.0


class WriterProcess:
    """`order` from one thread; `stop` from any."""

    def __init__(self, file: Path, log: Path, environment: Mapping[str, str]) -> None:
        """Its output goes to `log`; `environment` is added to this process's own."""
        self._command = [sys.executable, "-m", "warehouse.mirror.writer", str(file)]
        self._log = log
        # What sorting an index spills stands beside the file, where there is room for it.
        self._environment = os.environ | environment | {"SQLITE_TMPDIR": str(file.parent)}
        self._child: subprocess.Popen[str] | None = None
        self._stopped = False
        self._changing = Lock()

    @property
    def pid(self) -> int | None:
        return None if self._child is None else self._child.pid

    def order(self, order: Mapping[str, object], seconds: float | None = None) -> Reply:
        """MirrorWriterGone when there is no answer (in `seconds`); the next order starts another process."""
        child = self._started()
        try:
            assert child.stdin is not None  # noqa: S101 - it was asked for
            assert child.stdout is not None  # noqa: S101
            child.stdin.write(json.dumps(order) + "\n")
            child.stdin.flush()
            if not _answered(child.stdout, seconds):
                child.kill()  # whatever it does: what is half done is no version
                self.rest()
                raise MirrorWriterGone(f"{order['do']}: no answer in {seconds:.1f} s")
            answer = child.stdout.readline()
        except (OSError, ValueError) as wrong:  # it ended, or was stopped
            self.rest()
            raise MirrorWriterGone(str(wrong)) from wrong
        if not answer.endswith("\n"):
            self.rest()
            raise MirrorWriterGone(f"the mirror's writer ended: {child.returncode}")
        said = json.loads(answer)
        held = tuple(tuple(row) for row in said["held"])
        return Reply(said["outcome"], said["reason"], held, said["inode"])

    def rest(self) -> None:
        """End the process; the next order starts another one."""
        with self._changing:
            child, self._child = self._child, None
        if child is None:
            return
        if child.stdin is not None and child.stdout is not None:
            try:
                child.stdin.close()
            except OSError:  # an order that it did not read any more
                child.kill()
            try:
                child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            child.stdout.close()

    def stop(self) -> None:
        """End it for good; an order that runs ends with MirrorWriterGone."""
        with self._changing:
            self._stopped = True
            child = self._child
        if child is not None:
            child.kill()  # whatever it does: what is half done is no version

    def _started(self) -> "subprocess.Popen[str]":
        with self._changing:
            if self._stopped:
                raise MirrorWriterGone("the mirror is stopped")
            if self._child is None:
                with self._log.open("ab") as output:
                    self._child = subprocess.Popen(  # noqa: S603 - our own program
                        self._command,
                        cwd=PROJECT,
                        env=self._environment,
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        stderr=output,
                        text=True,
                        encoding="utf-8",
                        start_new_session=True,
                    )
            return self._child


def _answered(output: IO[str], seconds: float | None) -> bool:
    """Whether there is something to read within the time."""
    if seconds is None:
        return True
    waiting = select.poll()
    waiting.register(output, select.POLLIN)
    return bool(waiting.poll(max(0.0, seconds) * 1000))
