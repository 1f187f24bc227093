"""A water level over time, drawn through points so that it never overshoots them.

Rules: the curve passes exactly through each point; between two points it stays between their levels
(monotone piecewise cubic, Fritsch and Carlson), so the highest point is the peak. A periodic curve
repeats without a jump; any other one stays at its first and last level outside its points.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

Point = tuple[float, float]
"""Hours since the begin of a cycle, and the level in metres."""


@dataclass(frozen=True)
class Hydrograph:
    """`points` in order of time, at least two; `period` in hours where the curve repeats."""

    points: tuple[Point, ...]
    period: float | None = None

    @property
    def peak(self) -> Point:
        """The first point of the highest level."""
        return max(self.points, key=lambda point: (point[1], -point[0]))

    def at(self, hours: float) -> float:
        """The level; at a point exactly that point's."""
        if self.period is not None:
            hours %= self.period
        times = [time for time, _ in self._knots]
        if hours <= times[0]:
            return self._knots[0][1]
        if hours >= times[-1]:
            return self._knots[-1][1]
        index = bisect_right(times, hours) - 1
        ends = (self._knots[index], self._knots[index + 1])
        return _cubic(ends, (self._slopes[index], self._slopes[index + 1]), hours)

    @cached_property
    def _knots(self) -> tuple[Point, ...]:
        """The points; of a periodic curve with a whole period before and after them."""
        if self.period is None:
            return self.points
        return tuple(
            (time + turn * self.period, level) for turn in (-1, 0, 1) for time, level in self.points
        )

    @cached_property
    def _slopes(self) -> tuple[float, ...]:
        return _slopes(self._knots)


def _slopes(knots: Sequence[Point]) -> tuple[float, ...]:
    """The slope at each knot: nought at a turn, else the weighted harmonic mean of both sides."""
    pairs = pairwise(knots)
    spans = [(right[0] - left[0], right[1] - left[1]) for left, right in pairs]
    secants = [rise / run for run, rise in spans]
    inner = []
    for (run, _), (next_run, _), before, after in zip(
        spans, spans[1:], secants, secants[1:], strict=False
    ):
        if before * after <= 0:
            inner.append(0.0)
            continue
        first, second = 2 * next_run + run, next_run + 2 * run
        inner.append((first + second) / (first / before + second / after))
    return (secants[0], *inner, secants[-1])


def _cubic(ends: tuple[Point, Point], slopes: tuple[float, float], hours: float) -> float:
    """The Hermite cubic between two knots."""
    (left, low), (right, high) = ends
    run = right - left
    t = (hours - left) / run
    rest = 1 - t
    return (
        low * (1 + 2 * t) * rest * rest
        + high * t * t * (3 - 2 * t)
        + run * slopes[0] * t * rest * rest
        - run * slopes[1] * t * t * rest
    )
