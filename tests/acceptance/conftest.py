"""The cities of the acceptance tests, and the hub that those share who leave it as they found it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.calls import People
from tests.acceptance.cities import watchful_city, withholding_city
from tests.running_hub import RunningHub, running_hub


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its sources are looked at every second."""
    return watchful_city(tmp_path_factory.mktemp("watchful") / "chongqing")


@pytest.fixture(scope="session")
def shared_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """With a withheld data set beside the others."""
    city = withholding_city(tmp_path_factory.mktemp("withholding") / "chongqing")
    home = tmp_path_factory.mktemp("shared")
    with running_hub(home, environment={"VITALHUB_CITY": str(city)}) as running:
        yield running


@pytest.fixture(scope="session")
def people(shared_hub: RunningHub) -> People:
    """The clients of the shared hub."""
    return People(shared_hub)
