from collections.abc import Iterator

import pytest

from tests.schema.hub import Hub
from tests.schema.live.served import Served, served


@pytest.fixture
def live(hub: Hub) -> Iterator[Served]:
    """The hub on a port of its own."""
    with served(hub) as running:
        yield running
