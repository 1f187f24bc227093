"""Whether a row lies in an area, as an SQL node: arithmetic, for the engine has no spatial extension.

Rules: unknown where a coordinate is null, so that `not` keeps no such row either; the box around the area
comes first, so that the costly part sees rows nearby only, and never NaN or infinity. A polygon counts
the sides east of the row: on its western and southern sides a row is inside, on the others outside, so
that a row on the border of two polygons lies in one of them. Every number of the area is bound.
"""

from math import cos, radians, sin

from sqlglot import exp

from catalog.contracts import Kind
from query.area import EARTH_METRES, Area, Box, Circle, Point, Polygon
from query.block import Block
from query.filter import Parameters

DOUBLE = exp.DataType.build("DOUBLE", dialect="duckdb")
HALF = exp.Literal.number("0.5")
SQUARE = exp.Literal.number(2)


def located(block: Block, area: Area) -> exp.Expr:
    """UnknownField where the block's rows have no visible location."""
    row = _Row(block, *(_degrees(block, name) for name in block.location()))
    within = row.within_box(area.box)
    match area:
        case Circle():
            inside = row.within_circle(area)
        case Polygon():
            inside = row.within_polygon(area)
        case Box():
            inside = exp.true()
    nowhere = exp.or_(*(exp.Is(this=node.copy(), expression=exp.null()) for node in row.point))
    return exp.Case(
        ifs=[exp.If(this=nowhere, true=exp.null()), exp.If(this=within, true=inside)],
        default=exp.false(),
    )


def _degrees(block: Block, name: str) -> exp.Expr:
    node = block.column(name)
    doubled = block.column_type(name).kind is Kind.DOUBLE
    return node if doubled else exp.Cast(this=node, to=DOUBLE.copy())


class _Row:
    def __init__(self, block: Block, longitude: exp.Expr, latitude: exp.Expr) -> None:
        self._parameters: Parameters = block.draft.parameters
        self.point = (longitude, latitude)

    def within_box(self, box: Box) -> exp.Expr:
        longitude, latitude = self._here()
        return exp.and_(
            exp.Between(this=longitude, low=self._bind(box.west), high=self._bind(box.east)),
            exp.Between(this=latitude, low=self._bind(box.south), high=self._bind(box.north)),
        )

    def within_circle(self, circle: Circle) -> exp.Expr:
        """The haversine of the angle between the points, against that of the circle's."""
        centre = circle.centre
        longitude, latitude = self._here()
        across = exp.Mul(
            this=exp.Mul(
                this=self._bind(cos(radians(centre.latitude))),
                expression=exp.Cos(this=exp.Radians(this=latitude.copy())),
            ),
            expression=_haversine(longitude, self._bind(centre.longitude)),
        )
        along = _haversine(latitude, self._bind(centre.latitude))
        limit = sin(circle.metres / EARTH_METRES / 2) ** 2
        return exp.LTE(this=exp.Add(this=along, expression=across), expression=self._bind(limit))

    def within_polygon(self, polygon: Polygon) -> exp.Expr:
        return _odd([self._east_of_here(*side) for side in polygon.sides])

    def _east_of_here(self, low: Point, high: Point) -> exp.Expr:
        """Whether a ray from the row to the east crosses the side."""
        longitude, latitude = self._here()
        south = self._bind(low.latitude)
        rise, run = high.latitude - low.latitude, high.longitude - low.longitude
        return exp.Paren(
            this=exp.and_(
                exp.GTE(this=latitude, expression=south),
                exp.LT(this=latitude.copy(), expression=self._bind(high.latitude)),
                exp.LT(
                    this=_times(_minus(longitude, self._bind(low.longitude)), self._bind(rise)),
                    expression=_times(_minus(latitude, south), self._bind(run)),
                ),
                copy=False,
            )
        )

    def _here(self) -> tuple[exp.Expr, exp.Expr]:
        longitude, latitude = self.point
        return longitude.copy(), latitude.copy()

    def _bind(self, number: float) -> exp.Parameter:
        return self._parameters.bind(number)


def _haversine(of: exp.Expr, to: exp.Expr) -> exp.Expr:
    half = exp.Mul(this=HALF.copy(), expression=exp.Radians(this=_minus(of, to)))
    return exp.Pow(this=exp.Sin(this=half), expression=SQUARE.copy())


def _odd(truths: list[exp.Expr]) -> exp.Expr:
    """Whether an odd number of them holds; halved again and again, so that it nests by a few levels."""
    if len(truths) <= 1:
        return truths[0] if truths else exp.false()
    middle = len(truths) // 2
    odd = exp.NEQ(this=_odd(truths[:middle]), expression=_odd(truths[middle:]))
    return exp.Paren(this=odd)  # `exp.paren` would copy all of it at every level


def _times(one: exp.Expr, other: exp.Expr) -> exp.Expr:
    return exp.Mul(this=exp.Paren(this=one), expression=other)


def _minus(one: exp.Expr, other: exp.Expr) -> exp.Expr:
    return exp.Sub(this=one.copy(), expression=other.copy())
