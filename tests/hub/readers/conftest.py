"""One hub with readers for the folder."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub.readers.running import RunningHub, made_home, served


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once, with rows in it; to be copied."""
    folder = tmp_path_factory.mktemp("readers") / "home"
    made_home(folder)
    return folder


@pytest.fixture(scope="session")
def running(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    own = shutil.copytree(home, tmp_path_factory.mktemp("running") / "home")
    with served(own) as hub:
        yield hub
