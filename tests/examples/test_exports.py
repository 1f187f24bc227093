"""The lines to paste of docs/exports.md, pasted."""

import csv
import os
import re
import subprocess
from pathlib import Path

from tests.acceptance.calls import People
from tests.examples.documents import ASKS, ROOT
from tests.running_hub import RunningHub

PASTED = re.compile(r"^```sh\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_line_of_the_page_brings_a_file(
    hub: RunningHub, people: People, tmp_path: Path
) -> None:
    (found,) = PASTED.finditer((ROOT / "docs" / "exports.md").read_text("utf-8"))
    environment = os.environ | {"HUB": hub.address, "TOKEN": people[ASKS].token}
    subprocess.run(["bash", "-ec", found["text"]], cwd=tmp_path, env=environment, check=True)
    with (tmp_path / "levels.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    assert set(rows[0]) == {"stationCode", "observedAt", "levelM", "station.stationName"}
