import stat
from pathlib import Path

from demo.key import ministry_key, write_private


def test_a_home_keeps_its_key(tmp_path: Path) -> None:
    first = ministry_key(tmp_path / "one")
    assert ministry_key(tmp_path / "one") == first
    assert ministry_key(tmp_path / "two").secret != first.secret


def test_a_private_file_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "secret.json"
    write_private(file, "one")
    write_private(file, "two")
    assert file.read_text() == "two"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [f.name for f in tmp_path.iterdir()] == ["secret.json"]
