"""The packages of `locks/oracle.txt`, in a folder of their own: MetricFlow and its example manifests."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
EXAMPLES = Path("metricflow_semantics") / "test_helpers" / "semantic_manifest_yamls"


@pytest.fixture(scope="session")
def metricflow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to put on the path of an interpreter; skips the test where the packages cannot be had."""
    folder = tmp_path_factory.mktemp("metricflow")
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes"),
            *("--disable-pip-version-check", "--target", str(folder)),
            *("--requirement", str(ROOT / "locks" / "oracle.txt")),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        pytest.skip(f"the packages of locks/oracle.txt cannot be had here: {run.stderr[-300:]}")
    return folder


@pytest.fixture(scope="session")
def examples(metricflow: Path) -> Path:
    return metricflow / EXAMPLES
