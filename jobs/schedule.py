"""What needs doing now, derived from what is: feeds that are due, loads in place, stale derivations.

Nobody has to remember to ask for follow-up work, so no crash can forget it: each look at the state
asks for all of it again, and the queue keeps one open job per key.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from catalog.catalogue import Catalogue
from catalog.clock import Clock
from catalog.contracts import PublishMode
from catalog.domain import interval
from catalog.ids import DatasetCode, LoadId, SourceId
from connectors.ledger import FeedStanding, Ledger
from connectors.models import LoadState
from jobs import derive, extract, publish, release
from jobs.derive import Inputs, derived_load
from jobs.queue import JobQueue, Place
from jobs.release import released_load
from quality.record import QualityRecord
from warehouse.engine import Engine

LONGEST_PAUSE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Asked:
    """A job that should be open."""

    kind: str
    place: Place
    key: str
    payload: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Schedule:
    queue: JobQueue
    ledger: Ledger
    engine: Engine
    quality: QualityRecord
    inputs: Inputs
    clock: Clock
    _taken_in: set[tuple[LoadId, datetime]] = field(
        default_factory=set, init=False, repr=False, compare=False
    )
    """Releases whose rows stand in the landing, which they never leave: not asked after again."""

    def look(self, catalogue: Catalogue) -> int:
        """Ask for what is needed and not yet open; how many jobs that were."""
        wanted = [
            *due_feeds(catalogue, self.ledger.feeds(), self.clock.now()),
            *self._handed_over(catalogue),
            *self._stale(catalogue),
            *self._released(),
        ]
        open_keys = self.queue.open_keys()
        missing = [job for job in wanted if job.key not in open_keys]
        for job in missing:
            self.queue.ask(job.kind, job.place, job.key, job.payload)
        return len(missing)

    def _handed_over(self, catalogue: Catalogue) -> Iterable[Asked]:
        """All loads in place; of a set whose loads replace each other only the oldest, so that one
        whose publication had to wait never takes the place of a younger one.
        """
        ahead: set[DatasetCode] = set()
        for load, data_set in self.ledger.in_state(LoadState.HANDED_OVER).items():
            contract = catalogue.contracts.get(data_set)
            in_order = contract is None or contract.publish_mode is not PublishMode.APPEND
            if in_order and data_set in ahead:
                continue
            ahead.add(data_set)
            yield Asked(publish.KIND, Place.SERVER, f"publish {load}", {"load": load})

    def _released(self) -> Iterable[Asked]:
        for one in self.quality.releases():
            if (one.load_id, one.at) in self._taken_in:
                continue
            origin = self.ledger.load(one.load_id)
            if origin is None:
                continue
            if self.ledger.settled(released_load(origin, one)):
                self._taken_in.add((one.load_id, one.at))
                continue
            payload = {"load": one.load_id, "at": one.at.isoformat()}
            yield Asked(release.KIND, Place.HEAVY, f"release {one.load_id} {one.at}", payload)

    def _stale(self, catalogue: Catalogue) -> Iterable[Asked]:
        published = self.engine.latest()
        for data_set, derivation in catalogue.derivations.items():
            if any(code not in published for code in derivation.inputs):
                continue
            grants = self.inputs(derivation, self.clock.now())
            held = {code: grant for code, grant in grants.items() if grant is not None}
            if len(held) < len(derivation.inputs):
                continue
            load = derived_load(derivation, catalogue, held, published)
            if not self.ledger.settled(load):
                key = f"derive {data_set}"
                yield Asked(derive.KIND, Place.SERVER, key, {"data_set": data_set})


def due_feeds(
    catalogue: Catalogue,
    standings: Mapping[tuple[SourceId, DatasetCode], FeedStanding],
    now: datetime,
) -> Iterable[Asked]:
    """Feeds whose interval has passed; one that fails waits twice as long each time."""
    for source in catalogue.sources:
        for feed in source.feeds:
            if feed.data_set not in catalogue.contracts:
                continue
            standing = standings.get((source.id, feed.data_set))
            pause = interval(feed)
            if standing is not None and standing.failures:
                pause = min(LONGEST_PAUSE, pause * 2 ** min(standing.failures, 10))
            if (
                standing is None
                or standing.last_tried_at is None
                or (standing.last_tried_at + pause <= now)
            ):
                yield Asked(
                    extract.KIND,
                    Place.HEAVY,
                    f"extract {source.id} {feed.data_set}",
                    {"source": source.id, "data_set": feed.data_set},
                )
