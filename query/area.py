"""Areas on the ground, in degrees of longitude and latitude, and the box that holds each.

Rules: distances are great circles on a sphere of the earth's mean radius, 0.5 % off at most; the sides of
a polygon are straight in degrees, as GeoJSON has them. An area that is asked for has been checked by who
asks (`schema/data/location.py`).
"""

from dataclasses import dataclass
from math import asin, cos, degrees, radians, sin

EARTH_METRES = 6_371_008.8
POLE, HALF_TURN = 90.0, 180.0
SLACK = 1e-9
"""Degrees, a tenth of a millimetre: a box is no tighter than what it holds, whatever is rounded."""


@dataclass(frozen=True, slots=True)
class Point:
    longitude: float
    latitude: float


@dataclass(frozen=True, slots=True)
class Box:
    """With its sides. It never crosses the antimeridian."""

    west: float
    south: float
    east: float
    north: float

    @property
    def box(self) -> "Box":
        return self


@dataclass(frozen=True, slots=True)
class Circle:
    centre: Point
    metres: float

    @property
    def box(self) -> Box:
        angle = self.metres / EARTH_METRES
        reach = degrees(angle) + SLACK
        south, north = self.centre.latitude - reach, self.centre.latitude + reach
        aside = HALF_TURN
        if south > -POLE and north < POLE:
            aside = degrees(asin(min(1.0, sin(angle) / cos(radians(self.centre.latitude))))) + SLACK
        west, east = self.centre.longitude - aside, self.centre.longitude + aside
        if west < -HALF_TURN or east > HALF_TURN:  # a pole or the antimeridian lies in it
            west, east = -HALF_TURN, HALF_TURN
        return Box(west, max(south, -POLE), east, min(north, POLE))


@dataclass(frozen=True, slots=True)
class Polygon:
    """The last point is joined to the first. What lies within an odd number of turns is inside."""

    points: tuple[Point, ...]

    @property
    def box(self) -> Box:
        longitudes = [point.longitude for point in self.points]
        latitudes = [point.latitude for point in self.points]
        return Box(min(longitudes), min(latitudes), max(longitudes), max(latitudes))

    @property
    def sides(self) -> tuple[tuple[Point, Point], ...]:
        """The lower end first, so that two polygons share a side to the last bit. Level ones part
        nothing that the others do not.
        """
        following = (*self.points[1:], self.points[0])
        return tuple(
            (a, b) if a.latitude < b.latitude else (b, a)
            for a, b in zip(self.points, following, strict=True)
            if a.latitude != b.latitude
        )


Area = Circle | Box | Polygon
"""What rows may be asked for by where they lie."""
