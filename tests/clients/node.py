"""Node programs beside these tests: packages as the lock file has them, installed once.

Rules: nothing is installed that the lock does not name; where npm is missing, or cannot fetch, the test is
skipped with the reason, and VITALHUB_NO_SKIPS makes that a failure.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.running_hub import RunningHub

FOLDER = Path(__file__).parent
MANIFEST = FOLDER / "package.json"
SECONDS = 300.0


def install(folder: Path = FOLDER) -> None:
    """As the folder's lock file says; nothing to do when it was done since the lock changed."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("Node and npm are not installed")
    installed, lock = folder / "node_modules" / ".package-lock.json", folder / "package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return
    done = subprocess.run(
        [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    if done.returncode != 0:
        pytest.skip(f"npm could not install the clients: {done.stderr[-500:]}")


def run(program: str, hub: RunningHub, token: str, *arguments: str) -> Any:
    """What the program prints as JSON; AssertionError with its complaint when it fails."""
    done = subprocess.run(
        ["node", program, *arguments],
        cwd=FOLDER,
        env=os.environ | {"HUB": hub.address, "TOKEN": token},
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
