from decimal import Decimal

import pytest

from catalog.ids import PlaceCode
from catalog.places import Place, PlaceLevel, Places, padded, read_places
from demo.lifeline import CITY
from demo.premises import BANKS, DISTRICT, OFFSET, Premises, premises
from demo.stations import CIQIKOU, WUSONG

FENCE = Decimal("183.00")


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
