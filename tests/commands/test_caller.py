"""Where a command goes, and as whom."""

import json
from argparse import Namespace
from pathlib import Path

import pytest

from commands.caller import hub_of, settings_of
from commands.errors import WrongUsage


def given(home: Path, caller: str | None = None, hub: str | None = None) -> Namespace:
    return Namespace(home=home, caller=caller, hub=hub)


def test_the_command_line_goes_before_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VITALHUB_HOME", "/elsewhere")
    monkeypatch.setenv("VITALHUB_PORT", "8123")
    settings = settings_of(given(tmp_path))
    assert settings.home == tmp_path
    assert settings.issuer == "http://127.0.0.1:8123"


def test_a_setting_that_cannot_be_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITALHUB_PORT", "eight")
    with pytest.raises(WrongUsage, match="VITALHUB_PORT"):
        settings_of(given(tmp_path))


def test_a_demo_client_is_found_in_the_home(tmp_path: Path) -> None:
    listed = [{"client_id": "auditor", "client_secret": "s"}]
    (tmp_path / "demo-clients.json").write_text(json.dumps(listed), "utf-8")
    with hub_of(given(tmp_path, "auditor", "http://127.0.0.1:9/")) as hub:
        assert (hub.address, hub.client_id, hub.secret) == ("http://127.0.0.1:9", "auditor", "s")
    with pytest.raises(WrongUsage, match="auditor"):
        hub_of(given(tmp_path, "nobody"))


@pytest.mark.parametrize("content", ["", "{}", "[1]", '[{"client_id": "a"}]'])
def test_a_list_of_clients_that_cannot_be_read_is_told(tmp_path: Path, content: str) -> None:
    (tmp_path / "demo-clients.json").write_text(content, "utf-8")
    with pytest.raises(WrongUsage):
        hub_of(given(tmp_path, "a"))


def test_the_environment_names_a_client_where_no_option_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VITALHUB_CLIENT_ID", "app")
    monkeypatch.setenv("VITALHUB_CLIENT_SECRET", "s")
    with hub_of(given(tmp_path)) as hub:
        assert (hub.client_id, hub.secret) == ("app", "s")
