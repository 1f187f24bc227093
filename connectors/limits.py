"""How much one source may take of us, and how often we may ask it.

Every limit is checked while bytes stream in, before memory is spent on them.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds of one load. Bytes unless said otherwise."""

    page: int = 32 << 20
    file: int = 2 << 30
    line: int = 1 << 20
    workbook: int = 64 << 20
    workbook_unpacked: int = 512 << 20
    workbook_ratio: int = 200
    """Unpacked to packed; real sheets reach about 30."""
    workbook_members: int = 2_000
    sheet_cells: int = 20_000_000
    """Cells of the rectangle a sheet spans, empty ones too."""
    pages: int = 2_000
    """Pages of one load; the next load continues at its cursor."""
    rows: int = 5_000_000
    """Rows of one incremental load from a database."""
    redirects: int = 3


LIMITS = Limits()


@dataclass(slots=True)
class RateLimit:
    """At most `per_second` requests, evenly spaced."""

    per_second: float
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _free_at: float = field(default=0.0, init=False)

    def wait(self) -> None:
        """Return when the next request may leave."""
        now = self.now()
        if self._free_at > now:
            self.sleep(self._free_at - now)
        self._free_at = max(self._free_at, now) + 1.0 / self.per_second
