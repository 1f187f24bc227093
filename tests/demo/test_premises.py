from decimal import Decimal

import pytest

from catalog.ids import PlaceCode
from catalog.places import Place, PlaceLevel, Places, padded, read_places
from demo.lifeline import CITY
from demo.premises import BANKS, DISTRICT, OFFSET, Premises, premises
from demo.stations import CIQIKOU, WUSONG
from query.area import Point
from tests.query.located import lies_inside, metres_between

FENCE = Decimal("183.00")
OUTLINE = tuple(
    Point(x, y)
    for x, y in (
        (106.2488, 29.5313), (106.2817, 29.6246), (106.2817, 29.7015), (106.3147, 29.74),
        (106.4136, 29.751), (106.4465, 29.7455), (106.4246, 29.6576), (106.4465, 29.6521),
        (106.4575, 29.6686), (106.4685, 29.6521), (106.4465, 29.6301), (106.4575, 29.6082),
        (106.4575, 29.5862), (106.4905, 29.5532), (106.4795, 29.5477), (106.4795, 29.5367),
        (106.4575, 29.5313), (106.4355, 29.4928), (106.4026, 29.4983), (106.4136, 29.5422),
        (106.2927, 29.5422),
    )
)  # fmt: skip
"""Of Shapingba, from the public package `china-geojson` (MIT), with fewer points in the west."""


@pytest.fixture(scope="module")
def places() -> Places:
    return read_places(CITY / "places.csv")


@pytest.fixture(scope="module")
def found(places: Places) -> tuple[Premises, ...]:
    return premises(places)


def huanghai(one: Premises) -> Decimal:
    return one.elevation - (OFFSET if one.datum == WUSONG else 0)


def test_the_same_premises_come_each_time(places: Places, found: tuple[Premises, ...]) -> None:
    assert premises(places) == found
    assert len({one.id for one in found}) == len(found) == 456


def test_premises_stand_where_shapingba_governs(
    places: Places, found: tuple[Premises, ...]
) -> None:
    assert all(places.governs(DISTRICT, padded(one.place)) for one in found)
    zone = [PlaceCode(code) for code in ("500106016", "500106017", "500106020", "500106108")]
    assert not any(places.governs(moved, padded(one.place)) for one in found for moved in zone)
    townships = {one.place[:9] for one in found}
    assert townships == {bank.township for bank in BANKS}


def test_three_premises_stand_at_the_fence_in_each_datum(found: tuple[Premises, ...]) -> None:
    beside = [huanghai(one) for one in found[:6]]
    assert beside == [Decimal("182.99"), Decimal("183.00"), Decimal("183.01")] * 2
    assert [one.datum for one in found[:6]] == ["黄海"] * 3 + ["吴淞"] * 3


def test_leaving_the_offset_out_changes_who_is_warned(found: tuple[Premises, ...]) -> None:
    warned = {one.id for one in found if huanghai(one) <= FENCE}
    careless = {one.id for one in found if one.elevation <= FENCE}
    assert careless < warned
    assert 50 < len(warned) < len(found) - 50


def test_ground_lies_between_172_and_200_metres(found: tuple[Premises, ...]) -> None:
    assert all(172 <= huanghai(one) <= 200 for one in found)


def test_no_telephone_number_can_be_a_real_one(found: tuple[Premises, ...]) -> None:
    assert all(one.phone.startswith("023-0") and len(one.phone) == 12 for one in found)


def test_premises_lie_in_the_district_each_township_by_itself(found: tuple[Premises, ...]) -> None:
    located = [one for one in found if one.point is not None]
    assert 0 < len(found) - len(located) < len(found) / 10, "a few old surveys have no point"
    for one in located:
        assert one.point is not None
        assert lies_inside(Point(*one.point), OUTLINE)
    banks = {bank.township: Point(bank.longitude, bank.latitude) for bank in BANKS}
    for one in located:
        assert one.point is not None
        here = Point(*one.point)
        nearest = min(banks, key=lambda code: metres_between(banks[code], here))
        assert nearest == one.place[:9]


def test_premises_answer_to_the_control_station(found: tuple[Premises, ...]) -> None:
    assert {one.control_station for one in found} == {CIQIKOU}
    assert sum(one.residents for one in found) > 1000


def test_a_township_that_moved_to_another_centre_is_seen(places: Places) -> None:
    moved = [
        Place(p.code, p.name, p.level, PlaceCode("500172"), DISTRICT)
        if p.code == BANKS[0].township
        else p
        for p in places
    ]
    with pytest.raises(ValueError, match="not governed"):
        premises(Places(moved))
    assert places.get(BANKS[0].township).level is PlaceLevel.TOWNSHIP
