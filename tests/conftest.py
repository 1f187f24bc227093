"""What every test folder shares: the PostgreSQL server of the session and registries on both stores."""

import os
import secrets
import time
from collections.abc import Generator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import create_engine, text

from access.meter import renewal
from registry.store import Registry
from tests.postgres import Postgres, postgres_server

settings.register_profile("any machine", settings(), deadline=None)
settings.load_profile("any machine")
"""An example that a stall of the machine made slow is none that fails."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With VITALHUB_NO_SKIPS set a skipped test is a failed one: nobody reads skips."""
    report = yield
    if report.skipped and os.environ.get("VITALHUB_NO_SKIPS"):
        report.outcome = "failed"
        report.longrepr = f"skipped, where nothing may be: {report.longrepr}"
    return report


@pytest.fixture
def one_day() -> None:
    """Quotas are counted by the days of the system's time: where one is about to end, the next is waited for."""
    now = datetime.now(UTC)
    left = renewal(now) - now
    if left < timedelta(minutes=1):
        time.sleep(left.total_seconds())


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for the session, started by the first test that asks."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """The SQLAlchemy address of an empty PostgreSQL database of this test alone."""
    name = f"test_{secrets.token_hex(6)}"
    administration = create_engine(postgres.url("postgres"), isolation_level="AUTOCOMMIT")
    with administration.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield postgres.url(name)
    with administration.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    administration.dispose()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The SQLAlchemy address of a registry file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'registry.sqlite'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def registry_url(request: pytest.FixtureRequest) -> str:
    """An empty registry database on each of the two stores."""
    fixture = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    return str(request.getfixturevalue(fixture))


@pytest.fixture
def registry(registry_url: str) -> Iterator[Registry]:
    """A migrated registry on each of the two stores."""
    from migrations.run import upgrade  # noqa: PLC0415 - only who needs it imports every model

    upgrade(registry_url)
    opened = Registry(registry_url)
    yield opened
    opened.close()
