"""MetricFlow's own example manifests: what is imported is read by the catalogue, the rest has its reason.

They come with the package metricflow (`locks/oracle.txt`), which is fetched once and not installed.
"""

import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from zipfile import ZipFile

import pytest

from catalog.ids import DomainCode, OrganisationCode
from catalog.indicators.calculation import KINDS
from catalog.indicators.reading import read_indicator
from indicators.metricflow.manifest import Manifest, read_manifest
from indicators.metricflow.writing import Terms, indicator_text

ROOT = Path(__file__).parents[3]
EXAMPLES = "metricflow_semantics/test_helpers/semantic_manifest_yamls/"
TERMS = Terms(("examples", "metricflow"), OrganisationCode("cq_water"), "officer", date(2026, 1, 1))
REASONS = (
    "a code has 64 characters",
    "a conversion follows one entity",
    "true and false is no arithmetic",
    "first or last day of all entities",
    "without the primary entity",
    "a discrete percentile",
    "an approximate percentile",
    "zero only where another metric has rows",
    "filter by time would leave days out",
    "is no grain here",
    "is none of Dimension",
    "hold for a time only",
    "joined by their partitions",
    "unique but no key",
    "is no expression that can be read",
    "has no place in a formula",
    "which is refused",
    "shows no metric",
    "the calendar",
    "repeats the key",
    "by no key",
    "leads to several models",
)


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Manifest]:
    folder = tmp_path_factory.mktemp("metricflow")
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
            *("--disable-pip-version-check", "--require-hashes"),
            *("--requirement", str(ROOT / "locks" / "oracle.txt"), "--dest", str(folder)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        pytest.skip(f"the package metricflow cannot be had here: {run.stderr.strip()[-300:]}")
    with ZipFile(next(folder.glob("*.whl"))) as wheel:
        names = [name for name in wheel.namelist() if name.startswith(EXAMPLES)]
        wheel.extractall(folder, names)
    found = (folder / EXAMPLES).iterdir()
    return {each.name: read_manifest(each) for each in sorted(found) if each.is_dir()}


def test_most_metrics_of_the_large_example_are_imported(examples: dict[str, Manifest]) -> None:
    manifest = examples["simple_manifest"]
    refused = [r for r in manifest.refusals if r.kind == "metric"]
    assert len(manifest.metrics) >= 80
    assert len(refused) <= 30
    types = {next(iter(metric.calculation)) for metric in manifest.metrics.values()}
    assert types >= {"simple", "distinct", "percentile", "ratio", "derived", "rolling", "to_date"}
    assert types <= set(KINDS.values())


def test_what_is_imported_is_read_by_the_catalogue(examples: dict[str, Manifest]) -> None:
    for manifest in examples.values():
        for name, metric in manifest.metrics.items():
            text = indicator_text(metric, TERMS)
            read = read_indicator(Path(f"{name}.yaml"), DomainCode("trial"), text).indicator
            assert read.code == name


def test_every_refusal_of_the_examples_is_one_that_is_known(examples: dict[str, Manifest]) -> None:
    known = re.compile("|".join(map(re.escape, REASONS)))
    refusals = [r for manifest in examples.values() for r in manifest.refusals]
    assert [str(r) for r in refusals if not known.search(r.reason)] == []
