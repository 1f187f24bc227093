"""The filter of rows by where they lie, `LocationFilter`, shared by all data sets with coordinates.

Rules: numbers are degrees in the reference system of the contract, and nothing is converted; what is not
on the globe, turned about or without extent is refused with its place in the filter.
"""

from collections.abc import Iterator, Mapping, Sequence

from graphql import (
    GraphQLFloat,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
)

from catalog.contracts import Coordinates, ReferenceSystem, camel
from query.area import HALF_TURN, POLE, Area, Box, Circle, Point, Polygon
from schema.errors import FilterInvalid

MAX_METRES = 100_000
LEAST_POINTS, MAX_POINTS = 3, 200
NEAR, WITHIN_BOX, WITHIN_POLYGON = "near", "withinBox", "withinPolygon"
LONGITUDE, LATITUDE, METRES = "longitude", "latitude", "metres"
SIDES = ("west", "south", "east", "north")
Given = Mapping[str, object]


def _numbers(*names: str) -> dict[str, GraphQLInputField]:
    return {name: GraphQLInputField(GraphQLNonNull(GraphQLFloat)) for name in names}


LOCATION_FILTER = GraphQLInputObjectType(
    "LocationFilter",
    {
        NEAR: GraphQLInputField(
            GraphQLInputObjectType("LocationCircle", _numbers(LONGITUDE, LATITUDE, METRES)),
            description=f"距该点不超过 metres 米（大于 0，至多 {MAX_METRES}）。"
            f"At most `metres` from the point, over 0 and up to {MAX_METRES}.",
        ),
        WITHIN_BOX: GraphQLInputField(
            GraphQLInputObjectType("LocationBox", _numbers(*SIDES)),
            description="在经纬度范围内，含四边。Between these degrees, the sides included.",
        ),
        WITHIN_POLYGON: GraphQLInputField(
            GraphQLList(
                GraphQLNonNull(
                    GraphQLInputObjectType("LocationPoint", _numbers(LONGITUDE, LATITUDE))
                )
            ),
            description=f"在多边形内（奇偶规则，首尾自动相连）：{LEAST_POINTS} 至 {MAX_POINTS} 个点；"
            "恰在西、南边上算内，东、北边上算外。Inside by the even-odd rule, the last point joined to the "
            "first; on a western or southern side is inside, on an eastern or northern one outside.",
        ),
    },
)


def location_text(coordinates: Coordinates) -> str:
    """What the numbers of one data set mean."""
    system = coordinates.system
    columns = f"{camel(coordinates.longitude)}, {camel(coordinates.latitude)}"
    note_zh, note = "不作坐标转换", "Nothing is converted"
    if system is not ReferenceSystem.GCJ_02:
        note_zh, note = "WGS84 与 CGCS2000 相差不足一米", "WGS84 and CGCS2000 agree to a metre"
    return f"按位置（{columns}；坐标系 {system}，{note_zh}）。By place, in {system}. {note}."


def areas_of(given: Given, at: str) -> Iterator[tuple[str, Area]]:
    """Each area of a coerced filter with its place in it; FilterInvalid."""
    for name, value in given.items():
        here = f"{at}.{name}"
        match value:
            case dict() if name == NEAR:
                yield here, _circle(value, here)
            case dict():
                yield here, _box(value, here)
            case list():
                yield here, _polygon(value, here)
            case _:
                raise _wrong(here, "不能为 null", "must not be null")


def _circle(given: Given, at: str) -> Circle:
    metres = _number(given, METRES)
    if not 0 < metres <= MAX_METRES:
        problem_zh, problem = (
            f"须大于 0，不超过 {MAX_METRES}",
            f"must be over 0 and at most {MAX_METRES}",
        )
        raise _wrong(f"{at}.{METRES}", problem_zh, problem)
    return Circle(_point(given, at), metres)


def _box(given: Given, at: str) -> Box:
    west, east = (_degrees(given, side, HALF_TURN, at) for side in ("west", "east"))
    south, north = (_degrees(given, side, POLE, at) for side in ("south", "north"))
    box = Box(west, south, east, north)
    if box.west > box.east:
        raise _wrong(
            at,
            "west 大于 east（不支持跨越 180 度经线）",
            "has its west beyond its east; a box does not cross the antimeridian",
        )
    if box.south > box.north:
        raise _wrong(at, "south 大于 north", "has its south beyond its north")
    return box


def _polygon(given: Sequence[object], at: str) -> Polygon:
    if not LEAST_POINTS <= len(given) <= MAX_POINTS:
        raise _wrong(
            at,
            f"需要 {LEAST_POINTS} 至 {MAX_POINTS} 个点",
            f"needs {LEAST_POINTS} to {MAX_POINTS} points",
        )
    points = tuple(
        _point(one if isinstance(one, dict) else {}, f"{at}.{i}") for i, one in enumerate(given)
    )
    if _on_one_line(points):
        raise _wrong(at, "各点在一条直线上，围不出范围", "has all its points on one line")
    return Polygon(points)


def _on_one_line(points: Sequence[Point]) -> bool:
    first = points[0]
    away = [(p.longitude - first.longitude, p.latitude - first.latitude) for p in points]
    across, up = max(away, key=lambda step: abs(step[0]) + abs(step[1]))
    return all(across * y == up * x for x, y in away)


def _point(given: Given, at: str) -> Point:
    return Point(
        _degrees(given, LONGITUDE, HALF_TURN, at),
        _degrees(given, LATITUDE, POLE, at),
    )


def _degrees(given: Given, name: str, most: float, at: str) -> float:
    value = _number(given, name)
    if not -most <= value <= most:
        problem_zh, problem = (
            f"须在 -{most:g} 到 {most:g} 之间",
            f"must lie between -{most:g} and {most:g}",
        )
        raise _wrong(f"{at}.{name}", problem_zh, problem)
    return value


def _number(given: Given, name: str) -> float:
    """graphql-core has let finite numbers through only."""
    value = given.get(name)
    return float(value) if isinstance(value, int | float) else float("nan")


def _wrong(at: str, problem_zh: str, problem: str) -> FilterInvalid:
    return FilterInvalid(at=at, problem_zh=problem_zh, problem=problem)
