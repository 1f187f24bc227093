from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.content import make_town
from tests.crash.town import copied
from tests.jobs.works import STRICT, Works, opened


@pytest.fixture(scope="session")
def works_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("works") / "town"
    make_town(folder, STRICT)
    return folder


@pytest.fixture
def works(works_template: Path, tmp_path: Path) -> Iterator[Works]:
    with opened(copied(works_template, tmp_path / "town")) as made:
        yield made
