"""A worker: claims jobs of its place and runs them, one at a time, until it is told to stop.

`python -m jobs.worker` is the heavy worker: loads, checks, releases. The server runs the same loop in a
thread for what must happen where the warehouse is owned. A job that raises is tried again later; a
lease is renewed while the job runs, and runs out when the process dies.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from catalog.errors import VitalhubError
from jobs.queue import LEASE, Job, JobQueue, Place
from registry.store import Registry

LOG = logging.getLogger(__name__)
IDLE_SECONDS = 0.05
"""How often an idle worker looks whether the registry changed: a look costs some microseconds."""
LONGEST_IDLE_SECONDS = 1.0
"""Jobs that wait for their time do not change the registry: look at least this often."""
Handler = Callable[[Job], None]


@dataclass
class Worker:
    queue: JobQueue
    registry: Registry
    place: Place
    owner: str
    handlers: Mapping[str, Handler]
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self, idle: Callable[[], object] = lambda: None) -> None:
        """Until `stopping` is set. `idle` runs whenever the registry changed and nothing is to do."""
        with self.registry.watch() as changed:
            waited = LONGEST_IDLE_SECONDS
            while not self.stopping.is_set():
                if changed() or waited >= LONGEST_IDLE_SECONDS:
                    waited = 0.0
                    idle()
                    while not self.stopping.is_set() and self.step():
                        pass
                else:
                    self.stopping.wait(IDLE_SECONDS)
                    waited += IDLE_SECONDS

    def step(self) -> bool:
        """Run one job; False when there was none."""
        job = self.queue.claim(self.place, self.owner)
        if job is None:
            return False
        with _Renewal(self.queue, job, self.owner):
            try:
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

    def __init__(self, queue: JobQueue, job: Job, owner: str) -> None:
        self._queue, self._job, self._owner = queue, job, owner
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._renew, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _renew(self) -> None:
        while not self._done.wait(LEASE.total_seconds() / 3):
            if not self._queue.renew(self._job, self._owner):
                LOG.warning("job %s was taken over", self._job.key)
                return
