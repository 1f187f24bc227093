from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.schema.hub import Hub, running_hub, whole


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with running_hub(tmp_path) as running:
        yield running


@pytest.fixture
def app(hub: Hub) -> str:
    """The token of an application that holds both data sets."""
    token = hub.client("app")
    hub.granted("app", *whole())
    return token
