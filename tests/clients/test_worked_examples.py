"""The worked examples of `examples/` run as their page says."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.clients import node
from tests.clients.conftest import ASKS
from tests.running_hub import RunningHub

EXAMPLES = Path(__file__).parents[2] / "examples"
SECONDS = 300.0


def printed(command: list[str], folder: Path, hub: RunningHub) -> Any:
    """What the example prints."""
    credentials = {"CLIENT_ID": ASKS, "CLIENT_SECRET": hub.clients[ASKS].secret}
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"HUB": hub.address} | credentials,
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def check(told: Any) -> None:
    assert len(told["levels"]) == 2
    assert any(station["nationalReadings"] for station in told["levels"])
    assert told["forecasts"] > 0
    assert told["live"]["riverRegimeMunicipal"][0]["levelM"]


def test_the_python_example_asks_pages_and_subscribes(hub: RunningHub) -> None:
    check(printed([sys.executable, "flood.py"], EXAMPLES / "python", hub))


def test_the_python_example_of_exports_takes_whole_tables(hub: RunningHub) -> None:
    told = printed([sys.executable, "exports.py"], EXAMPLES / "python", hub)
    assert told["rows"] >= told["stations"] > 0
    assert told["csvBytes"] > 20 * told["rows"]


def test_the_typescript_example_is_typed_asks_pages_and_subscribes(hub: RunningHub) -> None:
    folder = EXAMPLES / "typescript"
    node.install(folder)
    check(printed(["npm", "start", "--silent"], folder, hub))
