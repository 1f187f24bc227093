"""A MetricFlow manifest becomes definitions that the catalogue accepts; the rest is refused by its line."""

from datetime import date
from pathlib import Path

import pytest
import yaml

from catalog.ids import DomainCode, OrganisationCode
from catalog.indicators.checks import check_indicators
from catalog.indicators.period import Grain
from catalog.indicators.reading import DeclaredIndicator, read_indicator
from indicators.metricflow.filters import Element
from indicators.metricflow.manifest import Manifest, read_manifest
from indicators.metricflow.queries import Order, TimeSpine
from indicators.metricflow.semantic import Link
from indicators.metricflow.writing import Terms, indicator_text
from tests.indicator_data import DISPATCHES, EVENTS, GRIDS, around

FOLDER = Path(__file__).parent / "manifest"
TERMS = Terms(("社会治理", "事件办理"), OrganisationCode("cq_water"), "指标专员", date(2026, 1, 1))
EVENT_ROWS = {"data_set": "event_fact", "time": "opened_on"}
ACCEPTED = {**EVENT_ROWS, "aggregation": "count"}
FIRE = {"kind": {"eq": "fire"}}
FIRES: dict[str, object] = {"simple": {**ACCEPTED, "where": FIRE}}

CALCULATIONS: dict[str, dict[str, object]] = {
    "accepted": {"simple": ACCEPTED},
    "minutes": {"simple": {**EVENT_ROWS, "aggregation": "sum", "value": "minutes"}},
    "longest": {"simple": {**EVENT_ROWS, "aggregation": "max", "value": "minutes"}},
    "timed": {"simple": {**EVENT_ROWS, "aggregation": "count", "value": "minutes"}},
    "own": {"simple": {**EVENT_ROWS, "aggregation": "average", "value": "minutes"}},
    "made": {"simple": {**EVENT_ROWS, "aggregation": "count", "value": "event_id"}},
    "grids": {"distinct": {**EVENT_ROWS, "value": "grid_id"}},
    "median_minutes": {"percentile": {**EVENT_ROWS, "value": "minutes", "fraction": "0.5"}},
    "p95_minutes": {"percentile": {**EVENT_ROWS, "value": "minutes", "fraction": "0.95"}},
    "closed_ones": {
        "simple": {
            "data_set": "event_fact",
            "time": "closed_at",
            "aggregation": "count",
            "value": "event_id",
        }
    },
    "dispatched": {
        "simple": {
            "data_set": "dispatch",
            "time": "sent_on",
            "aggregation": "count",
            "value": "dispatch_id",
        }
    },
    "stock": {
        "semi_additive": {
            **EVENT_ROWS,
            "value": "minutes",
            "entity": ["event_id"],
            "pick": "last",
            "across": "sum",
        }
    },
    "accepted_or_none": {"simple": ACCEPTED},
    "fires": FIRES,
    "large_grids": {
        "simple": {
            **ACCEPTED,
            "where": {
                "all": [
                    {
                        "all": [
                            {"grid.area": {"gte": 2.5}},
                            {"not": {"kind": {"in": ["drill", "test"]}}},
                        ]
                    },
                    {"not": {"grid_id": {"is_null": True}}},
                ]
            },
        }
    },
    "of_fires": {
        "simple": {
            "data_set": "dispatch",
            "time": "sent_on",
            "aggregation": "count",
            "value": "dispatch_id",
            "where": {
                "any": [
                    {"event_fact.kind": {"starts_with": "fire"}},
                    {"grid.area": {"between": [1, 2]}},
                ]
            },
        }
    },
    "since_may": {"simple": {**ACCEPTED, "where": {"opened_on": {"gte": date(2026, 5, 1)}}}},
    "minutes_each": {"ratio": {"numerator": "minutes", "denominator": "accepted"}},
    "share_of_fires": {"ratio": {"numerator": FIRES, "denominator": "accepted"}},
    "load": {
        "derived": {
            "formula": "(minutes - 10) * 1.5 / (accepted + of_now)",
            "terms": {"of_now": "dispatched"},
        }
    },
    "more_than_a_week_ago": {
        "derived": {
            "formula": "accepted - before",
            "terms": {
                "before": {"offset": {"of": "accepted", "window": {"count": 7, "unit": "day"}}}
            },
        }
    },
    "since_the_first": {
        "derived": {
            "formula": "accepted - first",
            "terms": {"first": {"offset": {"of": "accepted", "start_of": "month"}}},
        }
    },
    "week": {"rolling": {"of": {"simple": ACCEPTED}, "window": {"count": 7, "unit": "day"}}},
    "month": {"to_date": {"of": "accepted", "grain": "month"}},
    "ever": {"cumulative": {"of": {"simple": ACCEPTED}}},
}

REFUSED = {
    "strange": "primary_key",
    "p95_row": "discrete",
    "late_ones": "true and false",
    "late_share": "true and false",
    "hours": "arithmetic",
    "stock_of_all": "silent",
    "nothing": "no_such",
    "seven": "7",
    "shared_zero": "every period",
    "late": "expression",
    "fan_out": "no entity dispatch",
    "by_metric": "Metric",
    "jinja": "if true",
    "block": "braces",
    "bare_column": "not in",
    "two_elements": "no constant",
    "by_month": "by day, not by month",
    "rebuilt": "conversion",
    "lunar": "lunar_month",
    "round": "ROUND",
    "hen": "cycle: hen -> egg -> hen",
    "egg": "cycle",
    "twice": "several",
    "unknown_key": "weight",
    "unknown_type": "magic",
    "of_a_refused_one": "late_ones",
    "of_none": "no metric",
}


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return read_manifest(FOLDER)


def declared(manifest: Manifest, name: str) -> DeclaredIndicator:
    text = indicator_text(manifest.metrics[name], TERMS)
    return read_indicator(Path(f"{name}.yaml"), DomainCode("trial"), text)


@pytest.mark.parametrize("name", CALCULATIONS)
def test_a_metric_becomes_a_calculation(manifest: Manifest, name: str) -> None:
    assert manifest.metrics[name].calculation == CALCULATIONS[name]


def test_all_that_is_imported_is_accepted_by_the_catalogue(manifest: Manifest) -> None:
    check_indicators([declared(manifest, name) for name in manifest.metrics], around())


def test_every_other_metric_is_refused_with_its_reason(manifest: Manifest) -> None:
    said = {refusal.name: refusal.reason for refusal in manifest.refusals}
    assert set(manifest.metrics) | set(said) >= set(CALCULATIONS) | set(REFUSED)
    assert not set(manifest.metrics) & set(REFUSED)
    for name, reason in REFUSED.items():
        assert reason in said[name], name


def test_a_refusal_names_the_line(manifest: Manifest) -> None:
    lines = (FOLDER / "metrics.yml").read_text("utf-8").split("\n")
    found = [r for r in manifest.refusals if r.file.name == "metrics.yml"]
    assert [r for r in found if f"name: {r.name}" not in lines[r.line - 1]] == []
    assert str(found[0]).startswith(f"{FOLDER / 'metrics.yml'}, line {found[0].line}: metric ")


def test_a_document_that_is_no_yaml_is_refused_and_the_others_are_read(manifest: Manifest) -> None:
    found = [r for r in manifest.refusals if r.kind in {"document", "unknown"}]
    assert [(r.file.name, r.line) for r in found] == [("project.yaml", 11), ("project.yaml", 13)]
    assert "repeats" in found[1].reason


def test_a_filter_on_a_metric_goes_down_to_all_it_is_made_of(manifest: Manifest) -> None:
    minutes = {**EVENT_ROWS, "where": FIRE, "aggregation": "sum", "value": "minutes"}
    dispatched = {
        "data_set": "dispatch",
        "time": "sent_on",
        "where": {"event_fact.kind": {"eq": "fire"}},
        "aggregation": "count",
        "value": "dispatch_id",
    }
    inner = {
        "minutes": {"simple": minutes},
        "accepted": FIRES,
        "of_now": {"simple": dispatched},
    }
    formula = "(minutes - 10) * 1.5 / (accepted + of_now)"
    load = {"derived": {"formula": formula, "terms": inner}}
    assert manifest.metrics["load_of_fires"].calculation == {
        "derived": {"formula": "first_known(load, 0)", "terms": {"load": load}}
    }


def test_periods_and_zeros_are_kept(manifest: Manifest) -> None:
    metrics = manifest.metrics
    assert metrics["closed_ones"].period is Grain.HOUR
    assert metrics["load"].period is Grain.DAY
    assert metrics["accepted_or_none"].zero
    assert yaml.safe_load(indicator_text(metrics["accepted_or_none"], TERMS))["fill"] == {
        "kind": "zero"
    }
    assert (metrics["accepted"].name, metrics["accepted"].definition) == ("受理数", "受理的事件")


def test_the_relations_that_contracts_need_are_told(manifest: Manifest) -> None:
    assert set(manifest.links) == {
        Link("grid", EVENTS, "grid_id", GRIDS, "grid_id"),
        Link("event", DISPATCHES, "event_id", EVENTS, "event_id"),
    }


def test_saved_queries_and_time_spines_are_read(manifest: Manifest) -> None:
    query = manifest.queries["by_kind"]
    kind = Element("Dimension", "event__kind")
    assert query.metrics == ("accepted", "minutes_each")
    assert query.group_by == (Element("TimeDimension", "metric_time", "day"), kind)
    assert query.where == ({"event__kind": {"ne": "drill"}},)
    assert query.order_by == (Order("accepted", descending=True), Order(kind, descending=False))
    assert query.limit == 10
    assert manifest.spines == (
        TimeSpine("spine", "ds", "day"),
        TimeSpine("spine_hour", "ts", "hour"),
        TimeSpine("spine", "ds", "day"),
    )
    assert any("lunar_month" in r.reason for r in manifest.refusals if r.kind != "metric")
