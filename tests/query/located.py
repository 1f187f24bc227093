"""Stations with coordinates, and where points lie, worked out in other ways than the product's."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import atan2, cos, hypot, radians, sin, sqrt

from catalog.catalogue import Catalogue
from catalog.contracts import Column, ColumnType, Contract, Coordinates, Kind, ReferenceSystem
from query.area import EARTH_METRES, Circle, Point
from tests.shared_data import PLACES, STATIONS, station

DEGREES = ("longitude", "latitude")
DOUBLE = ColumnType(Kind.DOUBLE)


def located_station(
    kind: ColumnType = DOUBLE,
    system: ReferenceSystem = ReferenceSystem.CGCS2000,
) -> Contract:
    columns = tuple(Column(name, kind, name, name) for name in DEGREES)
    return replace(
        station(),
        columns=station().columns + columns,
        coordinates=Coordinates(*DEGREES, system),
    )


def catalogue_with(contract: Contract) -> Catalogue:
    return Catalogue(contracts={STATIONS: contract}, organisations={}, places=PLACES)


def metres_between(one: Point, other: Point) -> float:
    """By the angle between two vectors."""
    (ax, ay, az), (bx, by, bz) = _vector(one), _vector(other)
    cross = (ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx)
    return EARTH_METRES * atan2(sqrt(sum(c * c for c in cross)), ax * bx + ay * by + az * bz)


def lies_inside(point: Point, points: Sequence[Point]) -> bool:
    """By the sides north of it, in exact numbers."""
    x, y = Fraction(point.longitude), Fraction(point.latitude)
    inside = False
    for a, b in zip(points, (*points[1:], points[0]), strict=True):
        ax, ay, bx, by = (Fraction(v) for v in (a.longitude, a.latitude, b.longitude, b.latitude))
        if (ax > x) != (bx > x) and ay + (x - ax) * (by - ay) / (bx - ax) > y:
            inside = not inside
    return inside


def beside(point: Point, points: Sequence[Point], degrees: float = 1e-9) -> bool:
    """Whether it lies on a side, or so near that rounding decides."""
    return any(
        _away(point, a, b) < degrees for a, b in zip(points, (*points[1:], points[0]), strict=True)
    )


def on_the_rim(point: Point, circle: Circle, metres: float = 1e-3) -> bool:
    return abs(metres_between(point, circle.centre) - circle.metres) < metres


def _away(point: Point, a: Point, b: Point) -> float:
    run, rise = b.longitude - a.longitude, b.latitude - a.latitude
    x, y = point.longitude - a.longitude, point.latitude - a.latitude
    square = run * run + rise * rise
    share = 0.0 if square == 0 else min(1.0, max(0.0, (x * run + y * rise) / square))
    return hypot(x - share * run, y - share * rise)


def _vector(point: Point) -> tuple[float, float, float]:
    longitude, latitude = radians(point.longitude), radians(point.latitude)
    return cos(latitude) * cos(longitude), cos(latitude) * sin(longitude), sin(latitude)
