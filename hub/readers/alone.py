"""One hub on a home, readers included: those of a hub that was killed end before another one begins.

Rules: every reader holds the lock as long as it lives, from its first moment on, since it is born with it; a
hub that begins waits until nobody does.
"""

import fcntl
import os
from pathlib import Path
from time import monotonic, sleep

from commands.errors import WrongUsage

LOCK = ".readers"
PATIENCE_SECONDS = 30.0
LOOK_SECONDS = 0.02


def await_earlier(home: Path) -> None:
    """WrongUsage when an earlier reader does not end."""
    guard = _opened(home)
    try:
        deadline = monotonic() + PATIENCE_SECONDS
        while not _alone(guard):
            if monotonic() > deadline:
                raise WrongUsage(
                    f"{home} 中先前枢纽的读进程尚未结束，请先结束它。"
                    f"A reader of an earlier hub still runs on {home}: end it first."
                )
            sleep(LOOK_SECONDS)
    finally:
        os.close(guard)


def held(home: Path) -> int:
    """The descriptor that each reader is born with; the lock goes with the last one who has it."""
    guard = _opened(home)
    fcntl.flock(guard, fcntl.LOCK_SH)
    return guard


def _opened(home: Path) -> int:
    return os.open(home / LOCK, os.O_RDWR | os.O_CREAT, 0o600)


def _alone(guard: int) -> bool:
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
