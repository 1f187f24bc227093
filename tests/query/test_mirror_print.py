"""The second printer: golden statements, and what is left to the engine."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from catalog.contracts import Contract
from catalog.ids import DatasetCode, Seq
from catalog.mirror import MirroredLatest, MirroredRows
from catalog.predicate import Compare, Op, Predicate
from query.compile import compile_read
from query.mirror_print import mirror_statement, mirror_text
from query.mirror_source import HeldTable, Unmirrored, held_tables
from query.relation import Scope
from query.tree import FirstOf, Leaf, Nested, Order, Quantifier, Read, ReadOne, Related, Tree
from tests.query.test_compile import ALL, TREES, scope
from tests.shared_data import READINGS, START, STATIONS, catalogue, grant, reading, station

GOLDEN = Path(__file__).parent / "golden" / "mirror"
LEVEL = (Leaf("level", "level_m"),)
THE_ENGINES = {
    "order_by_related_rows": "a column of t3",
    "order_by_what_related_rows_come_to": "a column of t2",
    "groups_by_time_place_and_related_rows": "Select with group, having",
    "groups_below_a_row": "Select with group, having",
    "groups_of_months_in_two_steps": "Select with group, having",
    "a_page_behind_a_cursor": "a page that is cut twice",
    "a_page_from_the_end": "a page that is cut twice",
    "a_total_alone": "a select of nothing",
}
"""What has no golden statement here, and why."""


def tables(*contracts: Contract) -> dict[DatasetCode, HeldTable]:
    held = held_tables(contracts or (_mirrored(station()), _mirrored(reading())))
    return {code: replace(table, shape=f"shape of {code}") for code, table in held.items()}


def _mirrored(contract: Contract) -> Contract:
    return replace(contract, mirror=MirroredRows())


def broken(text: str) -> str:
    """In lines."""
    return re.sub(r" (FROM|WHERE|LEFT JOIN|ORDER BY|LIMIT) ", r"\n\1 ", text) + "\n"


def refused(tree: Tree, held: Scope | None = None, *contracts: Contract) -> str:
    """Why the mirror leaves it to the engine."""
    statement = compile_read(tree, held or scope())
    assert mirror_statement(statement, tables(*contracts)) is None
    with pytest.raises(Unmirrored) as why:
        mirror_text(statement, tables(*contracts))
    return str(why.value)


@pytest.mark.parametrize("name", TREES.keys() - THE_ENGINES.keys())
def test_a_tree_has_its_golden_statement_for_the_mirror(name: str) -> None:
    text = broken(mirror_text(compile_read(TREES[name], scope()), tables()).text)
    assert text == (GOLDEN / f"{name}.sql").read_text("utf-8"), text


def test_every_golden_statement_is_of_a_tree() -> None:
    assert {file.stem for file in GOLDEN.iterdir()} == TREES.keys() - THE_ENGINES.keys()


@pytest.mark.parametrize(("name", "why"), THE_ENGINES.items())
def test_what_the_mirror_cannot_say_alike_is_left_to_the_engine(name: str, why: str) -> None:
    assert refused(TREES[name]) == why


def test_what_is_not_mirrored_is_left_to_the_engine() -> None:
    assert refused(TREES["to_one_is_a_left_join"], None, _mirrored(reading())) == (
        "station, which is not mirrored"
    )


def test_masks_are_left_to_the_engine_and_columns_beside_them_are_not() -> None:
    by_name = compile_read(Read(STATIONS, (Leaf("n", "name"),)), scope())
    assert "phone" not in mirror_text(by_name, tables()).text
    assert refused(Read(STATIONS, (Leaf("p", "phone"),))) == "phone, which is Left"


def test_the_past_is_left_to_the_engine() -> None:
    statement = compile_read(Read(READINGS, LEVEL), scope(), Seq(7))
    assert mirror_statement(statement, tables()) is None


def test_a_row_filter_stands_in_the_statement_though_its_column_is_hidden() -> None:
    held = grant(
        READINGS,
        ALL[:2],
        places=["500106"],
        row_filter=Compare("level_m", Op.IS_NULL, False),  # noqa: FBT003
    )
    statement = compile_read(
        Read(READINGS, (Leaf("s", "station_code"),)), Scope(catalogue(), [held], "key")
    )
    assert '(NOT ("r1"."level_m" IS NULL))' in mirror_text(statement, tables()).text


def latest() -> Contract:
    contract = reading()
    columns = tuple(replace(column, required=True) for column in contract.columns)
    return replace(
        contract, columns=columns, mirror=MirroredLatest(("station_code",), "observed_at")
    )


NEWEST = FirstOf(("station_code",), newest="observed_at")
OF_STATIONS = Compare("station_code", Op.IN, ("A", "B"))


def whole_scope(row_filter: Predicate | None = None) -> Scope:
    """Without a condition on a place, which could keep a newest row back."""
    contract = replace(latest(), place_column=None)
    city = replace(catalogue(), contracts={STATIONS: station(), READINGS: contract})
    held = grant(READINGS, ALL, row_filter=row_filter)
    return Scope(city, [held, grant(STATIONS, ["code", "name"])], "key")


def test_the_newest_rows_are_read_as_they_stand_where_those_alone_are_held() -> None:
    tree = Read(READINGS, LEVEL, where=OF_STATIONS, first_of=NEWEST)
    text = mirror_text(compile_read(tree, whole_scope()), tables(latest())).text
    assert "row_number" not in text
    nested = Read(STATIONS, (Nested("latest", "readings", LEVEL, first_of=NEWEST),))
    contracts = (latest(), _mirrored(station()))
    text = mirror_text(compile_read(nested, whole_scope()), tables(*contracts)).text
    assert "row_number" not in text


@pytest.mark.parametrize(
    "tree",
    [
        Read(READINGS, LEVEL),
        Read(READINGS, LEVEL, first_of=FirstOf(("station_code",), newest="level_m")),
        Read(READINGS, LEVEL, first_of=FirstOf(("place_code",), newest="observed_at")),
        Read(READINGS, LEVEL, first_of=FirstOf(("station_code",))),
        Read(READINGS, LEVEL, first_of=FirstOf(("station_code", "place_code"), "observed_at")),
        Read(READINGS, LEVEL, where=Compare("level_m", Op.GT, 1), first_of=NEWEST),
        Read(READINGS, LEVEL, where=Compare("place_code", Op.EQ, "500106"), first_of=NEWEST),
        ReadOne(READINGS, LEVEL, (("station_code", "A"), ("observed_at", START))),
        Read(STATIONS, (Leaf("n", "name"),), where=Related("readings", Quantifier.SOME)),
        Read(STATIONS, (Nested("latest", "readings", LEVEL, order=(Order("observed_at"),)),)),
    ],
)
def test_where_the_newest_rows_alone_are_held_nothing_else_is_asked_of_them(tree: Tree) -> None:
    assert refused(tree, whole_scope(), latest(), _mirrored(station()))


def test_a_grant_that_could_keep_the_newest_row_back_is_left_to_the_engine() -> None:
    tree = Read(READINGS, LEVEL, first_of=NEWEST)
    held = whole_scope(Compare("level_m", Op.LT, 100))
    assert refused(tree, held, latest())
    by_place = grant(READINGS, ALL, places=["500106"])
    assert refused(tree, Scope(catalogue(), [by_place], "key"), latest())
    of_its_key = whole_scope(Compare("station_code", Op.EQ, "A"))
    assert mirror_statement(compile_read(tree, of_its_key), tables(latest()))
