"""The newest outcome of a live query, with the bytes that all its readers share."""

from datetime import datetime, timedelta

from schema.outcome import Content, Outcome

SHARED = timedelta(seconds=1)
"""How long the same bytes are handed out: the age of the data is among them."""


class State:
    def __init__(self, outcome: Outcome, now: datetime) -> None:
        """Blocking: it encodes."""
        self.outcome = outcome
        self._content = outcome.content(now)
        self._at = now

    def content(self, now: datetime) -> Content:
        """As fresh as its ages claim."""
        if not timedelta(0) <= now - self._at < SHARED:
            self._content, self._at = self.outcome.content(now), now
        return self._content
