"""A broken YAML file of the city stops the start and says where."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.cities import watchful_city
from tests.acceptance.exchange import ROOT

BROKEN = {
    "sources.yaml": ("    title: 水利部实时水情接口\n", "   title: [1, 2\n"),
    "domain.yaml": ("title_en: Flood control\n", "title_eng: Flood control\n"),
    "contracts/flood_peak_forecast.odcs.yaml": ("decimal(9,3)", "decimal(9.3)"),
}
"""What stood in a file, and what a slip of the hand made of it."""


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_declaration_stops_the_start_with_file_and_line(tmp_path: Path, name: str) -> None:
    city = watchful_city(tmp_path / "chongqing")
    good, bad = BROKEN[name]
    file = city / "domains" / "flood" / name
    text = file.read_text("utf-8").replace(good, bad, 1)
    line = text[: text.index(bad)].count("\n") + 1
    file.write_text(text, "utf-8")
    command = [sys.executable, "server.py", "serve", "--home", str(tmp_path / "home")]
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env={"VITALHUB_CITY": str(city), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode != 0
    assert str(file) in ended.stderr
    assert f"line {line}" in ended.stderr
    assert f"第 {line} 行" in ended.stderr
    assert "Traceback" not in ended.stderr
