from pathlib import Path

import pytest

from catalog.clock import SystemClock
from catalog.errors import DeclarationError
from catalog.ids import DatasetCode
from hub.composition import build_hub
from hub.names import secret_file
from settings import Settings
from tests.city_copy import city_copy


def test_a_hub_starts_again_on_what_it_left(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    first = build_hub(settings)
    entries = [entry.code for entry in first.store.entries()]
    first.close()
    again = build_hub(settings)
    assert [entry.code for entry in again.store.entries()] == entries
    assert DatasetCode("flood_exposure") in entries
    again.close()


def test_a_broken_declaration_stops_the_start_with_file_and_line(tmp_path: Path) -> None:
    city = city_copy(tmp_path / "chongqing")
    file = city / "domains" / "flood" / "sources.yaml"
    file.write_text(file.read_text("utf-8").replace("kind: rest", "kind: carrier pigeon"), "utf-8")
    with pytest.raises(DeclarationError) as stopped:
        build_hub(Settings(home=tmp_path / "home", city=city), SystemClock())
    assert "sources.yaml" in stopped.value.message_en
    assert "line 4" in stopped.value.message_en


def test_a_secret_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "mask.key"
    made = secret_file(file)
    assert secret_file(file) == made
    assert len(made) == 64
    assert file.stat().st_mode & 0o077 == 0
