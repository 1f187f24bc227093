"""One running hub for all tests of a module: it takes eight seconds to start."""

from collections.abc import Iterator

import pytest

from tests.running_hub import RunningHub, running_hub


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    with running_hub(tmp_path_factory.mktemp("hub") / "home") as running:
        yield running
