"""The governing tree of the real city, and what always holds of ranges."""

from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import DeclarationError, UnknownPlace
from catalog.ids import PlaceCode
from catalog.places import (
    PADDED,
    Place,
    PlaceLevel,
    Places,
    merged,
    padded,
    read_places,
    unpadded,
)
from tests.catalog.conftest import CITY

PLACES = read_places(CITY / "places.csv")
LEAVES = tuple(place for place in PLACES if place.level is PlaceLevel.VILLAGE)
DISTRICTS = tuple(place for place in PLACES if place.level is PlaceLevel.DISTRICT)
HUXI, CIQIKOU = PlaceCode("500106016"), PlaceCode("500106004")
SHAPINGBA, HIGHTECH, YUBEI = PlaceCode("500106"), PlaceCode("500172"), PlaceCode("500112")


@cache
def ranges(code: PlaceCode) -> tuple[tuple[int, int], ...]:
    return PLACES.ranges([code])


def test_the_city_has_its_districts_townships_and_villages() -> None:
    counts = {level: sum(place.level is level for place in PLACES) for level in PlaceLevel}
    assert counts == {
        PlaceLevel.CITY: 1,
        PlaceLevel.DISTRICT: 41,
        PlaceLevel.TOWNSHIP: 1031,
        PlaceLevel.VILLAGE: 11270,
        PlaceLevel.GRID: 0,
    }


def test_a_district_is_as_few_ranges_as_it_can_be() -> None:
    assert len(ranges(SHAPINGBA)) == 4
    assert len(ranges(YUBEI)) == 5
    assert len(ranges(PlaceCode("500000"))) == 1


def test_a_township_belongs_to_the_centre_that_governs_it() -> None:
    assert PLACES.governs(HIGHTECH, padded(HUXI))
    assert not PLACES.governs(SHAPINGBA, padded(HUXI))
    assert PLACES.governs(SHAPINGBA, padded(CIQIKOU))
    assert not PLACES.governs(HIGHTECH, padded(CIQIKOU))
    assert PLACES.get(HUXI).statistical_parent == SHAPINGBA
    assert [place.code for place in PLACES.ancestors(HUXI)] == [HIGHTECH, "500000"]
    assert HUXI in {place.code for place in PLACES.children(HIGHTECH)}


def test_exactly_the_districts_of_its_ancestors_govern_each_village() -> None:
    for place in LEAVES[::97]:
        above = {p.code for p in PLACES.ancestors(place.code)}
        governing = {d.code for d in DISTRICTS if PLACES.governs(d.code, padded(place.code))}
        assert governing == {d.code for d in DISTRICTS if d.code in above}
        assert len(governing) == 1


def test_the_districts_part_the_city_without_overlap() -> None:
    every = sorted(r for district in DISTRICTS for r in ranges(district.code))
    assert all(one[1] < other[0] for one, other in pairwise(every))
    assert sum(place.statistical_parent is not None for place in PLACES) == 28


@settings(max_examples=50, deadline=None)
@given(place=st.sampled_from(LEAVES), grid=st.integers(0, 999))
def test_a_grid_lies_in_its_village_and_in_everything_above(place: Place, grid: int) -> None:
    value = padded(place.code) + grid
    for above in (place, *PLACES.ancestors(place.code)):
        assert PLACES.governs(above.code, value)


@settings(max_examples=50, deadline=None)
@given(places=st.lists(st.sampled_from((*DISTRICTS, *LEAVES[:200])), max_size=5))
def test_ranges_of_several_places_hold_what_each_of_them_holds(places: list[Place]) -> None:
    codes = [place.code for place in places]
    together = PLACES.ranges(codes)

    assert list(together) == sorted(together)
    assert all(a[1] + 1 < b[0] for a, b in pairwise(together))
    for leaf in LEAVES[::211]:
        value = padded(leaf.code)
        inside = any(low <= value <= high for low, high in together)
        assert inside == any(PLACES.governs(code, value) for code in codes)


@given(
    code=st.from_regex(
        r"50[0-9]{3}[1-9](([0-9]{2}[1-9])([0-9]{2}[1-9]([0-9]{2}[1-9])?)?)?", fullmatch=True
    )
)
def test_a_padded_code_reads_back(code: str) -> None:
    assert unpadded(padded(PlaceCode(code))) == code
    assert len(str(padded(PlaceCode(code)))) == PADDED


@given(values=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 8)), max_size=6))
def test_merging_keeps_every_number_and_adds_none(values: list[tuple[int, int]]) -> None:
    spans = [(low, low + size) for low, size in values]
    inside = {n for low, high in spans for n in range(low, high + 1)}
    joined = merged(spans)
    assert {n for low, high in joined for n in range(low, high + 1)} == inside
    assert sum(high - low + 1 for low, high in joined) == len(inside)


def test_an_unknown_place_is_said_to_be_unknown() -> None:
    with pytest.raises(UnknownPlace, match="999999"):
        PLACES.get(PlaceCode("999999"))
    assert "500106" in PLACES
    assert PlaceCode("999999") not in PLACES


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a,b\n", 1),
        ("", 1),
        ("code,name,level,parent_code,statistical_parent_code\n500000,市,city,,\n1,乙\n", 3),
        ("code,name,level,parent_code,statistical_parent_code\n500101,区,planet,,\n", 2),
        ("code,name,level,parent_code,statistical_parent_code\n500101,区,district,500000,\n", 1),
    ],
)
def test_a_wrong_places_file_names_file_and_line(tmp_path: Path, text: str, line: int) -> None:
    file = tmp_path / "places.csv"
    file.write_text(text, "utf-8")
    with pytest.raises(DeclarationError, match=rf"places\.csv, line {line}"):
        read_places(file)


def test_an_empty_tree_has_no_places() -> None:
    assert len(Places(())) == 0


def test_moved_townships_name_the_governor_that_their_digits_do_not() -> None:
    to_districts = dict(PLACES.moved_to(PlaceLevel.DISTRICT))
    assert len(to_districts) == 28
    assert to_districts[500106016000000, 500106016999999] == padded(HIGHTECH)
    assert PLACES.moved_to(PlaceLevel.TOWNSHIP) == ()
