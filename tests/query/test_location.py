"""Which rows lie in an area: the engine's answer against one worked out in another way."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import orjson
import pyarrow as pa
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.clock import ReplayClock
from catalog.contracts import ColumnType, Contract, Kind
from catalog.ids import LoadId
from catalog.sharing.grant import GrantedColumn, Part, Visibility
from query.aggregate import ROWS, Aggregate, Groups, Told
from query.area import Area, Box, Circle, Point, Polygon
from query.compile import compile_read
from query.errors import UnknownField
from query.print import duckdb_text
from query.relation import Scope
from query.tree import Condition, Leaf, Located, Negated, Read
from schema.data.location import MAX_METRES
from tests.query.located import (
    DEGREES,
    beside,
    catalogue_with,
    lies_inside,
    located_station,
    metres_between,
    on_the_rim,
)
from tests.shared_data import START, STATIONS, grant, written
from warehouse.duck import DuckWarehouse
from warehouse.engine import LoadPlan

CHANCE = random.Random(1)  # noqa: S311 - nothing here is a secret
TOWN = {
    f"town {i}": Point(round(CHANCE.uniform(106, 107), 4), round(CHANCE.uniform(29, 30), 4))
    for i in range(120)
}
CORNERS = {
    f"corner {x} {y}": Point(x, y) for x in (106.0, 106.5, 107.0) for y in (29.0, 29.5, 30.0)
}
EDGES_OF_THE_WORLD = {
    f"edge {x} {y}": Point(x, y)
    for x in (-180.0, -179.9, 0.0, 179.9, 180.0)
    for y in (-90.0, -89.9, 0.0, 89.9, 90.0)
}
POINTS: Mapping[str, Point] = TOWN | CORNERS | EDGES_OF_THE_WORLD
NOWHERE = {
    "neither": (None, None),
    "no longitude": (None, 29.5),
    "no latitude": (106.5, None),
    "not a number": (float("nan"), 29.5),
    "infinite": (106.5, float("inf")),
    "off the globe": (106.5, 95.0),
}
UNKNOWN = frozenset(("neither", "no longitude", "no latitude"))
NAMES = ["code", *DEGREES]
DECIMAL = ColumnType(Kind.DECIMAL, 9, 6)
Warehouse = tuple[DuckWarehouse, Contract]


def opened(folder: Path, contract: Contract, rows: list[dict[str, object]]) -> Warehouse:
    decimals = contract.column("longitude").type.kind is Kind.DECIMAL
    kind = pa.decimal128(9, 6) if decimals else pa.float64()
    schema = pa.schema(
        [(c.name, kind if c.name in DEGREES else pa.string()) for c in contract.columns]
    )
    warehouse = DuckWarehouse(folder / "w.duckdb", folder, ReplayClock(START), threads=1)
    file = written(pa.Table.from_pylist(rows, schema=schema), folder / "rows.parquet")
    warehouse.publish(LoadPlan(LoadId("all"), contract, file, "", folder / "unfit"))
    return warehouse, contract


@pytest.fixture(scope="module")
def stations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    everywhere = {name: (p.longitude, p.latitude) for name, p in POINTS.items()} | NOWHERE
    rows: list[dict[str, object]] = [
        {"code": name, "longitude": x, "latitude": y} for name, (x, y) in everywhere.items()
    ]
    found = opened(tmp_path_factory.mktemp("located"), located_station(), rows)
    yield found
    found[0].close()


def kept(stations: Warehouse, where: Condition) -> set[str]:
    warehouse, contract = stations
    scope = Scope(catalogue_with(contract), [grant(STATIONS, NAMES)], "k")
    read = Read(STATIONS, (Leaf("c", "code"),), where, limit=1000)
    with warehouse.session() as session:
        content = session.read(compile_read(read, scope)).content
    return {row["c"] for row in orjson.loads(content)}


def near(stations: Warehouse, longitude: float, latitude: float, metres: float) -> set[str]:
    return kept(stations, Located(Circle(Point(longitude, latitude), metres)))


def degrees(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high).map(lambda value: round(value, 6))


POINT = st.builds(Point, degrees(105.9, 107.1), degrees(28.9, 30.1)) | st.sampled_from(
    [*TOWN.values(), *CORNERS.values()]
)
ANYWHERE = POINT | st.builds(Point, degrees(-180, 180), degrees(-90, 90))
METRES = st.floats(0.001, MAX_METRES)


@settings(max_examples=60, deadline=None)
@given(st.builds(Circle, ANYWHERE, METRES))
def test_rows_near_a_point_are_those_at_no_greater_distance(
    stations: Warehouse, circle: Circle
) -> None:
    found = kept(stations, Located(circle))
    for name, point in POINTS.items():
        if not on_the_rim(point, circle):
            assert (name in found) == (metres_between(point, circle.centre) <= circle.metres), name
    assert not found & NOWHERE.keys()


@settings(max_examples=60, deadline=None)
@given(st.lists(POINT, min_size=3, max_size=14))
def test_rows_in_a_polygon_are_those_within_an_odd_number_of_turns(
    stations: Warehouse, points: list[Point]
) -> None:
    if all(point.latitude == points[0].latitude for point in points):
        points = [*points, Point(106.5, 29.77)]
    found = kept(stations, Located(Polygon(tuple(points))))
    for name, point in POINTS.items():
        if not beside(point, points):
            assert (name in found) == lies_inside(point, points), name
    assert not found & NOWHERE.keys()


@settings(max_examples=30, deadline=None)
@given(ANYWHERE, ANYWHERE)
def test_rows_in_a_box_are_those_between_its_sides(
    stations: Warehouse, one: Point, other: Point
) -> None:
    west, east = sorted((one.longitude, other.longitude))
    south, north = sorted((one.latitude, other.latitude))
    assert kept(stations, Located(Box(west, south, east, north))) == {
        name
        for name, point in POINTS.items()
        if west <= point.longitude <= east and south <= point.latitude <= north
    }


@settings(max_examples=30, deadline=None)
@given(
    st.builds(Circle, ANYWHERE, METRES)
    | st.lists(POINT, min_size=3, max_size=8).map(lambda p: Polygon((*p, Point(106.3, 29.3))))
    | st.just(Box(-180, -90, 180, 90))
)
def test_not_keeps_the_other_rows_but_none_without_coordinates(
    stations: Warehouse, area: Area
) -> None:
    if isinstance(area, Polygon) and not area.sides:
        return
    inside, outside = kept(stations, Located(area)), kept(stations, Negated(Located(area)))
    assert not inside & outside
    assert inside | outside == {*POINTS, *NOWHERE} - UNKNOWN


def test_a_circle_over_a_pole_or_the_antimeridian_is_whole(stations: Warehouse) -> None:
    assert near(stations, 40, 89.95, 20_000) == {
        name for name, p in EDGES_OF_THE_WORLD.items() if p.latitude >= 89.9
    }
    across = near(stations, 179.95, 0, 20_000)
    assert across == {f"edge {x} 0.0" for x in (-180.0, -179.9, 179.9, 180.0)}


def test_neighbours_share_a_border_without_sharing_a_row(stations: Warehouse) -> None:
    """Nine corners of four squares: each lies in one of the squares, or on the outer east or north."""
    squares = [
        Polygon((Point(x, y), Point(x + 0.5, y), Point(x + 0.5, y + 0.5), Point(x, y + 0.5)))
        for x in (106.0, 106.5)
        for y in (29.0, 29.5)
    ]
    found = [kept(stations, Located(square)) & CORNERS.keys() for square in squares]
    assert sorted(name for names in found for name in names) == sorted(
        name for name, p in CORNERS.items() if p.longitude < 107 and p.latitude < 30
    )


def test_a_ring_may_end_where_it_began_and_turn_either_way(stations: Warehouse) -> None:
    ring = (Point(106.1, 29.1), Point(106.9, 29.2), Point(106.6, 29.9))
    found = kept(stations, Located(Polygon(ring)))
    assert found
    assert found == kept(stations, Located(Polygon((*ring, ring[0]))))
    assert found == kept(stations, Located(Polygon(ring[::-1])))


def test_decimal_coordinates_are_as_good(tmp_path: Path) -> None:
    row: dict[str, object] = {
        "code": "a",
        "longitude": Decimal("106.448"),
        "latitude": Decimal("29.58"),
    }
    stations = opened(tmp_path, located_station(DECIMAL), [row])
    try:
        assert near(stations, 106.448, 29.581, 112) == {"a"}
        assert near(stations, 106.448, 29.581, 111) == set()
    finally:
        stations[0].close()


@pytest.mark.parametrize(
    ("name", "area"),
    [
        ("rows_near_a_point", Circle(Point(106.448, 29.58), 500)),
        ("rows_in_a_box", Box(106, 29, 107, 30)),
        ("rows_in_a_polygon", Polygon((Point(106, 29), Point(107, 29), Point(106.5, 30)))),
    ],
)
def test_a_location_has_its_golden_statement_and_no_number_of_the_area_in_it(
    name: str, area: Area
) -> None:
    scope = Scope(catalogue_with(located_station()), [grant(STATIONS, NAMES)], "k")
    statement = compile_read(Read(STATIONS, (Leaf("c", "code"),), Located(area)), scope)
    text = sqlglot.parse_one(duckdb_text(statement.tree), dialect="duckdb").sql(
        dialect="duckdb", pretty=True, identify=True
    )
    file = Path(__file__).parent / "golden" / f"{name}.sql"
    assert text + "\n" == file.read_text("utf-8"), f"{file} differs:\n{text}"
    assert statement.columns >= {(STATIONS, column) for column in DEGREES}


CLEAR, MASKED = Visibility.CLEAR, Visibility.MASKED


@pytest.mark.parametrize(
    "seen",
    [
        ({"longitude": CLEAR},),
        ({"longitude": CLEAR, "latitude": MASKED},),
        ({"longitude": CLEAR, "latitude": Visibility.AGGREGATE},),
        ({"longitude": CLEAR, "latitude": CLEAR}, {"longitude": CLEAR}),
        ({},),
    ],
)
def test_where_a_part_does_not_show_both_columns_as_they_are_there_is_no_location(
    seen: tuple[dict[str, Visibility], ...],
) -> None:
    parts = tuple(
        Part((GrantedColumn("code"), *(GrantedColumn(n, how) for n, how in part.items())), None)
        for part in seen
    )
    held = Scope(
        catalogue_with(located_station()), [replace(grant(STATIONS, ()), parts=parts)], "k"
    )
    asked = Read(STATIONS, (Leaf("c", "code"),), Located(Box(0, 0, 1, 1)))
    with pytest.raises(UnknownField, match="location"):
        compile_read(asked, held)


def test_rows_are_counted_and_measured_by_where_they_lie(stations: Warehouse) -> None:
    warehouse, contract = stations
    box = Box(106.0, 29.0, 106.5, 29.5)
    tree = Aggregate(STATIONS, Groups((Told("n", ROWS),), where=Located(box)))
    scope = Scope(catalogue_with(contract), [grant(STATIONS, NAMES)], "k")
    with warehouse.session() as session:
        (row,) = orjson.loads(session.read(compile_read(tree, scope)).content)
    assert row == {"n": len(kept(stations, Located(box)))}
    small = Scope(catalogue_with(contract), [grant(STATIONS, NAMES, minimum_group=5)], "k")
    with pytest.raises(UnknownField):
        compile_read(tree, small)


def test_two_scopes_that_differ_in_location_alone_have_schemas_of_their_own() -> None:
    whole = Part(tuple(GrantedColumn(name) for name in NAMES), None)
    fewer = Part((GrantedColumn("code"), GrantedColumn("longitude")), None)
    city = catalogue_with(located_station())
    both, one = (
        Scope(city, [replace(grant(STATIONS, ()), parts=parts)], "k")
        for parts in ((whole, whole), (whole, fewer))
    )
    assert both.columns(STATIONS) == one.columns(STATIONS)
    assert both.key != one.key
