from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.hydrograph import Hydrograph

points = st.lists(
    st.tuples(st.integers(0, 400), st.integers(1700, 1990)),
    min_size=2,
    max_size=12,
    unique_by=lambda point: point[0],
).map(lambda found: tuple((t / 4, level / 10) for t, level in sorted(found)))


@settings(max_examples=50, deadline=None)
@given(points)
def test_the_curve_passes_exactly_through_its_points(
    found: tuple[tuple[float, float], ...],
) -> None:
    curve = Hydrograph(found)
    assert [curve.at(time) for time, _ in found] == [level for _, level in found]


@settings(max_examples=50, deadline=None)
@given(points, st.floats(0, 1))
def test_between_two_points_the_curve_stays_between_their_levels(
    found: tuple[tuple[float, float], ...], share: float
) -> None:
    curve = Hydrograph(found)
    for (left, low), (right, high) in pairwise(found):
        level = curve.at(left + (right - left) * share)
        assert min(low, high) - 1e-9 <= level <= max(low, high) + 1e-9


def test_outside_its_points_a_curve_keeps_its_end_levels() -> None:
    curve = Hydrograph(((0, 180.0), (10, 185.0)))
    assert (curve.at(-5), curve.at(50)) == (180.0, 185.0)


def test_a_periodic_curve_starts_again_after_its_period() -> None:
    curve = Hydrograph(((0, 180.0), (4, 183.0)), period=10)
    assert curve.at(14) == curve.at(4) == 183.0
    assert curve.at(9.999) == pytest.approx(180.0, abs=1e-3)
    assert curve.peak == (4, 183.0)
