import pytest

from demo.floods import FLOODS, RATINGS
from demo.hydrograph import Hydrograph
from demo.stations import BEIBEI, CIQIKOU
from demo.timeline import CYCLE_HOURS

CURVES = [curve for flood in FLOODS.values() for curve in flood.values()]


def test_a_periodic_curve_repeats_without_a_jump() -> None:
    for curve in FLOODS["ciqikou"].values():
        assert curve.period == CYCLE_HOURS
        assert curve.at(CYCLE_HOURS - 1e-6) == pytest.approx(curve.at(0), abs=1e-4)
        assert curve.at(17.3 + CYCLE_HOURS) == pytest.approx(curve.at(17.3))


@pytest.mark.parametrize(
    ("station", "hours", "level"),
    [
        (CIQIKOU, 66.0, 194.29 - 1.64),  # 2020-08-20 02:00
        (CIQIKOU, 72.0, 194.20 - 1.64),  # 2020-08-20 08:00
        (CIQIKOU, 96.0, 189.76 - 1.64),  # 2020-08-21 08:00
        (BEIBEI, 52 + 35 / 60, 200.23),  # 2020-08-19 12:35
        (BEIBEI, 72.0, 198.89),
        (BEIBEI, 96.0, 192.17),
    ],
)
def test_august_2020_passes_through_the_published_points(
    station: str, hours: float, level: float
) -> None:
    assert FLOODS["august-2020"][station].at(hours) == pytest.approx(level, abs=1e-9)


def test_the_published_peaks_are_the_highest_of_their_curves() -> None:
    flood = FLOODS["august-2020"]
    assert flood[CIQIKOU].peak == (66, 192.65)
    assert flood[BEIBEI].peak == (52 + 35 / 60, 200.23)
    assert RATINGS[BEIBEI].flow(200.23) == pytest.approx(32_600)


def test_the_flood_of_ciqikou_peaks_at_181_metres() -> None:
    assert FLOODS["ciqikou"][CIQIKOU].peak == (6, 181.00)


@pytest.mark.parametrize("curve", CURVES, ids=range(len(CURVES)))
def test_each_curve_has_its_points_in_order_within_one_cycle(curve: Hydrograph) -> None:
    times = [time for time, _ in curve.points]
    assert times == sorted(set(times))
    assert times[0] >= 0
    assert times[-1] <= CYCLE_HOURS
