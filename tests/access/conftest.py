"""The parts of access on a small registry, with a clock that a test moves."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from access.clients import ClientStore
from access.issuer import Issuer
from access.keys import SigningKeys
from access.models import AccessEpoch, Client, IssuedToken
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


@pytest.fixture
def access_registry(tmp_path: Path) -> Iterator[Registry]:
    registry = Registry(f"sqlite:///{tmp_path / 'registry.sqlite'}")
    tables = [Base.metadata.tables[row.__tablename__] for row in (Client, IssuedToken, AccessEpoch)]
    Base.metadata.create_all(registry.engine, tables=tables)
    yield registry
    registry.close()


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
