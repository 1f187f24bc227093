"""The declared city of the acceptance tests: 重庆 as it is, but its sources are looked at every second."""

import re
import shutil
from pathlib import Path

import pytest

CITY = Path(__file__).parents[2] / "cities" / "chongqing"


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy: feeds every second, and a page that fails is given up after two."""
    folder = tmp_path_factory.mktemp("cities") / "chongqing"
    shutil.copytree(CITY, folder)
    for file in folder.glob("domains/*/sources.yaml"):
        text = re.sub(r"every_seconds: \d+", "every_seconds: 1", file.read_text("utf-8"))
        text = text.replace("page_size: 500}", "page_size: 500, retry_seconds: 2}")
        file.write_text(text, "utf-8")
    return folder
