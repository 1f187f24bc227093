from collections.abc import Iterator

import pytest

from tests.noninterference.stage import Stage
from tests.schema.conftest import app, hub, template

__all__ = ["app", "hub", "template"]


@pytest.fixture(scope="session")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stage, Stage]]:
    """The two warehouses; whoever uses them shows a world first."""
    opened = Stage(tmp_path_factory.mktemp("ours")), Stage(tmp_path_factory.mktemp("theirs"))
    yield opened
    for stage in opened:
        stage.close()
