"""One demo city for the suites and clients that others wrote; it answers GET, which audits ask for."""

from collections.abc import Iterator

import pytest

from tests.clients import node
from tests.running_hub import RunningHub, running_hub

ASKS = "shapingba-flood"
"""The demo client that the suites and clients are."""


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    settings = {"VITALHUB_GET_QUERIES": "true"}
    with running_hub(tmp_path_factory.mktemp("clients"), environment=settings) as running:
        yield running


@pytest.fixture
def token(hub: RunningHub) -> str:
    return hub.clients[ASKS].token()


@pytest.fixture(scope="session")
def packages() -> None:
    """The Node packages of this folder."""
    node.install()
