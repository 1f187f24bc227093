"""The flood case's inputs as tables of the engine, as far as the derivations read them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from catalog.places import Places, padded
from demo.premises import Premises
from demo.scenario import NationalReading, Scenario
from warehouse.scratch import Scratch

NOW = datetime(2026, 7, 12, 3, 20, tzinfo=UTC)
LEVEL = pa.decimal128(9, 3)


def table(scratch: Scratch, folder: Path, name: str, columns: Mapping[str, pa.Array]) -> None:
    file = folder / f"{name}.parquet"
    pq.write_table(pa.table(dict(columns)), file)
    scratch.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM read_parquet('{file}')")


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
        "upstream_station_code": pa.array([s.upstream for s in found], pa.string()),
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


def put_national(scratch: Scratch, folder: Path, national: Sequence[NationalReading]) -> None:
    columns = {
        "station_code": pa.array([r.station_code for r in national], pa.string()),
        "observed_at": instants([r.observed_at for r in national]),
        "level_m": levels([Decimal(r.level) for r in national]),
        "synthetic": pa.array([r.synthetic for r in national], pa.bool_()),
    }
    table(scratch, folder, "river_regime_national", columns)


def put_municipal(scratch: Scratch, folder: Path, flood: Scenario) -> None:
    municipal = flood.municipal(NOW)
    columns = {
        "station_code": pa.array([r.station_code for r in municipal]),
        "observed_at": instants([r.observed_at for r in municipal]),
        "level_m": levels([r.level for r in municipal]),
        "datum": pa.array([r.datum for r in municipal]),
        "synthetic": pa.array([r.synthetic for r in municipal]),
    }
    table(scratch, folder, "river_regime_municipal", columns)
