"""The derived sets of the flood case, computed by the engine and once more by hand in Python."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog.domain import Derivation, read_domains
from catalog.ids import PlaceCode
from catalog.places import Places, padded, read_places
from demo.premises import Premises, premises
from demo.scenario import Scenario, ScenarioName, scenario
from settings import Settings
from warehouse.scratch import Scratch

CITY = Settings().city
NOW = datetime(2026, 7, 12, 3, 20, tzinfo=UTC)
LEVEL = pa.decimal128(9, 3)
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


def table(scratch: Scratch, folder: Path, name: str, columns: Mapping[str, pa.Array]) -> None:
    file = folder / f"{name}.parquet"
    pq.write_table(pa.table(dict(columns)), file)
    scratch.execute(f"CREATE TABLE {name} AS SELECT * FROM read_parquet('{file}')")


def levels(values: Sequence[Decimal | None]) -> pa.Array:
    return pa.array([None if v is None else v.quantize(Decimal("0.001")) for v in values], LEVEL)


def instants(values: Sequence[datetime]) -> pa.Array:
    return pa.array(values, pa.timestamp("us", "UTC"))


def put_stations(
    scratch: Scratch, folder: Path, flood: Scenario, offset: Decimal | None = None
) -> None:
    """`offset` replaces the offset of every station that has one."""
    found = flood.stations
    columns = {
        "station_code": pa.array([s.code for s in found]),
        "offset_to_huanghai_m": pa.array(
            [s.offset if s.offset is None or offset is None else offset for s in found],
            pa.decimal128(5, 2),
        ),
        "warning_level_m": levels([s.warning[0] if s.warning else None for s in found]),
        "warning_datum": pa.array([s.warning[1] if s.warning else None for s in found]),
        "guarantee_level_m": levels([s.guarantee[0] if s.guarantee else None for s in found]),
        "guarantee_datum": pa.array([s.guarantee[1] if s.guarantee else None for s in found]),
    }
    table(scratch, folder, "river_station", columns)


def put_exposure_inputs(
    scratch: Scratch, folder: Path, flood: Scenario, found: Sequence[Premises], places: Places
) -> None:
    columns = {
        "premises_id": pa.array([p.id for p in found]),
        "premises_name": pa.array([p.name for p in found]),
        "kind": pa.array([p.kind for p in found]),
        "place_code": pa.array([padded(p.place) for p in found], pa.int64()),
        "ground_elevation_m": levels([p.elevation for p in found]),
        "elevation_datum": pa.array([p.datum for p in found]),
        "resident_count": pa.array([p.residents for p in found], pa.int32()),
        "control_station_code": pa.array([p.control_station for p in found]),
    }
    table(scratch, folder, "riverside_premises", columns)
    issued = flood.forecasts(NOW)
    forecasts = {
        "station_code": pa.array([f.station_code for f in issued]),
        "issued_at": instants([f.issued_at for f in issued]),
        "peak_level_m": levels([f.peak_level for f in issued]),
        "peak_at": instants([f.peak_at for f in issued]),
        "synthetic": pa.array([f.synthetic for f in issued]),
    }
    table(scratch, folder, "flood_peak_forecast", forecasts)
    names = {
        "place_code": pa.array([padded(p.code) for p in places], pa.int64()),
        "name": pa.array([p.name for p in places]),
    }
    table(scratch, folder, "administrative_place", names)


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
    rows = exposure(scratch, derivations["flood_exposure"])
    peak = [f for f in flood.forecasts(NOW) if f.station_code == "CQ-CIQIKOU"][-1].peak_level
    wanted = {}
    for one in found:
        ground = one.elevation - (Decimal("1.64") if one.datum == "吴淞" else 0)
        if ground <= peak + 2:
            township = places.get(PlaceCode(one.place[:9]))
            wanted[one.id] = (township.name, one.residents, ground, peak + 2 - ground)
    assert wanted
    assert wanted == {
        r["premises_id"]: (
            r["township_name"],
            r["resident_count"],
            r["ground_elevation_m"],
            r["depth_below_fence_m"],
        )
        for r in rows
    }


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
    careless = {r["premises_id"] for r in exposure(scratch, derivations["flood_exposure"])}
    assert not {"SPB-000004", "SPB-000005"} & careless
    assert {"SPB-000001", "SPB-000002"} <= careless


def put_readings(scratch: Scratch, folder: Path, flood: Scenario) -> None:
    national = flood.national(NOW, limit=10**6)
    columns = {
        "station_code": pa.array([r.station_code for r in national]),
        "observed_at": instants([r.observed_at for r in national]),
        "level_m": levels([Decimal(r.level) for r in national]),
        "synthetic": pa.array([r.synthetic for r in national]),
    }
    table(scratch, folder, "river_regime_national", columns)
    municipal = flood.municipal(NOW)
    columns = {
        "station_code": pa.array([r.station_code for r in municipal]),
        "observed_at": instants([r.observed_at for r in municipal]),
        "level_m": levels([r.level for r in municipal]),
        "datum": pa.array([r.datum for r in municipal]),
        "synthetic": pa.array([r.synthetic for r in municipal]),
    }
    table(scratch, folder, "river_regime_municipal", columns)


def rise(series: Mapping[datetime, Decimal], at: datetime, hours: int) -> Decimal | None:
    """The level less the one at, or next before, `hours` earlier, none older by three hours more."""
    then = at - timedelta(hours=hours)
    earlier = [time for time in series if then - timedelta(hours=3) <= time <= then]
    return series[at] - series[max(earlier)] if earlier else None


def test_the_situation_equals_a_count_by_hand(
    scratch: Scratch,
    tmp_path: Path,
    flood: Scenario,
    derivations: Mapping[str, Derivation],
) -> None:
    put_stations(scratch, tmp_path, flood)
    put_readings(scratch, tmp_path, flood)
    rows = scratch.to_arrow(derivations["river_situation"].sql).to_pylist()
    series: dict[tuple[str, str], dict[datetime, Decimal]] = {}
    datums: dict[tuple[str, str], str] = {}
    for n in flood.national(NOW, limit=10**6):
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
