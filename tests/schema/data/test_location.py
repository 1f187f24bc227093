"""Rows by where they lie: what a caller may write, what is refused, and where the term exists at all."""

from dataclasses import replace
from typing import Any

import pytest
from graphql import (
    GraphQLInputField,
    GraphQLInputObjectType,
    get_operation_ast,
    parse,
    print_schema,
    validate,
)
from graphql.execution.values import VariableValues

from access.roles import CAPABILITIES, Role
from catalog.contracts import ReferenceSystem
from catalog.ids import DatasetCode
from catalog.predicate import Compare, Op
from query.area import Box, Circle, Point, Polygon
from query.relation import Scope
from query.tree import AllOf, Condition, Located, Negated, Read
from schema.data.planning import plan_of, variables_of
from schema.errors import FilterInvalid
from schema.view import View, build_view
from tests.query.located import DEGREES, catalogue_with, located_station
from tests.shared_data import STATIONS, grant

NAMES = ["code", *DEGREES]
QUERY = "query ($location: LocationFilter) { station(where: {location: $location}) { code } }"
TRIANGLE = [(106.4, 29.5), (106.5, 29.5), (106.45, 29.6)]


def view(*columns: str, system: ReferenceSystem = ReferenceSystem.CGCS2000, **held: Any) -> View:
    city = catalogue_with(located_station(system=system))
    scope = Scope(city, [grant(STATIONS, columns or NAMES, **held)], "k")
    return build_view(CAPABILITIES[Role.APP], scope)


VIEW = view()


def where(query: str, **variables: Any) -> Condition | None:
    document = parse(query)
    assert validate(VIEW.schema, document) == []
    operation = get_operation_ast(document)
    assert operation is not None
    values = variables_of(VIEW.schema, operation, variables)
    assert isinstance(values, VariableValues), values
    plan = plan_of(VIEW.schema, VIEW.shapes, document, operation, values)
    for wrong in plan.refused.values():
        raise wrong
    ((_, planned),) = plan.fields.items()
    assert isinstance(planned.tree, Read)
    return planned.tree.where


def points(*pairs: tuple[float, float]) -> list[dict[str, float]]:
    return [{"longitude": x, "latitude": y} for x, y in pairs]


def test_areas_are_read_from_literals_and_variables() -> None:
    near = "{ station(where: {location: {near: {longitude: 106, latitude: 29.5, metres: 500}}}) { code } }"
    assert where(near) == Located(Circle(Point(106.0, 29.5), 500.0))
    box = {"west": 106, "south": 29.5, "east": 106.5, "north": 30}
    assert where(QUERY, location={"withinBox": box}) == Located(Box(106, 29.5, 106.5, 30))
    ring = Polygon(tuple(Point(x, y) for x, y in TRIANGLE))
    assert where(QUERY, location={"withinPolygon": points(*TRIANGLE)}) == Located(ring)


def test_areas_beside_each_other_must_all_hold_and_nest_like_any_condition() -> None:
    both = where(
        """{ station(where: {not: {location: {
          withinBox: {west: 0, south: 0, east: 1, north: 1}
          near: {longitude: 0, latitude: 0, metres: 1}
        }}, code: {eq: "A"}}) { code } }"""
    )
    near, box = Located(Circle(Point(0, 0), 1)), Located(Box(0, 0, 1, 1))
    assert both == AllOf((Negated(AllOf((near, box))), Compare("code", Op.EQ, "A")))
    assert where("{ station(where: {location: {}}) { code } }") is None


def circle(**changes: float) -> dict[str, Any]:
    return {"near": {"longitude": 106.4, "latitude": 29.5, "metres": 100.0} | changes}


def box(**changes: float) -> dict[str, Any]:
    return {"withinBox": {"west": 106.0, "south": 29.0, "east": 107.0, "north": 30.0} | changes}


def polygon(*pairs: tuple[float, float]) -> dict[str, Any]:
    return {"withinPolygon": points(*pairs)}


@pytest.mark.parametrize(
    ("location", "at", "says"),
    [
        (circle(metres=0), "near.metres", "must be over 0 and at most 100000"),
        (circle(metres=-5), "near.metres", "must be over 0 and at most 100000"),
        (circle(metres=100_001), "near.metres", "must be over 0 and at most 100000"),
        (circle(longitude=180.1), "near.longitude", "must lie between -180 and 180"),
        (circle(latitude=-90.1), "near.latitude", "must lie between -90 and 90"),
        (circle(latitude=106.4, longitude=29.5), "near.latitude", "must lie between"),
        (box(west=107.5), "withinBox", "its west beyond its east"),
        (box(west=179, east=-179), "withinBox", "does not cross the antimeridian"),
        (box(south=31), "withinBox", "its south beyond its north"),
        (box(north=90.5), "withinBox.north", "must lie between -90 and 90"),
        (box(east=181), "withinBox.east", "must lie between -180 and 180"),
        (polygon(), "withinPolygon", "needs 3 to 200 points"),
        (polygon(*TRIANGLE[:2]), "withinPolygon", "needs 3 to 200 points"),
        (polygon(*TRIANGLE * 67), "withinPolygon", "needs 3 to 200 points"),
        (polygon((1, 1), (2, 2), (3, 3)), "withinPolygon", "all its points on one line"),
        (polygon((1, 1), (1, 1), (1, 1)), "withinPolygon", "all its points on one line"),
        (polygon((1, 1), (1, 5), (1, 2)), "withinPolygon", "all its points on one line"),
        (polygon((1, 1), (1, 95), (2, 2)), "withinPolygon.1.latitude", "must lie between"),
        ({"near": None}, "near", "must not be null"),
        ({"withinPolygon": None}, "withinPolygon", "must not be null"),
    ],
)
def test_what_is_no_area_on_the_globe_is_refused_with_its_place(
    location: dict[str, Any], at: str, says: str
) -> None:
    with pytest.raises(FilterInvalid, match=says) as refused:
        where(QUERY, location=location)
    assert f"where.location.{at} " in refused.value.message_en


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "106", None, True])
def test_what_is_no_finite_number_does_not_even_fit_the_type(value: object) -> None:
    document = parse(QUERY)
    operation = get_operation_ast(document)
    assert operation is not None
    near = {"longitude": value, "latitude": 29.5, "metres": 1}
    values = variables_of(VIEW.schema, operation, {"location": {"near": near}})
    assert not isinstance(values, VariableValues)


def test_an_edge_of_the_globe_and_a_box_without_width_are_areas() -> None:
    for location in (
        circle(longitude=-180, latitude=90, metres=100_000),
        box(west=-180, south=-90, east=180, north=90),
        box(west=107, east=107),
    ):
        assert isinstance(where(QUERY, location=location), Located)


def test_all_polygons_of_a_filter_share_two_hundred_points() -> None:
    query = """query ($w: [StationFilter!]) { station(where: {or: $w}) { code } }"""
    ring = TRIANGLE * 33
    two = [{"location": polygon(*ring)}, {"location": polygon(*ring)}]
    assert where(query, w=two) is not None
    with pytest.raises(FilterInvalid, match="together have more than 200 points"):
        where(query, w=[*two, {"location": polygon(*TRIANGLE)}])


def location_of(found: View) -> GraphQLInputField | None:
    kind = found.schema.type_map["StationFilter"]
    assert isinstance(kind, GraphQLInputObjectType)
    fields: dict[str, GraphQLInputField] = kind.fields
    return fields.get("location")


@pytest.mark.parametrize(
    "found",
    [
        view("code", "longitude"),
        view(*NAMES, masked=["latitude"]),
        view(*NAMES, aggregate=["latitude"]),
        view("code"),
    ],
    ids=["one column", "a masked one", "one for aggregates", "none"],
)
def test_without_both_columns_in_the_clear_nothing_tells_of_locations(found: View) -> None:
    assert location_of(found) is None
    assert "Location" not in print_schema(found.schema)


@pytest.mark.parametrize(
    ("system", "says"),
    [
        (ReferenceSystem.CGCS2000, "WGS84 and CGCS2000 agree to a metre"),
        (ReferenceSystem.WGS84, "WGS84 and CGCS2000 agree to a metre"),
        (ReferenceSystem.GCJ_02, "Nothing is converted"),
    ],
)
def test_the_description_says_in_which_system_the_numbers_are(
    system: ReferenceSystem, says: str
) -> None:
    found = location_of(view(system=system))
    assert found is not None
    text = found.description or ""
    assert system in text
    assert says in text
    assert "longitude, latitude" in text


def test_a_column_of_another_data_set_may_be_called_location() -> None:
    contract = replace(located_station(), coordinates=None)
    columns = tuple(
        replace(column, name="location") if column.name == "name" else column
        for column in contract.columns
    )
    scope = Scope(
        catalogue_with(replace(contract, columns=columns)),
        [grant(DatasetCode("station"), ["code", "location"])],
        "k",
    )
    found = location_of(build_view(CAPABILITIES[Role.APP], scope))
    assert found is not None
    assert str(found.type) == "StringFilter"
