from collections.abc import Iterator

import pytest

from hub import protocol
from tests.schema.hub import Hub
from tests.schema.live.served import SECONDS, Served, served


@pytest.fixture
def live(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """The hub on a port of its own; a test that is about a limit hurries it."""
    for limit in ("HEADER_SECONDS", "READ_SECONDS"):
        monkeypatch.setattr(protocol, limit, 2 * SECONDS)
    with served(hub) as running:
        running.limit(init_seconds=2 * SECONDS, close_seconds=2 * SECONDS)
        yield running
