from pathlib import Path

import pyarrow as pa
import pytest

from catalog.clock import ReplayClock
from catalog.contracts import Contract, Kind
from catalog.ids import LoadId
from query.statement import SCHEMA, identifier
from tests.noninterference.cases import numbered_case
from tests.noninterference.city import contracts
from tests.noninterference.stage import SEQS, Stage, published
from tests.noninterference.worlds import DATA_SETS, State, World
from tests.shared_data import START, written
from warehouse.duck import DuckWarehouse
from warehouse.engine import LoadPlan

ARROW = {
    Kind.STRING: pa.string(),
    Kind.INTEGER: pa.int32(),
    Kind.DECIMAL: pa.decimal128(9, 3),
    Kind.TIMESTAMP: pa.timestamp("us", "UTC"),
    Kind.PLACE: pa.int64(),
}


def publish_all(world: World, warehouse: DuckWarehouse, landing: Path) -> None:
    for seq in SEQS:
        data_set, version = published(seq)
        contract, name = contracts()[data_set], f"load{seq}"
        rows = rows_of(contract, world.history[data_set][version])
        file = written(rows, landing / name / "rows.parquet")
        warehouse.publish(LoadPlan(LoadId(name), contract, file, "", file.with_name("unfit")))


def rows_of(contract: Contract, state: State) -> pa.Table:
    schema = pa.schema([(c.name, ARROW[c.type.kind]) for c in contract.columns])
    return pa.Table.from_pylist([dict(row) for row in state], schema=schema)


def content(warehouse: DuckWarehouse) -> list[tuple[object, ...]]:
    cursor = warehouse._cursor()  # noqa: SLF001 - the tables themselves are compared
    rows: list[tuple[object, ...]] = []
    for data_set in DATA_SETS:
        for name in (data_set, f"{data_set}__past"):
            table = f"{identifier(SCHEMA)}.{identifier(name)}"
            rows += cursor.execute(
                f"SELECT '{name}', t::VARCHAR FROM {table} t ORDER BY ALL"
            ).fetchall()
    return rows


@pytest.mark.parametrize("number", range(3))
def test_a_world_is_filled_in_as_if_it_had_been_published(
    stages: tuple[Stage, Stage], tmp_path: Path, number: int
) -> None:
    world = numbered_case(number).ours
    stages[0].show(world)
    landing = tmp_path / "landing"
    warehouse = DuckWarehouse(tmp_path / "w.duckdb", landing, ReplayClock(START))
    publish_all(world, warehouse, landing)
    assert content(stages[0].warehouse) == content(warehouse)
    warehouse.close()
