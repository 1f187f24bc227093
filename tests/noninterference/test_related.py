"""What a grant hides changes no filter over related rows or by location, no order by them, no group and
no page.
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from catalog.errors import UserError
from catalog.predicate import Compare, Op
from query.aggregate import ROWS, Aggregate, Groups, Told
from query.area import Box, Circle, Point, Polygon
from query.compile import compile_read
from query.relation import Scope
from query.tree import (
    Connection,
    Constant,
    Cursor,
    Edges,
    FirstOf,
    Leaf,
    Located,
    Negated,
    Node,
    Order,
    OrderByTotal,
    OrderThrough,
    PageFact,
    PageInfo,
    PageLeaf,
    Quantifier,
    Read,
    Related,
    Total,
    TotalCount,
    Tree,
)
from tests.noninterference.cases import Case, Question, numbered_case, same_answer, show
from tests.noninterference.catching import check_caught, check_listed
from tests.noninterference.mutants.mutant import Mutant
from tests.noninterference.mutants.related import RELATED_MUTANTS
from tests.noninterference.stage import Stage
from tests.shared_data import READINGS, STATIONS

CASES = 60
HIGH = Compare("level_m", Op.GT, Decimal(12))
CODE, STATION = (Leaf("c", "code"),), (Leaf("s", "station_code"),)
FACTS = PageInfo("i", tuple(PageLeaf(fact.value, fact) for fact in PageFact))


def trees() -> Iterator[Tree]:
    """Some are refused, where a case's grant does not show what they name."""
    for quantifier in Quantifier:
        yield Read(STATIONS, CODE, Related("readings", quantifier, HIGH))
        yield Read(STATIONS, CODE, Related("readings", quantifier))
    yield Read(READINGS, STATION, Related("station", Quantifier.SOME, Compare("rank", Op.GT, 11)))
    for total, column in ((Total.COUNT, None), (Total.MAX, "level_m"), (Total.SUM, "level_m")):
        yield Read(
            STATIONS, CODE, order=(OrderByTotal("readings", total, column, descending=True),)
        )
        order = (OrderThrough("station", OrderByTotal("readings", total, column)),)
        yield Read(READINGS, STATION, order=order)
    yield Read(READINGS, STATION, order=(OrderThrough("station", Order("name", descending=True)),))
    for data_set, key, selection in ((READINGS, "station_code", STATION), (STATIONS, "code", CODE)):
        yield Connection(data_set, (TotalCount("n"),))
        edges = Edges("e", (Cursor("c"), Node("n", selection)))
        yield Connection(data_set, (edges, FACTS, TotalCount("n")), size=2)
        yield Connection(data_set, (edges, FACTS), size=2, backward=True)
        yield Connection(data_set, (Edges("e", (Cursor("c"), Node("n", (Constant("t", "T"),)))),))
        yield Read(data_set, selection, first_of=FirstOf((key,)))
    yield Read(READINGS, STATION, first_of=FirstOf(("station_code",), newest="observed_at"))


def located() -> Iterator[Tree]:
    """Asked of every grant: where coordinates are hidden, both worlds refuse them alike."""
    circle, box = Circle(Point(12.5, 12.5), 100_000), Box(12, 12, 20, 20)
    square = Polygon((Point(12, 12), Point(13, 12), Point(13, 19), Point(12, 19)))
    yield Read(READINGS, STATION, Located(circle))
    yield Read(READINGS, STATION, Negated(Located(square)))
    yield Read(STATIONS, CODE, Related("readings", Quantifier.SOME, Located(box)))
    yield Connection(READINGS, (TotalCount("n"),), Located(square))
    yield Aggregate(READINGS, Groups((Told("n", ROWS),), where=Located(box)))


def questions(case: Case) -> Iterator[Question]:
    scope = case.ours.scope(case.grants)
    for tree in located():
        yield Question(tree, None, after_a_neighbour=False)
    for tree in trees():
        if compiles(tree, scope):
            yield Question(tree, None, after_a_neighbour=False)


def numbered_relating(number: int) -> Case:
    case = numbered_case(number)
    return replace(case, questions=tuple(questions(case)))


def compiles(tree: Tree, scope: Scope) -> bool:
    try:
        compile_read(tree, scope)
    except UserError:
        return False
    return True


def test_worlds_equal_in_what_is_shown_relate_group_and_page_the_same(
    stages: tuple[Stage, Stage],
) -> None:
    asked = 0
    for number in range(CASES):
        case = numbered_relating(number)
        show(case, stages)
        for question in case.questions:
            same_answer(case, question, stages)
            asked += 1
    assert asked > 5 * CASES


@pytest.mark.parametrize("mutant", RELATED_MUTANTS, ids=lambda mutant: mutant.name)
def test_that_catches_the_mutant_that(stages: tuple[Stage, Stage], mutant: Mutant) -> None:
    check_caught(stages, mutant, numbered_relating)


def test_the_proof_page_lists_these_mutants() -> None:
    check_listed(RELATED_MUTANTS)
