"""No value in a filter makes the engine fail on rows that nobody may see.

The engine may look at a filter before it looks at the grant's places. Were there a comparison that fails
on some row's value, an error would tell what hidden rows hold.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from catalog.catalogue import Catalogue
from catalog.clock import ReplayClock
from catalog.contracts import (
    Column,
    ColumnType,
    Contract,
    Coordinates,
    Kind,
    ReferenceSystem,
)
from catalog.ids import LoadId, PlaceCode
from catalog.predicate import Compare, Op, Predicate, Scalar, Within
from query.area import Area, Box, Circle, Point, Polygon
from query.compile import compile_read
from query.relation import Scope, whole_grant_columns
from query.tree import Leaf, Located, Negated, Order, Read
from schema.data.filters import LISTED, OPERATORS
from tests.shared_data import PLACES, START, STATIONS, grant, station, written
from warehouse.duck import DuckWarehouse
from warehouse.engine import LoadPlan

ARROW: Mapping[Kind, pa.DataType] = {
    Kind.STRING: pa.string(),
    Kind.INTEGER: pa.int32(),
    Kind.BIGINT: pa.int64(),
    Kind.DECIMAL: pa.decimal128(9, 3),
    Kind.DOUBLE: pa.float64(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.DATE: pa.date32(),
    Kind.TIMESTAMP: pa.timestamp("us", "UTC"),
    Kind.PLACE: pa.int64(),
}
HELD: Mapping[Kind, Sequence[Scalar]] = {
    Kind.STRING: ("", "\U0001f30a%_\\'", "x" * 10_000, "9" * 40),
    Kind.INTEGER: (-(2**31), 0, 2**31 - 1),
    Kind.BIGINT: (-(2**63), 0, 2**63 - 1),
    Kind.DECIMAL: (Decimal("-999999.999"), Decimal(0), Decimal("999999.999")),
    Kind.DOUBLE: (float("nan"), float("inf"), -1e308, 5e-324),
    Kind.BOOLEAN: (True, False),
    Kind.DATE: (date(1, 1, 1), date(9999, 12, 31)),
    Kind.TIMESTAMP: (datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)),
    Kind.PLACE: (-(2**63), 0, 2**63 - 1),
}
"""What hidden rows hold: the ends of each type."""
ASKED: Mapping[Kind, Sequence[Scalar]] = {
    **HELD,
    Kind.DECIMAL: (Decimal(9999999999999999999), Decimal("-1E-18"), Decimal(0)),
    Kind.DOUBLE: (1e308, -1e308, 5e-324, 0.0),
    Kind.PLACE: ("000000", "999999999999999", "500106004"),
}
"""What a filter may hold."""


def measure() -> Contract:
    """A key, and a column of every kind."""
    key = station().columns[:1]
    kinds = tuple(
        Column(kind.value, ColumnType(kind, 9, 3), kind.value, kind.value) for kind in Kind
    )
    return replace(station(), columns=key + kinds)


def hidden_rows() -> list[dict[str, object]]:
    """Each value of each kind once, the other columns as empty as they come."""
    return [
        {"code": f"hidden {kind} {index}", kind.value: value}
        for kind, held in HELD.items()
        for index, value in enumerate(held)
    ]


@pytest.fixture(scope="module")
def pair(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[DuckWarehouse, DuckWarehouse]]:
    """A warehouse with hidden rows, and one without."""
    schema = pa.schema([(c.name, ARROW[c.type.kind]) for c in measure().columns])
    shown = {"code": "shown", "string": "", "integer": 0, "boolean": True}
    opened = []
    for rows in ([*hidden_rows(), shown], [shown]):
        folder = tmp_path_factory.mktemp("measures")
        warehouse = DuckWarehouse(folder / "w.duckdb", folder, ReplayClock(START), threads=1)
        file = written(pa.Table.from_pylist(rows, schema=schema), folder / "rows.parquet")
        warehouse.publish(LoadPlan(LoadId("all"), measure(), file, "", folder / "unfit"))
        opened.append(warehouse)
    yield opened[0], opened[1]
    for warehouse in opened:
        warehouse.close()


def predicates(kind: Kind) -> Iterator[Predicate]:
    for op in OPERATORS[kind]:
        for value in ASKED[kind]:
            if op is Op.IS_NULL:
                yield Compare(kind.value, op, operand=True)
            elif op in LISTED:
                yield Compare(kind.value, op, (value, ASKED[kind][0]))
            else:
                yield Compare(kind.value, op, value)
    if kind is Kind.PLACE:
        yield Within(kind.value, (PlaceCode("500000"),))


@pytest.mark.parametrize("kind", Kind)
def test_no_filter_or_order_fails_on_what_is_hidden(
    pair: tuple[DuckWarehouse, DuckWarehouse], kind: Kind
) -> None:
    city = Catalogue(contracts={STATIONS: measure()}, organisations={}, places=PLACES)
    columns = [column.name for column in whole_grant_columns(measure())]
    held = grant(STATIONS, columns, row_filter=Compare("code", Op.EQ, "shown"))
    scope = Scope(city, [held], "k")
    for predicate in predicates(kind):
        tree = Read(STATIONS, (Leaf("c", "code"),), predicate, (Order(kind.value),))
        contents = []
        for warehouse in pair:
            with warehouse.session() as session:
                contents.append(session.read(compile_read(tree, scope)).content)
        assert contents[0] == contents[1], predicate


@pytest.mark.parametrize("names", [("double", "double"), ("decimal", "double")])
@pytest.mark.parametrize(
    "area",
    [
        Circle(Point(0, 0), 100_000),
        Circle(Point(180, 90), 100_000),
        Box(-180, -90, 180, 90),
        Polygon((Point(-180, -90), Point(180, -90), Point(180, 90), Point(5e-324, 5e-324))),
    ],
)
def test_no_location_fails_on_what_is_hidden(
    pair: tuple[DuckWarehouse, DuckWarehouse], names: tuple[str, str], area: Area
) -> None:
    contract = replace(measure(), coordinates=Coordinates(*names, ReferenceSystem.WGS84))
    city = Catalogue(contracts={STATIONS: contract}, organisations={}, places=PLACES)
    columns = [column.name for column in whole_grant_columns(contract)]
    held = grant(STATIONS, columns, row_filter=Compare("code", Op.EQ, "shown"))
    scope = Scope(city, [held], "k")
    for where in (Located(area), Negated(Located(area))):
        contents = []
        for warehouse in pair:
            with warehouse.session() as session:
                tree = Read(STATIONS, (Leaf("c", "code"),), where)
                contents.append(session.read(compile_read(tree, scope)).content)
        assert contents[0] == contents[1]
