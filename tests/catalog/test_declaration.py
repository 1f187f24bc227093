"""A broken declaration names its file and line."""

from pathlib import Path

import pytest

from catalog.declaration import Declared, read_declared, read_document
from catalog.errors import DeclarationError


class Pump(Declared):
    name: str
    power: int


class Station(Declared):
    pumps: tuple[Pump, ...]


GOOD = "pumps:\n  - name: 一号\n    power: 3\n"


def test_a_good_file_is_its_model(tmp_path: Path) -> None:
    file = tmp_path / "station.yaml"
    file.write_text(GOOD, "utf-8")
    assert read_declared(file, Station) == Station(pumps=(Pump(name="一号", power=3),))


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("pumps:\n  - name: 一号\n    power: [3\n", 4, "not valid YAML"),
        ("pumps:\n  - name: 一号\n    power: much\n", 3, r"pumps\.0\.power"),
        ("pumps:\n  - name: 一号\n", 2, "the key is missing"),
        (GOOD + "    colour: red\n", 4, "no such key"),
        ("pumps:\n  - name: 一号\n    powr: 3\n", 3, r"pumps\.0\.powr: .*no such key"),
        (GOOD + "    power: 4\n", 4, "repeats the key 'power'"),
        ("pumps:\n\t- x\n", 2, "not valid YAML"),
        ("", 1, "is empty"),
        ("pumps: 3\n---\npumps: 4\n", 2, "not valid YAML"),
        ("!!python/object:os.system {}\n", 1, "not valid YAML"),
    ],
)
def test_a_broken_file_names_the_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    file = tmp_path / "station.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(DeclarationError, match=says) as broken:
        read_declared(file, Station)
    assert f"{file}, line {line}:" in broken.value.message_en
    assert f"{file} 第 {line} 行" in broken.value.message_zh
    assert broken.value.code == "DECLARATION_INVALID"


def test_a_file_in_another_encoding_or_missing_is_said_so(tmp_path: Path) -> None:
    file = tmp_path / "station.yaml"
    file.write_bytes("name: 一号".encode("gb18030"))
    with pytest.raises(DeclarationError, match="is not UTF-8"):
        read_document(file)
    with pytest.raises(DeclarationError, match="cannot be read"):
        read_document(tmp_path / "none.yaml")


def test_a_document_finds_the_line_of_the_deepest_known_node() -> None:
    document = read_document(Path("station.yaml"), GOOD)
    assert document.line_of(("pumps", 0, "power")) == 3
    assert document.line_of(("pumps", 0, "colour")) == 2
    assert document.line_of(("nothing",)) == 1
