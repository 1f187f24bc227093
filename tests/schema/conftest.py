import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.schema.hub import Hub, make_template, running_hub, whole


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("template") / "hub"
    return folder, make_template(folder)


@pytest.fixture
def hub(template: tuple[Path, dict[str, str]], tmp_path: Path) -> Iterator[Hub]:
    """A running hub of this test alone."""
    folder = tmp_path / "hub"
    shutil.copytree(template[0], folder)
    with running_hub(folder, template[1]) as running:
        yield running


@pytest.fixture
def app(hub: Hub) -> str:
    """The token of an application that holds both data sets."""
    hub.granted("app", *whole())
    return hub.secrets["token"]
