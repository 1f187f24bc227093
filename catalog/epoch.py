"""A number that moves after each committed change, so that whatever was compiled before is seen as old."""

from collections.abc import Callable
from threading import Lock

Listener = Callable[[], None]


class Epoch:
    """Thread-safe; listeners are called by the thread that committed, after the number has moved."""

    def __init__(self) -> None:
        self._number = 0
        self._lock = Lock()
        self._listeners: list[Listener] = []

    @property
    def number(self) -> int:
        return self._number

    def listen(self, listener: Listener) -> None:
        with self._lock:
            self._listeners.append(listener)

    def bump(self) -> None:
        with self._lock:
            self._number += 1
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener()
