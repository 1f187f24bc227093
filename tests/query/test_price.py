"""The price of a tree: from sizes that are public and from what was written, never from the data."""

import pytest

from catalog.ids import DatasetCode
from catalog.predicate import Compare, Op
from query.errors import UnknownField
from query.price import Price, price_of
from query.relation import Scope
from query.tree import (
    AnyOf,
    Leaf,
    Negated,
    Nested,
    Order,
    OrderByTotal,
    OrderThrough,
    Quantifier,
    Read,
    ReadOne,
    Related,
    Total,
)
from tests.schema.hub import whole
from tests.shared_data import catalogue, grant

STATION, READING = DatasetCode("station"), DatasetCode("reading")
SIZES = {STATION: 40, READING: 100_000}
SCOPE = Scope(catalogue(), whole(), "k")
NEWEST = Nested("r", "readings", (Leaf("l", "level_m"),), limit=2)
CODE = Leaf("c", "code")


def test_a_list_may_look_at_every_row_and_brings_as_many_as_its_limit() -> None:
    assert price_of(Read(STATION, (CODE,), limit=10), SCOPE, SIZES) == Price(40, 10)


def test_a_row_by_its_key_counts_as_one() -> None:
    assert price_of(ReadOne(STATION, (CODE,), (("code", "A"),)), SCOPE, SIZES) == Price(1, 1)


def test_each_relation_counts_its_data_set_whole_and_multiplies_what_it_brings() -> None:
    tree = Read(STATION, (CODE, NEWEST, NEWEST), limit=10)
    assert price_of(tree, SCOPE, SIZES) == Price(40 + 2 * 100_000, 10 * (1 + 2 + 2))


def test_to_one_relations_within_lists_count_too() -> None:
    back = Nested("s", "station", (CODE,))
    tree = Read(STATION, (Nested("r", "readings", (back,), limit=3),), limit=5)
    assert price_of(tree, SCOPE, SIZES) == Price(40 + 100_000 + 40, 5 * (1 + 3))


def test_filters_orders_and_offsets_change_no_price() -> None:
    plain = Read(STATION, (CODE,), limit=5)
    filtered = Read(
        STATION, (CODE,), Compare("code", Op.EQ, "A"), (Order("name"),), limit=5, offset=100
    )
    assert price_of(plain, SCOPE, SIZES) == price_of(filtered, SCOPE, SIZES)


def test_related_rows_count_wherever_a_filter_or_an_order_looks_at_them() -> None:
    back = Related("station", Quantifier.SOME, Compare("name", Op.EQ, "x"))
    asked = AnyOf(
        (Negated(Related("readings", Quantifier.NONE, back)), Compare("code", Op.EQ, "A"))
    )
    filtered = Read(STATION, (CODE,), asked, limit=5)
    assert price_of(filtered, SCOPE, SIZES) == Price(40 + 100_000 + 40, 5)
    through = OrderThrough("station", OrderByTotal("readings", Total.COUNT))
    read = Read(READING, (Leaf("l", "level_m"),), order=(through,), limit=5)
    assert price_of(read, SCOPE, SIZES) == Price(100_000 + 40 + 100_000, 5)
    within = Nested("r", "readings", (Leaf("l", "level_m"),), back, limit=1)
    assert price_of(Read(STATION, (within,), limit=5), SCOPE, SIZES) == Price(100_080, 10)


def test_what_a_grant_hides_changes_no_price() -> None:
    narrow = Scope(catalogue(), (grant(STATION, ("code",), places=["500106"]),), "k")
    tree = Read(STATION, (CODE,), limit=10)
    assert price_of(tree, narrow, SIZES) == price_of(tree, SCOPE, SIZES)


def test_a_data_set_that_was_never_published_costs_what_its_limit_brings() -> None:
    assert price_of(Read(STATION, (CODE,), limit=10), SCOPE, {}) == Price(0, 10)


def test_a_relation_that_was_not_granted_has_no_price() -> None:
    narrow = Scope(catalogue(), (grant(STATION, ("code", "name")),), "k")
    with pytest.raises(UnknownField):
        price_of(Read(STATION, (NEWEST,)), narrow, SIZES)
