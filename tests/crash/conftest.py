from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.content import make_town
from tests.crash.town import Town, copied


@pytest.fixture(scope="session")
def town_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("town") / "town"
    make_town(folder)
    return folder


@pytest.fixture
def town(town_template: Path, tmp_path: Path) -> Iterator[Town]:
    """A town whose processes end with the test, however it ends."""
    made = copied(town_template, tmp_path / "town")
    yield made
    for child in made.running:
        child.lifeline.close()
        child.process.kill()
        child.process.join()
        child.process.close()
