"""The questions of the bench: what is asked, with which arguments, and what an answer is.

Rules: the arguments follow from the seed, so every contender is asked the same; an answer is a list of
rows of plain values, in the order of the question, by which two contenders' answers can be compared.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from bench.city.scale import UNTIL, Scale

SEED = 4
Arguments = Mapping[str, Any]
Row = tuple[object, ...]
EVENT = ("id", "type", "level", "district", "township", "grid", "reportedAt", "status", "source", "title")  # fmt: skip
NESTED = ("id", "type", "level", "township", "reportedAt", "status", "title")
RATE = ("district", "month", "events", "closed")
READING = ("deviceId", "ts", "value")
STATUSES = ("registered", "dispatched", "handling", "closed")
PER_DISTRICT = 20
DEVICES = 1_000


@dataclass(frozen=True, slots=True)
class Question:
    """`checked` and `timed`: how many sets of arguments are compared, and asked under load."""

    name: str
    title: str
    draw: Callable[[Random, Scale, Sequence[str]], Arguments]
    checked: int
    timed: int

    def arguments(self, scale: Scale, districts: Sequence[str], count: int) -> list[Arguments]:
        random = Random(f"{SEED} {self.name}")  # noqa: S311 - arguments, not secrets
        return [self.draw(random, scale, districts) for _ in range(count)]


def _by_key(random: Random, scale: Scale, _: Sequence[str]) -> Arguments:
    return {"id": random.randint(1, scale.events)}


def _page(random: Random, _: Scale, districts: Sequence[str]) -> Arguments:
    return {"district": random.choice(districts), "status": random.choice(STATUSES)}


def _newest(limit: int) -> Callable[[Random, Scale, Sequence[str]], Arguments]:
    return lambda *_: {"limit": limit}


def _nothing(*_: object) -> Arguments:
    return {}


def _until(random: Random, *_: object) -> Arguments:
    """Another second of the last hours each time: nearly all rows, and no cache has the answer."""
    until = UNTIL - timedelta(seconds=random.randrange(86_400))
    return {"until": until.isoformat()}


def _devices(random: Random, scale: Scale, _: Sequence[str]) -> Arguments:
    return {"devices": random.sample(range(1, scale.devices + 1), DEVICES)}


QUESTIONS: Mapping[str, Question] = {
    question.name: question
    for question in (
        Question("Q1", "one event by its key", _by_key, 200, 2_000),
        Question("Q2", "the 100 newest events of a district and status", _page, 60, 1_000),
        Question("Q3", "the 1,000 newest events", _newest(1_000), 1, 1),
        Question("Q3b", "the 10,000 newest events", _newest(10_000), 1, 1),
        Question("Q4", "41 districts, each with its 20 newest open events", _nothing, 1, 1),
        Question("Q5", "closed events by district and month, over all", _until, 2, 1_000),
        Question("Q6", "the latest reading of 1,000 devices", _devices, 10, 200),
    )
}
REPEATED = Question("repeated", "one page of 100 again and again, nothing published", _page, 1, 1)


def event_row(row: Mapping[str, Any], names: Sequence[str] = EVENT) -> Row:
    """`names` as this contender calls them, in the question's order."""
    return tuple(plain(name, row[name]) for name in names)


def plain(name: str, value: object) -> object:
    """The value itself, however it travelled: an instant, a whole number, a text."""
    if value is None:
        return None
    if name in {"reportedAt", "ts", "month"}:
        moment = datetime.fromisoformat(str(value))
        assert moment.tzinfo is not None, f"{name} {value} has no offset"
        return moment.astimezone(UTC)
    if name in {"id", "rowId", "district", "township", "code"}:
        return int(str(value))
    return value
