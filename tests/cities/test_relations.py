"""A relation of a data set to itself, read both ways from the warehouse."""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pyarrow as pa
import pytest

from catalog.catalogue import Catalogue
from catalog.clock import ReplayClock
from catalog.domain import read_domains
from catalog.ids import ClientId, DatasetCode, LoadId
from catalog.places import read_places
from catalog.sharing.provision import own_grant
from query.compile import compile_read
from query.relation import Scope
from query.tree import Leaf, Nested, Order, Read
from settings import Settings
from tests.shared_data import START, written
from warehouse.duck import DuckWarehouse
from warehouse.engine import LoadPlan

CITY = Settings().city
STATIONS = DatasetCode("river_station")
NAME = (Leaf("name", "station_name"),)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    contracts = {c.data_set: c for domain in read_domains(CITY) for c in domain.contracts}
    return Catalogue(contracts, {}, read_places(CITY / "places.csv"))


@pytest.fixture
def warehouse(catalogue: Catalogue, tmp_path: Path) -> Iterator[DuckWarehouse]:
    landing = tmp_path / "landing"
    contract = catalogue.contracts[STATIONS]
    table = pa.table(
        {
            "station_code": pa.array(["CQ-BEIBEI3", "CQ-CIQIKOU"]),
            "station_name": pa.array(["北碚(三)", "磁器口"]),
            "river": pa.array(["嘉陵江"] * 2),
            "place_code": pa.nulls(2, pa.int64()),
            "upstream_station_code": pa.array([None, "CQ-BEIBEI3"]),
            "datum": pa.array(["黄海"] * 2),
            "offset_to_huanghai_m": pa.nulls(2, pa.decimal128(5, 2)),
            "warning_level_m": pa.nulls(2, pa.decimal128(9, 3)),
            "warning_datum": pa.nulls(2, pa.string()),
            "guarantee_level_m": pa.nulls(2, pa.decimal128(9, 3)),
            "guarantee_datum": pa.nulls(2, pa.string()),
            "code_assigned": pa.array([True] * 2),
        }
    )
    file = written(table, landing / "stations" / "rows.parquet")
    opened = DuckWarehouse(tmp_path / "w.duckdb", landing, ReplayClock(START))
    opened.publish(
        LoadPlan(LoadId("stations"), contract, file, "digest", file.parent / "unfit.parquet", ())
    )
    yield opened
    opened.close()


def test_a_station_leads_to_the_one_upstream_and_back(
    catalogue: Catalogue, warehouse: DuckWarehouse
) -> None:
    grant = own_grant(catalogue, STATIONS, ClientId("water-app"))
    tree = Read(
        STATIONS,
        (
            *NAME,
            Nested("up", "upstream_station", NAME),
            Nested("down", "downstream_stations", NAME),
        ),
        order=(Order("station_code"),),
    )
    with warehouse.session() as session:
        rows = orjson.loads(
            session.read(compile_read(tree, Scope(catalogue, [grant], "key"))).content
        )
    assert rows == [
        {"name": "北碚(三)", "up": None, "down": [{"name": "磁器口"}]},
        {"name": "磁器口", "up": {"name": "北碚(三)"}, "down": []},
    ]
