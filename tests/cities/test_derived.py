"""The derived sets of the flood case, computed by the engine and once more by hand in Python."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from catalog.domain import Derivation, read_domains
from catalog.ids import PlaceCode
from catalog.places import Places, read_places
from demo.premises import Premises, premises
from demo.scenario import NationalReading, Scenario, ScenarioName, scenario
from settings import Settings
from tests.cities.inputs import (
    NOW,
    put_exposure_inputs,
    put_municipal,
    put_national,
    put_stations,
)
from warehouse.scratch import Scratch

CITY = Settings().city
EVERY = 10**6
OFFSETS = {
    "CQ-CIQIKOU": Decimal("1.64"),
    "CQ-BEIBEI3": Decimal("1.59"),
    "60105400": Decimal("1.49"),
}
WARNINGS = {
    "CQ-CIQIKOU": Decimal("181.00"),
    "CQ-BEIBEI3": Decimal("194.50"),
    "60105400": Decimal("180.50") - Decimal("1.49"),
}


@pytest.fixture(scope="module")
def derivations() -> Mapping[str, Derivation]:
    return {d.data_set: d for domain in read_domains(CITY) for d in domain.derivations}


@pytest.fixture(scope="module")
def places() -> Places:
    return read_places(CITY / "places.csv")


@pytest.fixture(scope="module")
def found(places: Places) -> tuple[Premises, ...]:
    return premises(places)


@pytest.fixture(scope="module", params=list(ScenarioName))
def flood(request: pytest.FixtureRequest) -> Scenario:
    return scenario(request.param, NOW, CITY)


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Scratch]:
    with Scratch([tmp_path]) as opened:
        yield opened


def rise(series: Mapping[datetime, Decimal], at: datetime, hours: int) -> Decimal | None:
    """The level less the one at, or next before, `hours` earlier, none older by three hours more."""
    then = at - timedelta(hours=hours)
    earlier = [time for time in series if then - timedelta(hours=3) <= time <= then]
    return series[at] - series[max(earlier)] if earlier else None


def exposure(scratch: Scratch, derivation: Derivation) -> list[dict[str, object]]:
    sql = derivation.sql.replace("$margin_m", "$p0")
    rows: list[dict[str, object]] = scratch.to_arrow(
        sql, [derivation.parameters["margin_m"]]
    ).to_pylist()
    return rows


def test_exposure_equals_a_count_by_hand(
    scratch: Scratch,
    tmp_path: Path,
    flood: Scenario,
    found: tuple[Premises, ...],
    places: Places,
    derivations: Mapping[str, Derivation],
) -> None:
    put_stations(scratch, tmp_path, flood)
    put_exposure_inputs(scratch, tmp_path, flood, found, places)
    put_national(scratch, tmp_path, flood.national(NOW, limit=EVERY))
    rows = exposure(scratch, derivations["flood_exposure"])
    peak = [f for f in flood.forecasts(NOW) if f.station_code == "CQ-CIQIKOU"][-1].peak_level
    wanted = {}
    for one in found:
        ground = one.elevation - (Decimal("1.64") if one.datum == "吴淞" else 0)
        if ground <= peak + 2:
            township = places.get(PlaceCode(one.place[:9]))
            wanted[one.id] = (township.name, one.residents, ground, peak + 2 - ground)
    assert wanted
    assert len(rows) == len(wanted)
    assert wanted == {
        r["premises_id"]: (
            r["township_name"],
            r["resident_count"],
            r["ground_elevation_m"],
            r["depth_below_fence_m"],
        )
        for r in rows
    }


def beibei(flood: Scenario) -> list[NationalReading]:
    """The ministry's readings of the station upstream of 磁器口, oldest first."""
    return [r for r in flood.national(NOW, limit=EVERY) if r.station_code == "CQ-BEIBEI3"]


def upstream(row: Mapping[str, object]) -> tuple[object, ...]:
    names = ("station_code", "observed_at", "level_m", "rise_24h_m")
    return tuple(row[f"upstream_{name}"] for name in names)


def test_exposure_tells_the_newest_national_reading_upstream(
    scratch: Scratch,
    tmp_path: Path,
    flood: Scenario,
    found: tuple[Premises, ...],
    places: Places,
    derivations: Mapping[str, Derivation],
) -> None:
    put_stations(scratch, tmp_path, flood)
    put_exposure_inputs(scratch, tmp_path, flood, found, places)
    put_national(scratch, tmp_path, flood.national(NOW, limit=EVERY))
    rows = exposure(scratch, derivations["flood_exposure"])
    series = {r.observed_at: Decimal(r.level) for r in beibei(flood)}
    at = max(series)
    change = rise(series, at, 24)
    assert at == NOW
    assert change is not None
    level = series[at] - Decimal("1.59")  # its own offset, not the 1.64 m of 磁器口
    assert {upstream(r) for r in rows} == {("CQ-BEIBEI3", at, level, change)}
    assert {r["synthetic"] for r in rows} == {True}


@pytest.mark.parametrize("flood", [ScenarioName.CIQIKOU], indirect=True)
def test_the_rise_upstream_compares_with_a_reading_24_to_27_hours_earlier(
    scratch: Scratch,
    tmp_path: Path,
    flood: Scenario,
    found: tuple[Premises, ...],
    places: Places,
    derivations: Mapping[str, Derivation],
) -> None:
    newest = beibei(flood)[-1]
    put_stations(scratch, tmp_path, flood)
    put_exposure_inputs(scratch, tmp_path, flood, found[:6], places)
    for hours, compared in ((23, False), (24, True), (26, True), (27, True), (28, False)):
        at = newest.observed_at - timedelta(hours=hours)
        put_national(scratch, tmp_path, [newest, replace(newest, observed_at=at, level="190")])
        rows = exposure(scratch, derivations["flood_exposure"])
        change = Decimal(newest.level) - 190 if compared else None
        assert {r["upstream_rise_24h_m"] for r in rows} == {change}, hours
        assert {r["upstream_observed_at"] for r in rows} == {newest.observed_at}


@pytest.mark.parametrize("flood", [ScenarioName.CIQIKOU], indirect=True)
def test_without_a_national_reading_the_exposed_premises_still_appear(
    scratch: Scratch,
    tmp_path: Path,
    flood: Scenario,
    found: tuple[Premises, ...],
    places: Places,
    derivations: Mapping[str, Derivation],
) -> None:
    put_stations(scratch, tmp_path, flood)
    put_exposure_inputs(scratch, tmp_path, flood, found[:6], places)
    put_national(scratch, tmp_path, [])
    rows = exposure(scratch, derivations["flood_exposure"])
    assert len(rows) == 4
    assert {upstream(r) for r in rows} == {("CQ-BEIBEI3", None, None, None)}
    assert {r["synthetic"] for r in rows} == {True}


@pytest.mark.parametrize("flood", [ScenarioName.CIQIKOU], indirect=True)
def test_the_fence_of_183_metres_takes_equality_in_and_a_centimetre_above_out(
    scratch: Scratch,
    tmp_path: Path,
    flood: Scenario,
    found: tuple[Premises, ...],
    places: Places,
    derivations: Mapping[str, Derivation],
) -> None:
    put_stations(scratch, tmp_path, flood)
    put_exposure_inputs(scratch, tmp_path, flood, found[:6], places)
    put_national(scratch, tmp_path, flood.national(NOW, limit=EVERY))
    rows = exposure(scratch, derivations["flood_exposure"])
    assert sorted(str(r["premises_id"]) for r in rows) == [
        "SPB-000001",
        "SPB-000002",
        "SPB-000004",
        "SPB-000005",
    ]
    assert {r["fence_level_m"] for r in rows} == {Decimal("183.000")}
    assert {r["township_name"] for r in rows} == {"磁器口街道"}


@pytest.mark.parametrize("flood", [ScenarioName.CIQIKOU], indirect=True)
def test_dropping_the_offset_changes_the_list(
    scratch: Scratch,
    tmp_path: Path,
    flood: Scenario,
    found: tuple[Premises, ...],
    places: Places,
    derivations: Mapping[str, Derivation],
) -> None:
    put_stations(scratch, tmp_path, flood, offset=Decimal("0.00"))
    put_exposure_inputs(scratch, tmp_path, flood, found, places)
    put_national(scratch, tmp_path, flood.national(NOW, limit=EVERY))
    careless = {r["premises_id"] for r in exposure(scratch, derivations["flood_exposure"])}
    assert not {"SPB-000004", "SPB-000005"} & careless
    assert {"SPB-000001", "SPB-000002"} <= careless


def test_the_situation_equals_a_count_by_hand(
    scratch: Scratch,
    tmp_path: Path,
    flood: Scenario,
    derivations: Mapping[str, Derivation],
) -> None:
    put_stations(scratch, tmp_path, flood)
    put_national(scratch, tmp_path, flood.national(NOW, limit=EVERY))
    put_municipal(scratch, tmp_path, flood)
    rows = scratch.to_arrow(derivations["river_situation"].sql).to_pylist()
    series: dict[tuple[str, str], dict[datetime, Decimal]] = {}
    datums: dict[tuple[str, str], str] = {}
    for n in flood.national(NOW, limit=EVERY):
        series.setdefault(("national", n.station_code), {})[n.observed_at] = Decimal(n.level)
    for m in flood.municipal(NOW):
        series.setdefault(("municipal", m.station_code), {})[m.observed_at] = m.level
        datums["municipal", m.station_code] = m.datum
    assert len(rows) == sum(map(len, series.values()))
    for row in rows:
        key = (row["source_level"], row["station_code"])
        at = row["observed_at"].astimezone(UTC)
        read = series[key][at]
        datum = "吴淞" if key[0] == "national" else datums[key]
        offset = OFFSETS.get(key[1])
        level = read if datum == "黄海" else None if offset is None else read - offset
        assert row["level_m"] == level
        for hours in (6, 12, 24):
            assert row[f"rise_{hours}h_m"] == rise(series[key], at, hours)
        warning = WARNINGS.get(key[1])
        room = None if warning is None or level is None else warning - level
        assert row["margin_to_warning_m"] == room
