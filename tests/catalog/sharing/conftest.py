"""A desk for share requests: people of each side, and the usual way through."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from catalog.clock import ReplayClock
from catalog.ids import DatasetCode, PlaceCode, RequestId
from catalog.sharing.decision import Approve, Decision
from catalog.sharing.grant import Grant, GrantedColumn, Part, Visibility
from catalog.sharing.request import Request, Terms
from catalog.sharing.service import SharingService
from catalog.sharing.working_days import read_working_days
from tests.catalog.conftest import CITY, NOW, World, build_world, contract_text, open_world, person

RIVER = DatasetCode("river")
OPEN_SET = DatasetCode("open_set")
SECRET_SET = DatasetCode("secret_set")
PREMISES = DatasetCode("premises")
FLOOD = DatasetCode("flood")
SHAPINGBA, HIGHTECH = PlaceCode("500106"), PlaceCode("500172")

APP = person("cq_hightech", "app", name="hightech-app")
OWNER_APP = person("cq_shapingba", "app", name="shapingba-app")
WATER = person("cq_water")
AUTHORITY = person("cq_bigdata")
OWNER = person("cq_shapingba")
LEVEL = GrantedColumn("level_m")
KEY = GrantedColumn("code")


def part(*names: str, places: tuple[PlaceCode, ...] | None = (HIGHTECH,)) -> Part:
    return Part(tuple(GrantedColumn(name) for name in names or ("level_m",)), places)


def masked(name: str) -> GrantedColumn:
    return GrantedColumn(name, Visibility.MASKED)


def terms(data_set: DatasetCode = RIVER, **changes: object) -> Terms:
    values: dict[str, object] = {
        "data_set": data_set,
        "purpose": "防汛",
        "basis": "《防洪法》第八条",
        "scenario": "汛期水位研判",
        "parts": (part(),),
        "mode": "接口",
        "expires": NOW + timedelta(days=365),
        "derivation": True,
    }
    return Terms(**{**values, **changes})  # type: ignore[arg-type]


class Desk:
    """The sharing service of a world; `approved` takes a request the whole way."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.clock: ReplayClock = world.clock
        self.sharing = SharingService(
            world.registry,
            world.clock,
            world.store.load,
            read_working_days(CITY / "calendar.yaml"),
        )

    def submitted(
        self, data_set: DatasetCode = RIVER, by: object = None, **changes: object
    ) -> Request:
        actor = by if by is not None else APP
        request = self.sharing.draft(actor, terms(data_set, **changes))  # type: ignore[arg-type]
        self.sharing.sign(request.id, actor)  # type: ignore[arg-type]
        return self.sharing.submit(request.id, actor)  # type: ignore[arg-type]

    def decided(self, request: RequestId, decision: Decision | None = None) -> Request:
        self.sharing.sign(request, WATER)
        return self.sharing.decide(request, decision or Approve(), WATER)

    def approved(
        self, data_set: DatasetCode = RIVER, by: object = None, **changes: object
    ) -> Request:
        return self.decided(self.submitted(data_set, by, **changes).id)

    def grant_of(self, request: Request) -> Grant:
        found = [h.grant for h in self.sharing.grants() if h.grant.request == request.id]
        assert len(found) == 1
        return found[0]


CONTRACTS = {
    "river": contract_text("river"),
    "whole": contract_text("whole", place=False),
    "open_set": contract_text("open_set", kind="unconditional"),
    "secret_set": contract_text("secret_set", kind="withheld"),
    "premises": contract_text("premises", provider="cq_shapingba"),
    "flood": contract_text("flood", provider="cq_shapingba"),
    "deep": contract_text("deep", provider="cq_shapingba"),
}
DERIVED = (
    "[{data_set: flood, owner: cq_shapingba, purpose: 防汛, sql: derived/a.sql,"
    " inputs: [premises, river, open_set]},"
    " {data_set: deep, owner: cq_shapingba, purpose: 防汛, sql: derived/b.sql, inputs: [flood]}]"
)


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with everything published, made once and copied for each test."""
    folder = tmp_path_factory.mktemp("published")
    world = build_world(folder)
    world.publish(CONTRACTS, DERIVED)
    world.registry.close()
    return folder / "registry.sqlite"


@pytest.fixture
def desk(published: Path, tmp_path: Path) -> Iterator[Desk]:
    shutil.copy(published, tmp_path / "registry.sqlite")
    world = open_world(tmp_path)
    yield Desk(world)
    world.registry.close()
