"""When one scope lies within another, checked row by row on a small governing tree."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.ids import PlaceCode
from catalog.places import Places, padded, read_places
from catalog.predicate import And, Compare, Op
from catalog.sharing.grant import GrantedColumn, Part, Visibility
from catalog.sharing.scope import all_places, within
from tests.catalog.conftest import CITY

PLACES: Places = read_places(CITY / "places.csv")
CODES = [
    PlaceCode(code)
    for code in ("500000", "500106", "500172", "500106016", "500106004", "500106004001", "500112")
]
NAMES = ["a", "b"]
FILTERS = [None, Compare("a", Op.EQ, 1), And((Compare("a", Op.EQ, 1), Compare("b", Op.EQ, 2)))]
columns = st.lists(
    st.builds(GrantedColumn, st.sampled_from(NAMES), st.sampled_from(Visibility)),
    min_size=1,
    max_size=2,
    unique_by=lambda column: column.name,
).map(tuple)
parts = st.builds(
    Part,
    columns,
    st.lists(st.sampled_from(CODES), min_size=1, max_size=3).map(tuple),
    st.sampled_from(FILTERS),
)


def shown(part: Part, place: PlaceCode, row: dict[str, int]) -> set[GrantedColumn]:
    """What a part shows of one row, by hand; clear includes masked and aggregates."""
    if not any(PLACES.governs(code, padded(place)) for code in part.places or ()):
        return set()
    terms = part.row_filter.terms if isinstance(part.row_filter, And) else (part.row_filter,)
    for term in terms:
        if isinstance(term, Compare) and row[term.column] != term.operand:
            return set()
    found = set(part.columns)
    return found | {
        GrantedColumn(c.name, less)
        for c in found
        for less in (Visibility.MASKED, Visibility.AGGREGATE)
        if c.visibility is Visibility.CLEAR
    }


@settings(max_examples=50, deadline=None)
@given(part=parts, asked=st.lists(parts, max_size=2))
def test_a_scope_within_shows_no_cell_that_was_not_asked_for(part: Part, asked: list[Part]) -> None:
    if not within(part, asked, PLACES):
        return
    for place, a, b in product(CODES, (1, 0), (2, 0)):
        row = {"a": a, "b": b}
        allowed = set().union(*(shown(one, place, row) for one in asked))
        assert shown(part, place, row) <= allowed


@settings(max_examples=30, deadline=None)
@given(part=parts)
def test_a_scope_lies_within_itself(part: Part) -> None:
    assert within(part, [part], PLACES)


def test_places_are_compared_as_they_are_governed_not_as_they_are_spelt() -> None:
    def at(code: str) -> Part:
        return Part((GrantedColumn("a"),), (PlaceCode(code),))

    assert within(at("500106004"), [at("500106")], PLACES)
    assert not within(at("500106016"), [at("500106")], PLACES)  # 虎溪街道 belongs to 高新区
    assert within(at("500106016"), [at("500172")], PLACES)
    assert not within(at("500106"), [at("500106004")], PLACES)
    whole = Part((GrantedColumn("a"),), None)
    assert within(at("500106"), [whole], PLACES)
    assert not within(whole, [at("500000")], PLACES)


def test_everywhere_is_the_city() -> None:
    assert all_places(PLACES) == (PlaceCode("500000"),)


def test_a_mask_and_an_aggregate_do_not_hold_each_other() -> None:
    def seen(visibility: Visibility) -> Part:
        return Part((GrantedColumn("a", visibility),), (CODES[1],))

    clear, masked, aggregate = map(seen, Visibility)
    assert within(masked, [clear], PLACES)
    assert within(aggregate, [clear], PLACES)
    for one, other in ((masked, aggregate), (aggregate, masked)):
        assert not within(one, [other], PLACES)
        assert not within(clear, [other], PLACES)
