"""Differencing: no answers over small groups, taken together, tell of fewer rows than a group must have.

Two worlds hold the same cells. Where a cell is large enough, the second has its values exchanged between
the rows; where it is too small, it holds anything at all, or nothing. Every aggregate must answer both
byte for byte the same, and so must every combination of aggregates.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlglot import exp

from catalog.predicate import And, Compare, Op, Predicate
from query import counted
from query import relation as relations
from query.aggregate import (
    ROWS,
    Aggregate,
    Function,
    Grouping,
    GroupOrder,
    Groups,
    Having,
    Key,
    Measure,
    NestedGroups,
    Together,
    Told,
)
from query.block import Block, Draft
from query.compile import compile_read
from query.errors import GroupKeyMissing, MeasureUnfit, UnknownField, UnlockedStatement
from query.groups import _Facts
from query.relation import Scope
from query.tree import Leaf, Order, OrderByTotal, Read, Total, Tree
from tests.noninterference.mutants.mutant import Mutant
from tests.query.visits import (
    LEAST,
    Hall,
    any_predicate,
    any_question,
    any_visits,
    other_world,
    scope,
)
from tests.shared_data import READINGS, STATIONS

Counted = Callable[..., exp.Select]
CASES = int(os.environ.get("VITALHUB_EXAMPLES", "60"))
FEW = 60
"""In so many cases each mutant is caught."""


class Halls:
    """Two worlds side by side."""

    def __init__(self) -> None:
        self.ours, self.theirs = Hall(), Hall()

    def differs(self, number: int, held: Scope) -> Tree | None:
        """A question of this case that the two answer differently."""
        rng = Random(number)  # noqa: S311 - nothing here is a secret
        rows = any_visits(rng)
        self.ours.show(rows)
        self.theirs.show(other_world(rng, rows))
        for _ in range(3):
            question = any_question(rng)
            if self.ours.answer(question, held) != self.theirs.answer(question, held):
                return question
        return None


@pytest.fixture(scope="module")
def halls() -> Iterator[Halls]:
    both = Halls()
    with closing(both.ours.engine), closing(both.theirs.engine):
        yield both


def test_no_answers_taken_together_tell_of_fewer_rows_than_a_group_must_have(halls: Halls) -> None:
    held = scope()
    for number in range(CASES):
        assert halls.differs(number, held) is None, number


def test_the_questions_are_answered(halls: Halls) -> None:
    held, told = scope(), 0
    for number in range(FEW):
        rng = Random(number)  # noqa: S311
        halls.ours.show(any_visits(rng))
        told += len(halls.ours.answer(any_question(rng), held)) > 10
    assert told > FEW / 2


def guarding_nothing(original: Counted) -> Counted:
    """Every cell counts, however few rows it has."""

    def counted_of(*asked: Any) -> exp.Select:
        whole, contract, columns, cells, _least, places = asked
        return original(whole, contract, columns, cells, 1, places)

    return counted_of


def counts_small_cells(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(relations, "counted_of", guarding_nothing(counted.counted_of))


def parts_rows_by_nothing(patch: pytest.MonkeyPatch) -> None:
    """All rows are one cell, and that is large enough."""

    def counted_of(*asked: Any) -> exp.Select:
        whole, contract, columns, _cells, least, places = asked
        return counted.counted_of(whole, contract, columns, (), least, places)

    patch.setattr(relations, "counted_of", counted_of)


def parts_rows_without_the_places(patch: pytest.MonkeyPatch) -> None:
    def over(function: exp.Expr, cells: Sequence[str]) -> exp.Window:
        return original(function, [name for name in cells if name != "place_code"])

    original = counted._over  # noqa: SLF001 - a mutant changes the inside
    patch.setattr(counted, "_over", over)


def sums_single_values(patch: pytest.MonkeyPatch) -> None:
    def plain(name: str, _cells: Sequence[str], _least: int) -> exp.Expr:
        return exp.column(name, quoted=True)

    patch.setattr(counted, "_large_enough", plain)


def looks_at_each_answer_alone(patch: pytest.MonkeyPatch) -> None:
    """A group is told of where it has enough rows; the total minus all but one tells the one."""

    def having(self: Any) -> exp.Expr:
        count = exp.Count(this=exp.Star(), big_int=True)
        enough = exp.GTE(this=count, expression=exp.Literal.number(LEAST))
        return exp.and_(original(self), enough)

    original = _Facts._having  # noqa: SLF001
    counts_small_cells(patch)
    patch.setattr(_Facts, "_having", having)


def forgets_groups_below_rows(patch: pytest.MonkeyPatch) -> None:
    _unguarded_where(patch, lambda block: block.number > 1)


def forgets_totals(patch: pytest.MonkeyPatch) -> None:
    def init(self: Any, block: Block, asked: Groups, **how: bool) -> None:
        original(self, block, asked, **how)
        if not asked.group_by:
            totals.append(block)

    totals: list[Block] = []
    original = _Facts.__init__
    patch.setattr(_Facts, "__init__", init)
    _unguarded_where(patch, lambda block: any(block is total for total in totals))


def _unguarded_where(patch: pytest.MonkeyPatch, chosen: Callable[[Block], bool]) -> None:
    original = Draft.relation

    def relation(self: Draft, block: Block) -> exp.Subquery:
        with pytest.MonkeyPatch.context() as inner:
            if chosen(block):
                counts_small_cells(inner)
            return original(self, block)

    patch.setattr(Draft, "relation", relation)


MUTANTS = (
    (counts_small_cells, False),
    (parts_rows_by_nothing, False),
    (parts_rows_without_the_places, False),
    (sums_single_values, False),
    (looks_at_each_answer_alone, False),
    (forgets_groups_below_rows, True),
    (forgets_totals, True),
)
"""Each with whether the second lock refuses what it makes."""


@pytest.mark.parametrize(("change", "locked"), MUTANTS)
def test_the_worlds_catch_the_mutant_that(
    halls: Halls, change: Callable[[pytest.MonkeyPatch], None], locked: bool
) -> None:
    mutant = Mutant(change, 0)
    with mutant.at_work(unlocked=True):
        held = scope()
        number = next(n for n in range(FEW) if halls.differs(n, held) is not None)
    with mutant.at_work(unlocked=False):
        if locked:
            with pytest.raises(UnlockedStatement):
                halls.differs(number, scope())
        else:
            assert halls.differs(number, scope()) is not None


def test_the_proof_page_lists_every_mutant_of_small_groups() -> None:
    page = (Path(__file__).parents[2] / "docs" / "proof.md").read_text("utf-8")
    for change, locked in MUTANTS:
        name = change.__name__.replace("_", " ")
        assert f"| {name} | caught | {'refuses' if locked else 'passes'} |" in page


def test_two_counts_differ_by_no_row_or_by_as_many_as_a_group_must_have() -> None:
    held, hall = scope(), Hall()

    def count(where: Predicate) -> int:
        groups = Groups((Told("n", ROWS),), where=where)
        answer = hall.answer(Aggregate(READINGS, groups), held)
        return int(answer.removeprefix(b'[{"n":').removesuffix(b"}]"))

    differences = set()
    with closing(hall.engine):
        for number in range(CASES):
            rng = Random(number)  # noqa: S311
            if number % 10 == 0:
                hall.show(any_visits(rng))
            wide, narrow = any_predicate(rng), any_predicate(rng)
            differences.add(count(wide) - count(And((wide, narrow))))
    assert not differences & set(range(1, LEAST))
    assert max(differences) > LEAST


@pytest.mark.parametrize(
    "groups",
    [
        Groups((Told("n", ROWS),), where=Compare("visit", Op.EQ, "v1")),
        Groups((Told("n", ROWS),), where=Compare("level_m", Op.GT, Decimal(1))),
        Groups((Told("n", ROWS),), group_by=(Grouping(Key("visit")),)),
        Groups((Told("n", ROWS),), group_by=(Grouping(Key("score")),)),
        Groups((Together("o", (Told("n", ROWS),), Compare("score", Op.EQ, 1)),)),
        Groups((Told("n", Key("level_m")),)),
        Groups((Told("n", ROWS),), order=(GroupOrder(Key("score")),)),
        *(
            Groups((Told("m", Measure(function, "level_m", 0.5)),))
            for function in set(Function) - {Function.SUM, Function.AVG}
        ),
        Groups(
            (Told("n", ROWS),),
            having=Having(
                Compare("m", Op.GT, Decimal(1)), (("m", Measure(Function.MAX, "level_m")),)
            ),
        ),
        Groups((Told("n", ROWS),), order=(GroupOrder(Measure(Function.MEDIAN, "score")),)),
    ],
)
def test_what_would_part_a_cell_is_refused(groups: Groups) -> None:
    for tree in (
        Aggregate(READINGS, groups),
        Read(STATIONS, (NestedGroups("g", "readings", groups),)),
    ):
        with pytest.raises((UnknownField, GroupKeyMissing, MeasureUnfit)):
            compile_read(tree, scope())


@pytest.mark.parametrize(
    "tree",
    [
        Read(READINGS, (Leaf("l", "level_m"),)),
        Read(READINGS, (Leaf("l", "visit"),), where=Compare("score", Op.EQ, 1)),
        Read(READINGS, (Leaf("l", "visit"),), order=(Order("level_m"),)),
        Read(
            STATIONS,
            (Leaf("c", "code"),),
            order=(OrderByTotal("readings", Total.MAX, "level_m"),),
        ),
    ],
)
def test_no_row_names_a_column_for_aggregates_only(tree: Read) -> None:
    with pytest.raises(UnknownField):
        compile_read(tree, scope())
