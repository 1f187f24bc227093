"""MetricFlow's own example manifests: what is imported is read by the catalogue, the rest has its reason.

They come with the package metricflow.
"""

import re
from datetime import date
from pathlib import Path

import pytest

from catalog.ids import DomainCode, OrganisationCode
from catalog.indicators.calculation import KINDS
from catalog.indicators.reading import read_indicator
from indicators.metricflow.manifest import Manifest, read_manifest
from indicators.metricflow.writing import Terms, indicator_text

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
def manifests(examples: Path) -> dict[str, Manifest]:
    return {each.name: read_manifest(each) for each in sorted(examples.iterdir()) if each.is_dir()}


def test_most_metrics_of_the_large_example_are_imported(manifests: dict[str, Manifest]) -> None:
    manifest = manifests["simple_manifest"]
    refused = [r for r in manifest.refusals if r.kind == "metric"]
    assert len(manifest.metrics) >= 80
    assert len(refused) <= 30
    types = {next(iter(metric.calculation)) for metric in manifest.metrics.values()}
    assert types >= {"simple", "distinct", "percentile", "ratio", "derived", "rolling", "to_date"}
    assert types <= set(KINDS.values())


def test_what_is_imported_is_read_by_the_catalogue(manifests: dict[str, Manifest]) -> None:
    for manifest in manifests.values():
        for name, metric in manifest.metrics.items():
            text = indicator_text(metric, TERMS)
            read = read_indicator(Path(f"{name}.yaml"), DomainCode("trial"), text).indicator
            assert read.code == name


def test_every_refusal_of_the_examples_is_one_that_is_known(manifests: dict[str, Manifest]) -> None:
    known = re.compile("|".join(map(re.escape, REASONS)))
    refusals = [r for manifest in manifests.values() for r in manifest.refusals]
    assert [str(r) for r in refusals if not known.search(r.reason)] == []
