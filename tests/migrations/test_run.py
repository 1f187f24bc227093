"""Migrations up and down, and against the models, on both stores."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from catalog.ids import GrantId, RequestId
from catalog.sharing.grant import NO_LIMIT
from catalog.sharing.ledger import history, request_of, request_row
from migrations import run
from migrations.models import MODULES, metadata
from registry.store import Registry

ROOT = Path(__file__).parents[2]
VERSION_TABLE = "alembic_version"


def tables(url: str) -> set[str]:
    engine = create_engine(url)
    try:
        return set(inspect(engine).get_table_names()) - {VERSION_TABLE}
    finally:
        engine.dispose()


def test_every_package_with_rows_is_migrated() -> None:
    found = {f"{file.parent.name}.models" for file in ROOT.glob("[a-z]*/models.py")}
    assert found - {"migrations.models"} == set(MODULES)


def test_an_empty_registry_gets_every_table(registry_url: str) -> None:
    assert run.revision_of(registry_url) is None
    run.upgrade(registry_url)
    assert tables(registry_url) == set(metadata.tables)
    assert run.revision_of(registry_url) == run.head()


def test_models_and_migrations_do_not_drift(registry_url: str) -> None:
    run.upgrade(registry_url)
    assert run.check(registry_url) == ()


def test_a_drift_is_told(sqlite_url: str) -> None:
    run.upgrade(sqlite_url)
    engine = create_engine(sqlite_url)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE access_epoch"))
        connection.execute(text("CREATE TABLE stray (id INTEGER)"))
    engine.dispose()
    differences = run.check(sqlite_url)
    assert any("access_epoch" in line for line in differences)
    assert any("stray" in line for line in differences)


def test_the_way_down_leaves_nothing_and_up_again_everything(registry_url: str) -> None:
    run.upgrade(registry_url)
    run.downgrade(registry_url)
    assert tables(registry_url) == set()
    assert run.revision_of(registry_url) is None
    run.upgrade(registry_url)
    assert run.check(registry_url) == ()


def test_every_revision_goes_down_and_up_alone(registry_url: str) -> None:
    revisions = run.revisions()
    for revision in revisions:
        run.upgrade(registry_url, revision)
        run.downgrade(registry_url, "-1")
        run.upgrade(registry_url, revision)
        assert run.revision_of(registry_url) == revision


def test_an_upgrade_a_second_time_changes_nothing_and_keeps_rows(registry_url: str) -> None:
    run.upgrade(registry_url)
    registry = Registry(registry_url)
    with registry.write() as session:
        session.execute(text("INSERT INTO access_epoch (id, value) VALUES (1, 7)"))
    run.upgrade(registry_url)
    with registry.read() as session:
        assert session.execute(text("SELECT value FROM access_epoch")).scalar() == 7
    registry.close()


def test_two_servers_that_start_at_once_migrate_once(registry_url: str) -> None:
    together = threading.Barrier(2)
    problems: list[Exception] = []

    def start() -> None:
        together.wait()
        try:
            run.upgrade(registry_url)
        except Exception as error:  # noqa: BLE001 - told to the test below
            problems.append(error)

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert run.check(registry_url) == ()


def test_a_migration_that_fails_leaves_the_registry_as_it_was(registry_url: str) -> None:
    engine = create_engine(registry_url)
    last = max(metadata.tables)
    with engine.begin() as connection:
        connection.execute(text(f'CREATE TABLE "{last}" (stray INTEGER)'))
    engine.dispose()
    with pytest.raises(Exception, match="already exists"):
        run.upgrade(registry_url)
    assert tables(registry_url) == {last}
    assert run.revision_of(registry_url) is None


def test_the_folder_of_a_registry_file_is_made(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new' / 'home' / 'registry.sqlite'}"
    run.upgrade(url)
    assert run.revision_of(url) == run.head()


def test_a_folder_with_a_percent_sign_is_migrated(tmp_path: Path) -> None:
    run.upgrade(f"sqlite:///{tmp_path / '100%(a)s' / 'registry.sqlite'}")


def test_requests_and_grants_from_before_limits_read_back_without_any(registry_url: str) -> None:
    run.upgrade(registry_url, "0001")
    registry = Registry(registry_url)
    at = "2026-08-01 00:00:00+00:00"
    with registry.write() as session:
        session.execute(
            text(
                "INSERT INTO share_request (id, client, organisation, provider, data_set,"
                " contract_major, purpose, basis, scenario, mode, parts, derivation, state,"
                " drafted_by, drafted_at, extended, revision) VALUES ('req-1', 'c', 'o', 'p',"
                " 'river', 1, '防汛', 'b', 's', 'm', '[]', false, 'approved', 'c', :at, false, 1)"
            ),
            {"at": at},
        )
        session.execute(
            text(
                "INSERT INTO share_grant (id, request, client, organisation, data_set,"
                " contract_major, purpose, legal_basis, parts, not_before, expires, derivation,"
                " granted_at) VALUES ('grant-1', 'req-1', 'c', 'o', 'river', 1, '防汛', 'b', '[]',"
                " :at, :at, false, :at)"
            ),
            {"at": at},
        )
    registry.close()
    run.upgrade(registry_url)
    registry = Registry(registry_url)
    with registry.read() as session:
        grant = history(session, GrantId("grant-1")).grant
        request = request_of(session, request_row(session, RequestId("req-1")))
    registry.close()
    assert (grant.quota, grant.minimum_group) == (NO_LIMIT, 1)
    assert (request.terms.quota, request.terms.minimum_group) == (NO_LIMIT, 1)
