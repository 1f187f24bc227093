"""A hub in process on a small town, whose jobs are done one by one by the test itself."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from catalog.catalogue import Catalogue
from catalog.clock import ReplayClock
from catalog.ids import DatasetCode, LoadId, SourceId
from connectors.connections import read_connections
from connectors.landing import INCOMING
from connectors.models import Load
from hub.composition import Hub, build_hub
from jobs.extract import Extractor
from jobs.intake import Intake
from jobs.publish import Publisher
from jobs.queue import Place
from jobs.release import Releaser
from quality.recorded import RowFate
from quality.verdict import RowRef
from settings import Settings
from tests.crash.content import CONTRACTS, KEEPER
from tests.crash.town import BUREAU, DISTRICT, START, Town
from warehouse.engine import Publication

READING, STATION = DatasetCode("reading"), DatasetCode("station")
HIGH_WATER = DatasetCode("high_water")
DATUM = "{property: datum, value: 黄海}]\n"
PLAUSIBLE = """        quality:
          - id: plausible
            description: 水位在 100 至 300 米之间。
            type: custom
            engine: greatExpectations
            dimension: accuracy
            severity: warning
            implementation: {type: expect_column_values_to_be_between, kwargs: {min_value: 100, max_value: 300}}
"""
KNOWN = """    quality:
      - id: station_known
        description: 站码已登记。
        type: custom
        engine: greatExpectations
        dimension: consistency
        severity: critical
        implementation: {type: vitalhub_reference, kwargs: {columns: [station_code], data_set: station, target_columns: [code]}}
"""
STRICT = {
    "station": CONTRACTS["station"].replace(
        "logicalType: string}\n      - {name: phone",
        "logicalType: string, quality: [{id: short_name, description: 名称不超过 6 字。, type: custom, "
        "engine: greatExpectations, dimension: conformity, severity: warning, implementation: "
        "{type: expect_column_value_lengths_to_be_between, kwargs: {max_value: 6}}}]}\n"
        "      - {name: phone",
    ),
    "reading": CONTRACTS["reading"].replace(DATUM, DATUM + PLAUSIBLE) + KNOWN,
    "high_water": CONTRACTS["high_water"],
}
"""The town's contracts with rules that a row, and one that a whole batch, can break."""


@dataclass(frozen=True)
class Works:
    town: Town
    hub: Hub
    clock: ReplayClock
    intake: Intake

    @property
    def catalogue(self) -> Catalogue:
        return self.hub.store.load()

    @property
    def publisher(self) -> Publisher:
        hub = self.hub
        return Publisher(hub.engine, hub.ledger, hub.quality, hub.settings.landing)

    @property
    def extractor(self) -> Extractor:
        connections = read_connections(self.hub.settings.connections_file)
        return Extractor(self.intake, self.hub.ledger, connections)

    @property
    def releaser(self) -> Releaser:
        return Releaser(self.intake, self.hub.quality, self.hub.settings.landing)

    def extract(self, source: SourceId = DISTRICT, data_set: DatasetCode = READING) -> list[Load]:
        """The feed fetched once; the loads that are new or tried again by it, oldest first."""
        known = {load.id: load.attempts for load in self.loads()}
        self.clock.advance(timedelta(seconds=1))
        self.extractor.run(self.catalogue, source, data_set)
        return [load for load in self.loads() if known.get(load.id) != load.attempts]

    def publish(self, load: Load) -> Publication | None:
        return self.publisher.run(self.catalogue, LoadId(load.id))

    def publish_stations(self) -> Publication | None:
        (load,) = self.extract(BUREAU, STATION)
        return self.publish(load)

    def release(self, load: Load, *lines: int) -> Load:
        """A steward lets these lines of the load pass; the load that they become."""
        rows = [RowRef(load.origin, line) for line in lines]
        contract = self.catalogue.contracts[DatasetCode(load.data_set)]
        self.hub.quality.decide_rows(
            LoadId(load.id), contract, rows, RowFate.RELEASED, KEEPER.client, "核实无误"
        )
        self.clock.advance(timedelta(seconds=1))
        before = {known.id for known in self.loads()}
        last = self.hub.quality.releases()[-1]
        self.releaser.run(self.catalogue, last.load_id, last.at)
        (made,) = [new for new in self.loads() if new.id not in before]
        return made

    def loads(self) -> list[Load]:
        return sorted(self.town.loads(), key=lambda load: (load.landed_at, load.id))

    def state(self, load: Load) -> str:
        return next(known.state for known in self.loads() if known.id == load.id)

    def rows(self, data_set: DatasetCode) -> int:
        """Those served now."""
        found = self.hub.engine.latest()
        return found[data_set].rows if data_set in found else 0

    def open_jobs(self, place: Place) -> list[str]:
        """The keys of the jobs that can be done now at a place, in their order; they are done."""
        keys = []
        while (job := self.hub.queue.claim(place, "test")) is not None:
            keys.append(job.key)
            self.hub.queue.done(job)
        return keys

    def incoming(self) -> list[str]:
        folder = self.hub.settings.landing / INCOMING
        return [entry.name for entry in folder.iterdir()] if folder.is_dir() else []

    def drop(self, name: str, rows: Sequence[str], encoding: str = "utf-8") -> None:
        """A file of these lines, of which the town does not keep account."""
        lines = ["station_code,observed_at,level_m,place_code", *rows]
        (self.town.inbox / name).write_text("\n".join(lines), encoding)


def line(station: str = "A", hours: int = 0, level: str = "181", year: int = 2024) -> str:
    at = datetime(year, START.month, START.day, hours, tzinfo=START.tzinfo)
    return f"{station},{at.isoformat()},{level},500106004"


@contextmanager
def opened(town: Town) -> Iterator[Works]:
    clock = ReplayClock(datetime(2026, 8, 1, tzinfo=START.tzinfo))
    hub = build_hub(Settings(home=town.home, city=town.city), clock)
    intake = Intake(hub.settings.landing, hub.ledger, hub.quality, clock)
    try:
        yield Works(town, hub, clock, intake)
    finally:
        hub.close()
