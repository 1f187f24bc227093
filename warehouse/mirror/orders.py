"""What passes between the server and the mirror's writer, as lines of JSON."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from warehouse.mirror.plan import TablePlan

DONE, DIFFERS, BROKEN, FAULT = "done", "differs", "broken", "fault"
"""How an order ends. DIFFERS: the rows cannot be those of the engine; BROKEN: the file is not sound; FAULT:
anything else, which a later try may find gone (a full disk)."""


@dataclass(frozen=True, slots=True)
class Target:
    """The version to be on record. `rows`: how many there must be, None: nobody knows."""

    seq: int
    mark: str
    rows: int | None


@dataclass(frozen=True, slots=True)
class Reply:
    """`held` (a row of the publication table each) and `inode` answer an order to open."""

    outcome: str
    reason: str = ""
    held: tuple[tuple[Any, ...], ...] = ()
    inode: int = 0


def order_of(
    what: str,
    plan: TablePlan,
    target: Target,
    *,
    files: tuple[Path, ...] = (),
    ended: Path | None = None,
    reason: str = "",
) -> dict[str, object]:
    """An order that brings a set's table to a version, or on its way: change, build, take_place, unfit."""
    return {
        "do": what,
        "plan": plan.to_json(),
        **asdict(target),
        "files": [str(file) for file in files],
        "ended": str(ended) if ended else None,
        "reason": reason,
    }
