"""Where an answer's data come from: version, load, age, grade and level of each data set read.

Load and grade are of the load that made the version; rows that came earlier came with other loads.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, lru_cache

import orjson

from catalog.catalogue import Catalogue
from catalog.clock import CITY_ZONE
from catalog.contracts import camel
from catalog.ids import DatasetCode, LoadId, Seq
from quality.errors import RunUnknown
from quality.record import QualityRecord
from warehouse.engine import Publication

GradeOf = Callable[[LoadId], str | None]
"""A load's quality grade, A to E; None when it was never checked."""
REMEMBERED = 1_000
SECOND = timedelta(seconds=1)


class Grades:
    """The grades of published loads; theirs no longer change, so they are remembered."""

    def __init__(self, quality: QualityRecord) -> None:
        self._quality = quality
        self._known: dict[LoadId, str] = {}

    def of(self, load_id: LoadId) -> str | None:
        """Blocking the first time."""
        known = self._known.get(load_id)
        if known is not None:
            return known
        try:
            grade = self._quality.run(load_id).score.grade
        except RunUnknown:
            return None
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[load_id] = grade
        return grade


@dataclass(frozen=True)
class Provenance:
    """Of one version of a data set: the same one for all who read it, so what is made of it is kept."""

    data_set: DatasetCode
    version: Seq
    published_at: datetime
    load_id: LoadId
    grade: str | None
    source_level: str

    def age(self, now: datetime) -> int:
        """Seconds."""
        return max(0, (now - self.published_at) // SECOND)

    def shown(self, now: datetime) -> orjson.Fragment:
        before, after = self._around_age
        return orjson.Fragment(b"%s%d%s" % (before, self.age(now), after))

    @cached_property
    def name(self) -> str:
        """As the field's."""
        return camel(self.data_set)

    @cached_property
    def _around_age(self) -> tuple[bytes, bytes]:
        """All that is told, but the age, which alone differs from time to time."""
        before = {
            "version": self.version,
            "publishedAt": self.published_at.astimezone(CITY_ZONE),
        }
        after = {"loadId": self.load_id, "grade": self.grade, "sourceLevel": self.source_level}
        return orjson.dumps(before)[:-1] + b',"ageSeconds":', b"," + orjson.dumps(after)[1:]


@dataclass(frozen=True, slots=True)
class LiveSource:
    """Where an interface's answers in one reply came from. `outcomes` of each call: CALLED, CACHED or
    the error's code; `called_at`: of the oldest answer, None when there was none.
    """

    interface: DatasetCode
    called_at: datetime | None
    from_cache: bool
    outcomes: tuple[str, ...]
    source_level: str

    def shown(self, now: datetime) -> dict[str, object] | None:
        if self.called_at is None:
            return None
        return {
            "calledAt": self.called_at.astimezone(CITY_ZONE),
            "ageSeconds": max(0, int((now - self.called_at).total_seconds())),
            "fromCache": self.from_cache,
            "sourceLevel": self.source_level,
        }


def provenance_of(
    publications: Mapping[DatasetCode, Publication],
    catalogue: Catalogue,
    grade_of: GradeOf,
) -> tuple[Provenance, ...]:
    """Blocking where `grade_of` is. A data set that was never published has none."""
    return tuple(
        _provenance(
            code,
            publication.seq,
            publication.published_at,
            publication.load_id,
            grade_of(publication.load_id),
            catalogue.contracts[code].level.value,
        )
        for code, publication in sorted(publications.items())
    )


def shown(
    provenances: tuple[Provenance, ...], live: tuple[LiveSource, ...], now: datetime
) -> dict[str, object]:
    """As `extensions.data` holds it: by the name of the field."""
    found: dict[str, object] = {p.name: p.shown(now) for p in provenances}
    for source in live:
        told = source.shown(now)
        if told is not None:
            found[camel(source.interface)] = told
    return found


_provenance = lru_cache(maxsize=REMEMBERED)(Provenance)
