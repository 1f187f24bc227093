"""What scans a lot stands back: whatever answers at once has the processor first.

Rules: a priority is only ever lowered, which needs no rights; where the system has none for single threads
(it is not Linux), nothing happens and nothing fails. The engine's own threads stand back like those that
run heavy statements: a statement is worked at by the thread that asked for it, so a small one needs no other.
A process of its own session lowers the session, too, for where a system shares its processors between
sessions, what its processes are worth beside each other's is not asked.
"""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

NICE = 10
PROCESS_NICE = 5
"""Loads go on, at a third of the rate, on a machine that is never idle."""
THREADS, SESSION = Path("/proc/self/task"), Path("/proc/self/autogroup")


def stand_back() -> None:
    """Lowers the priority of the thread that calls, for good."""
    _lower(threading.get_native_id())


@contextmanager
def others_stand_back() -> Iterator[None]:
    """Lowers the priority of the threads that begin meanwhile and are none of Python's."""
    before = _threads()
    yield
    ours = {thread.native_id for thread in threading.enumerate()}
    for thread in _threads() - before - ours:
        _lower(thread)


def process_stands_back() -> None:
    """For a process that works beside the server; to be called before it has threads."""
    if sys.platform == "linux":
        os.nice(PROCESS_NICE)
        if os.getsid(0) == os.getpid():
            with suppress(OSError):  # a system that shares its processors in another way
                SESSION.write_text(str(PROCESS_NICE), "ascii")


def _threads() -> set[int]:
    return {int(task.name) for task in THREADS.iterdir()} if sys.platform == "linux" else set()


def _lower(thread: int) -> None:
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, NICE)
