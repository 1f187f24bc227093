"""The demo city's people are there once, with passwords that work."""

import json
from pathlib import Path

from access.clients import ClientStore, Kind
from commands.people import FILE, PEOPLE, register_people
from registry.store import Registry


def test_the_demo_people_log_in_and_a_second_start_changes_nothing(
    registry: Registry, tmp_path: Path
) -> None:
    clients = ClientStore(registry)
    register_people(clients, tmp_path)
    file = tmp_path / FILE
    assert file.stat().st_mode & 0o777 == 0o600
    listed = json.loads(file.read_text("utf-8"))
    assert [one["account"] for one in listed] == [name for name, *_ in PEOPLE]
    register_people(clients, tmp_path)
    for one in listed:
        assert clients.authenticate(one["account"], one["password"], Kind.PERSON) is not None


def test_a_start_that_was_killed_before_the_file_is_made_good(
    registry: Registry, tmp_path: Path
) -> None:
    clients = ClientStore(registry)
    register_people(clients, tmp_path)
    (tmp_path / FILE).unlink()
    register_people(clients, tmp_path)
    one = json.loads((tmp_path / FILE).read_text("utf-8"))[0]
    assert clients.authenticate(one["account"], one["password"], Kind.PERSON) is not None
