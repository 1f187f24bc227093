"""A worker: claims jobs of its place and runs them, one at a time, until it is told to stop.

The heavy worker's process runs this loop, and the server in a thread for what must happen where the
warehouse is owned. A job that raises is tried again later; a lease is renewed while the job runs and
taken back when the process is gone. Nothing that a job, a look or the registry raises ends the loop.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic

from catalog.errors import VitalhubError
from jobs.queue import LEASE, Job, JobQueue, Place
from registry.store import Registry

LOG = logging.getLogger(__name__)
IDLE_SECONDS = 0.05
"""How often an idle worker looks whether the registry changed: a look costs some microseconds."""
LONGEST_IDLE_SECONDS = 1.0
"""Jobs that wait for their time do not change the registry: look at least this often."""
FORGET_SECONDS = 3600.0
"""How often finished jobs that nobody looks at any more are dropped."""
Handler = Callable[[Job], None]


def nothing() -> None:
    """What a worker does when it has nothing special to do."""


@dataclass
class Worker:
    queue: JobQueue
    registry: Registry
    place: Place
    owner: str
    handlers: Mapping[str, Handler]
    recover: Callable[[], object] = nothing
    """Sets right what a process that died left half done; also runs before a job is tried again."""
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self, idle: Callable[[], object] = nothing) -> None:
        """Until `stopping` is set. `idle` runs whenever the registry changed and nothing is to do."""
        while not self.stopping.is_set():
            try:
                self._run(idle)
            except Exception:
                LOG.exception("%s worker: goes on", self.place)
                self.stopping.wait(LONGEST_IDLE_SECONDS)

    def _run(self, idle: Callable[[], object]) -> None:
        with self.registry.watch() as changed:
            forget_at = 0.0
            looked_at = -LONGEST_IDLE_SECONDS
            while not self.stopping.is_set():
                if not changed() and monotonic() - looked_at < LONGEST_IDLE_SECONDS:
                    self.stopping.wait(IDLE_SECONDS)
                    continue
                looked_at = monotonic()
                if looked_at >= forget_at:
                    self.queue.forget_finished()
                    forget_at = looked_at + FORGET_SECONDS
                if self.queue.release_gone(self.place):
                    self.recover()
                idle()
                while not self.stopping.is_set() and self.step():
                    pass

    def step(self) -> bool:
        """Run one job; False when there was none."""
        job = self.queue.claim(self.place, self.owner)
        if job is None:
            return False
        with _Renewal(self.queue, job):
            try:
                if job.attempts > 1:
                    self.recover()
                self.handlers[job.kind](job)
            except VitalhubError as wrong:
                LOG.warning("job %s: %s", job.key, wrong)
                self.queue.failed(job, str(wrong))
            except Exception as wrong:
                LOG.exception("job %s", job.key)
                self.queue.failed(job, f"{type(wrong).__name__}: {wrong}")
            else:
                self.queue.done(job)
        return True


class _Renewal:
    """Holds a job's lease while it runs."""

    def __init__(self, queue: JobQueue, job: Job) -> None:
        self._queue, self._job = queue, job
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._renew, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _renew(self) -> None:
        while not self._done.wait(LEASE.total_seconds() / 3):
            try:
                held = self._queue.renew(self._job)
            except Exception:  # the registry is busy or away: the next round comes in time
                LOG.exception("job %s: its lease could not be renewed", self._job.key)
                continue
            if not held:
                LOG.warning("job %s was taken over", self._job.key)
                return
