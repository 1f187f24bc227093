"""Levels are compared on their own scale only."""

import pytest

from catalog.indicators.threshold import AlertLevel
from indicators.errors import ScalesDiffer
from indicators.severity import Severity, rank_of


def test_red_is_the_gravest_and_green_is_calm() -> None:
    assert max(AlertLevel, key=rank_of) is AlertLevel.RED
    assert rank_of(AlertLevel.GREEN) == 0


def test_levels_of_one_scale_are_ordered() -> None:
    assert Severity("five", 3) < Severity("five", 4)
    assert Severity("five", 4).level is AlertLevel.RED


def test_the_same_colour_of_two_scales_is_not_compared() -> None:
    with pytest.raises(ScalesDiffer, match="weather"):
        sorted([Severity("five", 4), Severity("weather", 4)])
    assert Severity("five", 4) != Severity("weather", 4)
