"""Threads that stand back: what scans a lot lets what answers at once have the processor first.

Rules: a thread's priority is only ever lowered, which needs no rights; where the system has none for
single threads (it is not Linux), nothing happens and nothing fails. The engine's own threads keep
theirs: they also run parts of small statements, which must not wait behind large ones.
"""

import os
import sys
import threading
from contextlib import suppress

NICE = 10


def stand_back() -> None:
    """Lowers the priority of the thread that calls, for good."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
