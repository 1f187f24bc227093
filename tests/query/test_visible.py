"""Which columns rows show, and which aggregates may measure, filter and group by."""

from dataclasses import replace

import pytest

from catalog.contracts import Classification, Dimension, RuleDeclaration, Severity
from catalog.ids import RuleId
from catalog.sharing.grant import GrantedColumn, Part, Visibility
from query.relation import Scope
from query.visible import BOUNDING_RULE, LEAST_GROUP
from tests.shared_data import READINGS, STATIONS, catalogue, grant, reading, station

ALL = ["station_code", "observed_at", "level_m", "place_code"]
HERE = ["500106"]
CLEAR, MASKED, AGGREGATE = Visibility.CLEAR, Visibility.MASKED, Visibility.AGGREGATE


def scope_of(*parts: tuple[GrantedColumn, ...], minimum_group: int = 1) -> Scope:
    held = tuple(Part(columns, ()) for columns in parts)
    whole = grant(READINGS, ALL, minimum_group=minimum_group)
    return Scope(catalogue(), [replace(whole, parts=held)], "key")


def test_a_column_for_aggregates_only_is_in_no_row() -> None:
    scope = Scope(
        catalogue(), [grant(READINGS, ALL, places=HERE, aggregate=["level_m"])], mask_key="key"
    )
    assert list(scope.columns(READINGS)) == ["station_code", "observed_at", "place_code"]
    assert scope.measured(READINGS)["level_m"] is AGGREGATE
    assert "level_m" not in scope.relation(READINGS).tree.named_selects
    assert "level_m" not in scope.order(READINGS)


def test_a_column_that_one_part_grants_for_aggregates_only_is_that_in_all() -> None:
    for other in (CLEAR, MASKED):
        scope = scope_of((GrantedColumn("level_m", other),), (GrantedColumn("level_m", AGGREGATE),))
        assert scope.columns(READINGS) == {}
        assert scope.measured(READINGS) == {"level_m": AGGREGATE}


def test_only_numbers_can_be_for_aggregates_only() -> None:
    """What would a sum of names be?"""
    scope = Scope(catalogue(), [grant(STATIONS, ["code", "name"], aggregate=["name"])], "key")
    assert list(scope.measured(STATIONS)) == ["code"]


def test_a_core_column_is_measured_by_nobody() -> None:
    contract = station()
    core = replace(contract.column("phone"), classification=Classification.CORE)
    city = replace(
        catalogue(), contracts={STATIONS: replace(contract, columns=(*contract.columns[:2], core))}
    )
    scope = Scope(city, [grant(STATIONS, ["code", "phone"])], "key")
    assert list(scope.measured(STATIONS)) == ["code"]


def test_without_a_least_group_all_that_is_visible_groups() -> None:
    scope = Scope(catalogue(), [grant(READINGS, ALL, places=HERE, masked=["level_m"])], "key")
    assert scope.least_group(READINGS) == 1
    assert scope.grouped(READINGS) == tuple(ALL)
    assert scope.counted(READINGS).tree == scope.relation(READINGS).tree


def test_with_a_least_group_neither_keys_nor_numbers_nor_masks_nor_free_texts_make_cells() -> None:
    def cells(*masked: str) -> tuple[str, ...]:
        held = grant(READINGS, ALL, places=HERE, masked=masked, minimum_group=3)
        return Scope(catalogue(), [held], "key").grouped(READINGS)

    assert cells() == ("observed_at", "place_code"), "a time is a month, so it may be of the key"
    assert cells("place_code") == ("observed_at",)
    names = grant(STATIONS, ["code", "name", "phone"], masked=["phone"], minimum_group=3)
    assert Scope(catalogue(), [names], "key").grouped(STATIONS) == ()


def test_declared_values_and_names_of_other_rows_make_cells() -> None:
    """The contract bounds them, so that no row makes a cell of its own by what it holds."""
    contract = replace(reading(), key=("observed_at",))
    named = RuleDeclaration(
        id=RuleId("set"),
        expectation=BOUNDING_RULE,
        column="level_m",
        arguments={},
        dimension=Dimension.CONFORMITY,
        severity=Severity.WARNING,
    )
    city = replace(
        catalogue(),
        contracts={STATIONS: station(), READINGS: replace(contract, rules=(named,))},
    )
    held = grant(READINGS, ALL, places=HERE, minimum_group=3)
    assert Scope(city, [held], "key").grouped(READINGS) == tuple(ALL)


def test_a_grant_with_columns_for_aggregates_only_always_has_a_least_group() -> None:
    for named, least in ((1, LEAST_GROUP), (2, 2), (9, 9)):
        held = grant(READINGS, ALL, places=HERE, aggregate=["level_m"], minimum_group=named)
        assert Scope(catalogue(), [held], "key").least_group(READINGS) == least


def test_what_aggregates_may_do_is_part_of_the_schemas_key() -> None:
    keys = {
        Scope(catalogue(), [held], "key").key
        for held in (
            grant(READINGS, ALL, places=HERE),
            grant(READINGS, ALL, places=HERE, minimum_group=3),
            grant(READINGS, ALL, places=HERE, aggregate=["level_m"], minimum_group=3),
            grant(READINGS, ALL[:2] + ALL[3:], places=HERE, minimum_group=3),
        )
    }
    assert len(keys) == 4
    four, nine = (grant(READINGS, ALL, places=HERE, minimum_group=least) for least in (4, 9))
    assert Scope(catalogue(), [four], "key").key == Scope(catalogue(), [nine], "key").key


def test_a_grant_for_aggregates_alone_is_a_data_set_of_the_scope() -> None:
    scope = scope_of((GrantedColumn("level_m", AGGREGATE),))
    assert scope.data_sets == (READINGS,)
    assert scope.columns(READINGS) == {}


@pytest.mark.parametrize(
    ("columns", "masked", "tells"),
    [
        (("code", "name", "phone"), (), False),
        (("code", "name", "phone"), ("phone",), False),
        (("code", "name"), (), True),
    ],
)
def test_the_order_of_the_engine_tells_something_where_a_column_is_hidden(
    columns: tuple[str, ...], masked: tuple[str, ...], *, tells: bool
) -> None:
    held = grant(STATIONS, columns, masked=masked)
    scope = Scope(catalogue(), [held], "key")
    assert scope.order_tells(STATIONS) is tells
