"""The parts of access on a small registry, with a clock that a test moves."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.applications import Starlette

from access import models
from access.clients import ClientStore, Kind
from access.endpoints import IssuerEndpoints
from access.issuer import Issuer
from access.keys import SigningKeys
from access.login import LogInPage
from access.roles import Role
from access.token import Verifier
from catalog.clock import ReplayClock
from catalog.ids import ClientId, OrganisationCode
from registry.base import Base
from registry.store import Registry

ADDRESS = "http://127.0.0.1:8000"
AUDIENCE = "vitalhub"
APP = ClientId("cq_shapingba-app")
SHAPINGBA = OrganisationCode("cq_shapingba")
PERSON = ClientId("li-ming")


@dataclass(frozen=True, slots=True)
class Access:
    registry: Registry
    clients: ClientStore
    keys: SigningKeys
    issuer: Issuer
    verifier: Verifier
    clock: ReplayClock

    def token(self) -> str:
        """A token of the client APP."""
        found = next(client for client in self.clients.clients() if client.id == APP)
        return self.issuer.sign(found)

    def person(self, client: ClientId = PERSON) -> str:
        """Registers a person; returns the password."""
        return self.clients.register(client, SHAPINGBA, [Role.STEWARD], "黎明", Kind.PERSON)


@pytest.fixture
def access_registry(tmp_path: Path) -> Iterator[Registry]:
    registry = Registry(f"sqlite:///{tmp_path / 'registry.sqlite'}")
    tables = [
        row.__table__
        for row in vars(models).values()
        if isinstance(row, type) and issubclass(row, Base) and row is not Base
    ]
    Base.metadata.create_all(registry.engine, tables=tables)  # type: ignore[arg-type]  # they are tables
    yield registry
    registry.close()


@pytest.fixture
def application(access: Access) -> Starlette:
    """Every endpoint of the issuer and its log-in page."""
    pages = LogInPage(access.issuer, access.clock)
    return Starlette(routes=[*IssuerEndpoints(access.issuer).routes(), *pages.routes()])


@pytest.fixture
def access(access_registry: Registry, tmp_path: Path) -> Access:
    """A hub's access with one registered application, APP."""
    clock = ReplayClock(datetime(2026, 8, 19, 14, 0, tzinfo=UTC))
    clients = ClientStore(access_registry, clock)
    keys = SigningKeys(tmp_path / "keys.json", clock)
    issuer = Issuer(ADDRESS, AUDIENCE, keys, clients, clock)
    verifier = Verifier(ADDRESS, AUDIENCE, keys, clients, clock)
    clients.register(APP, SHAPINGBA, [Role.APP], "沙坪坝区防汛研判应用")
    return Access(access_registry, clients, keys, issuer, verifier, clock)
