"""How many calls each provider was asked today, so that a restart does not begin its daily quota anew.

One small file an interface, written whole before a call leaves: a kill loses none. It is no record of
use (the usage log is), so it need not survive a power cut.
"""

import json
from datetime import date
from pathlib import Path
from threading import Lock

from catalog.ids import DatasetCode


class DayBook:
    """Without a folder it remembers nothing."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._lock = Lock()
        self._kept: dict[DatasetCode, tuple[date, int]] = {}

    def spent(self, interface: DatasetCode, today: date) -> int:
        """What is not of today, or cannot be read, counts for nothing."""
        file = self._file(interface)
        if file is None:
            return 0
        try:
            body = json.loads(file.read_text("utf-8"))
            return int(body["spent"]) if body["day"] == today.isoformat() else 0
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    def keep(self, interface: DatasetCode, day: date, spent: int) -> None:
        """Blocking. Of two writers the higher count stays."""
        file = self._file(interface)
        if file is None:
            return
        with self._lock:
            if self._kept.get(interface, (date.min, 0)) >= (day, spent):
                return
            file.parent.mkdir(parents=True, exist_ok=True)
            part = file.with_suffix(".part")
            part.write_text(json.dumps({"day": day.isoformat(), "spent": spent}), "utf-8")
            part.replace(file)
            self._kept[interface] = day, spent

    def _file(self, interface: DatasetCode) -> Path | None:
        return None if self._folder is None else self._folder / f"{interface}.json"
