"""Imported metrics come to what MetricFlow makes of them, over the same rows."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from catalog.clock import CITY_ZONE
from catalog.ids import DomainCode, IndicatorCode, OrganisationCode
from catalog.indicators.checks import Surroundings, check_indicators
from catalog.indicators.indicator import Indicator
from catalog.indicators.period import Grain
from catalog.indicators.reading import read_indicator
from indicators.metricflow.manifest import Manifest, read_manifest
from indicators.metricflow.writing import Terms, indicator_text
from tests.indicator_data import PLACES
from tests.indicators.compiler.warehouse import Warehouse, question
from tests.indicators.metricflow.bookings import FIRST, LAST, contracts, filled

ORACLE = Path(__file__).parent / "oracle.py"
TERMS = Terms(("examples", "metricflow"), OrganisationCode("cq_water"), "officer", FIRST)
END_OF_LAST = datetime(LAST.year, LAST.month, LAST.day, 23, 59, 59, tzinfo=CITY_ZONE)
Key = tuple[datetime, object]
Told = dict[Key, float]
ZERO_BEFORE_THE_FIRST_ROW = {
    "bookings_growth_2_weeks_fill_nulls_with_0": timedelta(days=14),
}
"""There a zero stands in all days of the spine; here only from the first row on. After as many days both
are the same.
"""
BY_DIMENSION = {
    "bookings": ("listing__country_latest", "dim_listings_latest.country"),
    "booking_value": ("booking__is_instant", "is_instant"),
    "bookings_per_booker": ("listing__capacity_latest", "dim_listings_latest.capacity"),
    "views": ("listing__is_lux_latest", "dim_listings_latest.is_lux"),
    "revenue": ("user__home_state_latest", "dim_users_latest.home_state_latest"),
    "average_booking_value": ("listing__country_latest", "dim_listings_latest.country"),
    "account_balance": ("account__account_type", "account_type"),
}
BY_MONTH = (
    "bookings", "booking_value", "bookers", "average_booking_value", "max_booking_value",
    "median_booking_value", "bookings_per_view", "booking_fees_per_booker", "revenue",
    "instant_booking_value_ratio", "lux_booking_value_rate_expr", "bookings_1_month_ago",
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    metric: str
    grain: Grain
    element: str | None = None
    column: str | None = None


@dataclass(frozen=True)
class Side:
    """The same rows for both, with the definitions that were imported."""

    warehouse: Warehouse
    known: Mapping[IndicatorCode, Indicator]
    metricflow: Path
    manifest: Path


@pytest.fixture(scope="module")
def manifest(examples: Path) -> Manifest:
    return read_manifest(examples / "simple_manifest")


@pytest.fixture(scope="module")
def side(manifest: Manifest, metricflow: Path, examples: Path) -> Iterator[Side]:
    declared = [
        read_indicator(Path(f"{name}.yaml"), DomainCode("trial"), indicator_text(metric, TERMS))
        for name, metric in manifest.metrics.items()
    ]
    leads = frozenset({TERMS.lead})
    check_indicators(declared, Surroundings(contracts(manifest.links), PLACES, leads, {}))
    known = {each.indicator.code: each.indicator for each in declared}
    warehouse = filled(manifest.links)
    yield Side(warehouse, known, metricflow, examples / "simple_manifest")
    warehouse.engine.close()


def theirs(side: Side, asked: list[Asked]) -> list[Told]:
    queries = [
        {
            "metrics": [one.metric],
            "group_by": [f"metric_time__{one.grain}", *([one.element] if one.element else [])],
        }
        for one in asked
    ]
    run = subprocess.run(
        [sys.executable, str(ORACLE), str(side.manifest)],
        input=json.dumps(queries),
        env={**os.environ, "PYTHONPATH": str(side.metricflow)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    found = []
    for one, answer in zip(asked, json.loads(run.stdout), strict=True):
        table: pa.Table = side.warehouse.engine.execute(answer["sql"]).to_arrow_table()
        rows = [
            (row[f"metric_time__{one.grain}"], row.get(one.element or ""), row[one.metric])
            for row in table.to_pylist()
        ]
        found.append({(moment(t), d): float(v) for t, d, v in rows if v is not None and t})
    return found


def ours(side: Side, one: Asked) -> Told:
    asked = question(
        one.metric,
        grain=one.grain,
        since=FIRST,
        until=LAST + timedelta(days=1),
        as_of=END_OF_LAST,
        dimensions=[one.column] if one.column else [],
    )
    rows = side.warehouse.ask(asked, side.known)
    return {
        (moment(row["start"]), row.get(one.column or "")): float(row[one.metric])
        for row in rows
        if row[one.metric] is not None
    }


def moment(at: date | datetime) -> datetime:
    if isinstance(at, datetime):
        return (at.astimezone(CITY_ZONE) if at.tzinfo else at).replace(tzinfo=None)
    return datetime(at.year, at.month, at.day)  # noqa: DTZ001 - a day of the city


def differences(one: Asked, here: Told, there: Told) -> list[str]:
    first = FIRST + ZERO_BEFORE_THE_FIRST_ROW.get(one.metric, timedelta())
    keys = sorted({k for k in here.keys() | there.keys() if k[0].date() >= first}, key=str)
    return [
        f"{one}: {key}: {here.get(key)} here, {there.get(key)} there"
        for key in keys
        if key not in here
        or key not in there
        or not math.isclose(here[key], there[key], rel_tol=1e-9, abs_tol=1e-9)
    ]


def compare(side: Side, asked: list[Asked]) -> None:
    told = theirs(side, asked)
    assert [one.metric for one, there in zip(asked, told, strict=True) if not there] == []
    found = [
        difference
        for one, there in zip(asked, told, strict=True)
        for difference in differences(one, ours(side, one), there)
    ]
    assert found == []


def test_every_imported_metric_is_the_same_period_by_period(side: Side) -> None:
    asked = [Asked(code, indicator.period) for code, indicator in side.known.items()]
    assert len(asked) >= 80
    compare(side, asked)


def test_metrics_are_the_same_by_month(side: Side) -> None:
    compare(side, [Asked(code, Grain.MONTH) for code in BY_MONTH])


def test_metrics_are_the_same_by_a_dimension_that_is_their_own_or_anothers(side: Side) -> None:
    compare(side, [Asked(code, Grain.DAY, *names) for code, names in BY_DIMENSION.items()])


def test_a_value_that_differs_or_is_missing_is_a_difference() -> None:
    one, at = Asked("bookings", Grain.DAY), (datetime(2020, 5, 1), None)  # noqa: DTZ001 - a day
    assert differences(one, {at: 1.0}, {at: 1.0}) == []
    assert len(differences(one, {at: 1.0}, {at: 1.1})) == 1
    assert len(differences(one, {}, {at: 0.0})) == 1
    assert len(differences(one, {at: 0.0}, {})) == 1
