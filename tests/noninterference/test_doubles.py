"""What doubles add up to tells neither where their rows lie nor what lies between them."""

from pathlib import Path

import orjson
import pyarrow as pa
import pytest

from catalog.catalogue import Catalogue
from catalog.clock import ReplayClock
from catalog.contracts import Kind
from catalog.ids import LoadId
from catalog.predicate import Compare, Op
from query.aggregate import Aggregate, Function, Groups, Measure, Told
from query.compile import compile_read
from query.relation import Scope, whole_grant_columns
from tests.noninterference.test_filters import ARROW, measure
from tests.shared_data import PLACES, START, STATIONS, grant, written
from warehouse.duck import DuckWarehouse
from warehouse.engine import LoadPlan

VALUES = (0.1, 0.2, 0.3, 1e16, -1e16, 0.7)


def told(folder: Path, function: Function, rows: list[tuple[str, float]]) -> object:
    """Of the rows named `shown`, in the order in which they were written."""
    columns = [column.name for column in whole_grant_columns(measure())]
    held = grant(STATIONS, columns, row_filter=Compare("string", Op.EQ, "shown"))
    city = Catalogue(contracts={STATIONS: measure()}, organisations={}, places=PLACES)
    schema = pa.schema([(c.name, ARROW[c.type.kind]) for c in measure().columns])
    table = pa.Table.from_pylist(
        [{"code": f"{i}", "string": name, "double": x} for i, (name, x) in enumerate(rows)],
        schema=schema,
    )
    warehouse = DuckWarehouse(folder / "w.duckdb", folder, ReplayClock(START), threads=1)
    file = written(table, folder / "rows.parquet")
    warehouse.publish(LoadPlan(LoadId("all"), measure(), file, "", folder / "unfit"))
    tree = Aggregate(STATIONS, Groups((Told("x", Measure(function, Kind.DOUBLE.value)),)))
    with warehouse.session() as session:
        content = session.read(compile_read(tree, Scope(city, [held], "k"))).content
    warehouse.close()
    return orjson.loads(content)


@pytest.mark.parametrize("function", [Function.SUM, Function.AVG])
def test_a_sum_of_doubles_is_the_same_however_its_rows_were_written(
    tmp_path: Path, function: Function
) -> None:
    shown = [("shown", value) for value in VALUES]
    between = [row for value in shown[::-1] for row in (value, ("hidden", 3.3))]
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for folder in (ours, theirs):
        folder.mkdir()
    assert told(ours, function, shown) == told(theirs, function, between)
