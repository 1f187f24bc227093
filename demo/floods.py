"""The generated series of the two scenarios: curves of levels, all in 黄海, over the hours of a cycle.

`ciqikou` repeats without a jump and peaks at 磁器口 at exactly 181.00 m in hour 6 of each cycle, eight
hours after the start instant. `august-2020` passes through the published points (marked); the
points between them are assumed and only shape the rise. Everything drawn here is synthetic.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from demo.hydrograph import Hydrograph, Point
from demo.stations import BEIBEI, CIQIKOU, CUNTAN, HUXI
from demo.timeline import CYCLE_HOURS

CIQIKOU_PEAK_HOUR = 6.0


@dataclass(frozen=True, slots=True)
class Rating:
    """Flow from level: factor x (level - zero) ^ exponent, in m³/s."""

    zero: float
    factor: float
    exponent: float

    def flow(self, level: float) -> float:
        return self.factor * math.pow(max(0.0, level - self.zero), self.exponent)


RATINGS: Mapping[str, Rating] = {
    BEIBEI: Rating(172.0, 32_600 / (200.23 - 172.0) ** 1.6, 1.6),
    CUNTAN: Rating(158.0, 74_500 / (190.06 - 158.0) ** 1.3, 1.3),
}
"""磁器口 and 虎溪 report levels only: backwater spoils any rating at 磁器口."""


def _around(peak_hour: float, *points: Point) -> Hydrograph:
    """A periodic curve from points given in hours before (negative) and after its peak."""
    placed = sorted(((peak_hour + hours) % CYCLE_HOURS, level) for hours, level in points)
    return Hydrograph(tuple(placed), CYCLE_HOURS)


_CIQIKOU_FLOOD: Mapping[str, Hydrograph] = {
    CIQIKOU: _around(
        CIQIKOU_PEAK_HOUR,
        (-44, 173.10),
        (-36, 173.40),
        (-28, 174.30),
        (-20, 176.40),
        (-12, 178.90),
        (-8, 179.85),
        (-4, 180.60),
        (0, 181.00),
        (6, 180.65),
        (18, 178.80),
        (36, 175.60),
        (54, 173.60),
    ),
    BEIBEI: _around(
        CIQIKOU_PEAK_HOUR - 6,
        (-44, 178.20),
        (-34, 178.90),
        (-26, 180.60),
        (-18, 183.40),
        (-10, 186.60),
        (-4, 188.15),
        (0, 188.60),
        (8, 187.70),
        (20, 184.80),
        (38, 180.70),
        (54, 178.70),
    ),
    CUNTAN: _around(
        CIQIKOU_PEAK_HOUR + 10,
        (-46, 169.20),
        (-30, 170.60),
        (-16, 174.10),
        (-6, 176.20),
        (0, 176.70),
        (12, 175.90),
        (34, 172.10),
        (54, 169.60),
    ),
    HUXI: _around(50, (-30, 281.20), (-6, 281.75), (0, 282.10), (12, 281.60), (40, 281.25)),
}

# Hours since 2020-08-17 08:00. Published: 重庆市水利局, bulletins of 2020-08-20 and 2020-08-21;
# 北碚(三) in 黄海, 磁器口 in 吴淞 there and 1.64 m lower here.
_AUGUST_2020: Mapping[str, Hydrograph] = {
    CIQIKOU: Hydrograph(
        (
            (0, 181.20),
            (16, 182.60),
            (32, 186.30),
            (48, 190.10),
            (58, 191.90),
            (66, 192.65),  # published: 2020-08-20 02:00, 194.29 吴淞, the peak
            (72, 192.56),  # published: 2020-08-20 08:00, 194.20 吴淞
            (96, 188.12),  # published: 2020-08-21 08:00, 189.76 吴淞
            (108, 183.90),
        )
    ),
    BEIBEI: Hydrograph(
        (
            (0, 186.40),
            (16, 189.20),
            (32, 194.60),
            (44, 198.90),
            (52 + 35 / 60, 200.23),  # published: 2020-08-19 12:35, 32,600 m³/s, the peak
            (72, 198.89),  # published: 2020-08-20 08:00
            (96, 192.17),  # published: 2020-08-21 08:00
            (108, 188.70),
        )
    ),
    HUXI: Hydrograph(((0, 281.40), (30, 281.90), (48, 282.60), (60, 282.10), (108, 281.30))),
}

FLOODS: Mapping[str, Mapping[str, Hydrograph]] = {
    "ciqikou": _CIQIKOU_FLOOD,
    "august-2020": _AUGUST_2020,
}
CERTAIN_HOURS: Mapping[str, float] = {"ciqikou": 8.0, "august-2020": 0.0}
"""Up to so many hours ahead of a peak its forecast is right."""
