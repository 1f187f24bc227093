"""Answers of one interface, kept for their declared seconds.

Rules: keyed by the arguments alone, for the hub asks under its own name, whoever asks the hub; whole
answers are kept, before anybody's columns and masks; errors never are; bounded in bytes, oldest use
goes first.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from connectors.calling.answer import Answer

MAX_BYTES = 8 << 20


@dataclass(slots=True)
class AnswerCache:
    seconds: float
    max_bytes: int = MAX_BYTES
    _kept: OrderedDict[bytes, tuple[float, Answer]] = field(default_factory=OrderedDict)
    _bytes: int = 0

    def get(self, key: bytes, now: float) -> Answer | None:
        known = self._kept.get(key)
        if known is None:
            return None
        if now - known[0] >= self.seconds:
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        return known[1]

    def keep(self, key: bytes, answer: Answer, now: float) -> None:
        self._drop(key)
        if self.seconds <= 0 or answer.size > self.max_bytes:
            return
        self._kept[key] = now, answer
        self._bytes += answer.size + len(key)
        while self._bytes > self.max_bytes:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: bytes) -> None:
        known = self._kept.pop(key, None)
        if known is not None:
            self._bytes -= known[1].size + len(key)
