from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.warehouse.mirror.world import World, sighting


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, sighting())
    yield made
    made.close()
