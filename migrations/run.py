"""Moves a registry between revisions, and tells where models and migrations disagree.

`python -m migrations.run revision "what changes"` writes the next revision from the models.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.engine import make_url

from migrations.models import metadata
from registry.store import registry_engine

FOLDER = Path(__file__).parent


def upgrade(url: str, revision: str = "head") -> None:
    """Brings the registry at `url` to `revision`; creates the folder of an SQLite file."""
    with _configured(url) as config:
        command.upgrade(config, revision)


def downgrade(url: str, revision: str = "base") -> None:
    """Takes the registry at `url` back to `revision`; tables and their rows go away."""
    with _configured(url) as config:
        command.downgrade(config, revision)


def revision_of(url: str) -> str | None:
    """The revision that the registry at `url` stands at; None before the first."""
    with _connection(url, write=False) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head() -> str | None:
    """The newest revision of the code."""
    return ScriptDirectory(str(FOLDER)).get_current_head()


def revisions() -> tuple[str, ...]:
    """All revisions of the code, oldest first."""
    walked = ScriptDirectory(str(FOLDER)).walk_revisions()
    return tuple(reversed([script.revision for script in walked]))


def check(url: str) -> tuple[str, ...]:
    """The differences between the models and the migrated registry; empty when they are equal."""
    with _connection(url, write=False) as connection:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        return tuple(str(difference) for difference in compare_metadata(context, metadata))


@contextmanager
def _configured(url: str) -> Iterator[Config]:
    with _connection(url, write=True) as connection:
        config = Config()
        config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
        config.attributes["connection"] = connection
        with connection.begin():
            yield config


@contextmanager
def _connection(url: str, *, write: bool) -> Iterator[Connection]:
    address = make_url(url)
    if address.get_backend_name() == "sqlite" and address.database:
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    engine = registry_engine(url)
    try:
        with engine.connect() as connection:
            yield connection.execution_options(registry_write=write)
    finally:
        engine.dispose()


def _write_revision(message: str) -> None:
    url = "sqlite://"
    with _configured(url) as config:
        command.upgrade(config, "head")
        number = 1 + len(revisions())
        command.revision(config, message, autogenerate=True, rev_id=f"{number:04d}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["revision", message]:
            _write_revision(message)
        case _:
            sys.exit('usage: python -m migrations.run revision "what changes"')
