"""Groups made in two steps are compared with the same groups made in one, byte by byte."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest

from catalog.catalogue import Catalogue
from catalog.contracts import ColumnType, Kind
from catalog.places import PlaceLevel
from catalog.predicate import Compare, Op
from query import groups as made
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
    Together,
    Told,
)
from query.compile import compile_read
from query.encode import json_rows
from query.print import duckdb_statement
from query.relation import Scope
from query.rollup import TimeUnit
from query.tree import Tree
from tests.query.visits import COLUMNS, LEAST, Hall, scope, visits
from tests.shared_data import PLACES, READINGS, STATIONS, grant, station

MONTHS = (TimeUnit.MONTH, TimeUnit.QUARTER, TimeUnit.YEAR)
BY_MONTH = Grouping(Key("observed_at"), unit=TimeUnit.MONTH)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SAID = (Told("n", ROWS),)
OTHER_KEYS = (
    Grouping(Key("kind")),
    Grouping(Key("place_code")),
    Grouping(Key("place_code"), level=PlaceLevel.DISTRICT),
)
MEASURES = (
    ROWS,
    Measure(Function.COUNT, "level_m"),
    Measure(Function.SUM, "level_m"),
    Measure(Function.MIN, "level_m"),
    Measure(Function.SUM, "score"),
    Measure(Function.MAX, "score"),
    Measure(Function.MIN, "station_code"),
    Measure(Function.MAX, "observed_at"),
)
INDIVISIBLE = (
    Measure(Function.AVG, "score"),
    Measure(Function.COUNT_DISTINCT, "kind"),
    Measure(Function.MEDIAN, "level_m"),
    Measure(Function.SUM, "value"),
    Measure(Function.MIN, "value"),
)
ROWS_HELD = 400
QUESTIONS = 120


def clear() -> Scope:
    """All columns as they are, and one of doubles."""
    contract = visits()
    value = replace(contract.columns[0], name="value", type=ColumnType(Kind.DOUBLE))
    contract = replace(contract, columns=(*contract.columns, value))
    catalogue = Catalogue(
        contracts={READINGS: contract, STATIONS: station()}, organisations={}, places=PLACES
    )
    held = grant(READINGS, (*COLUMNS, "value"), places=["500106", "500172"])
    return Scope(catalogue, [held, grant(STATIONS, ["code", "name"])], "key")


def steps_of(tree: Tree, held: Scope) -> int:
    return duckdb_statement(compile_read(tree, held)).count("GROUP BY")


def by_month(*told: Measure, keys: tuple[Grouping, ...] = ()) -> Aggregate:
    selection = tuple(Told(f"m{i}", measure) for i, measure in enumerate(told))
    return Aggregate(READINGS, Groups(selection, group_by=(BY_MONTH, *keys)))


@pytest.fixture(scope="module")
def hall() -> Iterator[Hall]:
    """Instants of all times, most of them at the ends of months; any value may be missing."""
    found, rng = Hall(), Random(24)  # noqa: S311 - a world, not a secret
    found.engine.execute("ALTER TABLE shared.reading ADD COLUMN value DOUBLE")
    rows = []
    for number in range(ROWS_HELD):
        year = rng.choice((1902, 1940, 1988, 1991, 1992, 2026, 2026, 2199, 2201))
        begins = datetime(year, rng.randint(1, 12), 1, tzinfo=UTC) - timedelta(hours=8)
        at = begins + timedelta(microseconds=rng.choice((-1, 0, 1, rng.randrange(10**12))))
        rows.append(
            (
                f"v{number}",
                rng.choice("AB"),
                rng.choice((at, at, at, None)),
                rng.choice((None, Decimal(rng.randrange(-(10**9), 10**9)) / 1000)),
                rng.choice((500106004000000, 500106004001000, 500106016000000, 500172000000000)),
                rng.choice(("x", "y", None)),
                rng.choice((None, rng.randrange(-(2**31), 2**31))),
                rng.choice((None, rng.random())),
            )
        )
    found.engine.executemany("INSERT INTO shared.reading VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    yield found
    found.engine.close()


def any_question(rng: Random) -> Aggregate:
    told = [Told(f"m{i}", measure) for i, measure in enumerate(rng.sample(MEASURES, 4))]
    keys = (replace(BY_MONTH, unit=rng.choice(MONTHS)), *rng.sample(OTHER_KEYS, 1))
    shown = [Told(f"k{i}", key.key) for i, key in enumerate(keys)]
    some = Together("some", tuple(told[2:]), Compare("score", Op.GT, rng.randrange(10**9)))
    return Aggregate(
        READINGS,
        Groups(
            (*shown, *told[:2], rng.choice((some, Together("all", tuple(told[2:]))))),
            where=rng.choice((None, Compare("kind", Op.EQ, "x"))),
            group_by=keys,
            having=rng.choice((None, Having(Compare("n", Op.GT, 1), (("n", ROWS),)))),
            order=rng.choice(((), (GroupOrder(rng.choice(MEASURES), descending=True),))),
            limit=rng.choice((5, 1000)),
            offset=rng.choice((0, 3)),
        ),
    )


def test_groups_of_months_are_the_same_in_two_steps_as_in_one(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = Random(240)  # noqa: S311 - questions, not secrets
    questions = [any_question(rng) for _ in range(QUESTIONS)]
    held = clear()
    assert {steps_of(question, held) for question in questions} == {2}
    answers = [hall.answer(question, held) for question in questions]
    monkeypatch.setattr(made, "pays", lambda *_: False)
    held = clear()
    assert {steps_of(question, held) for question in questions} == {1}
    assert [hall.answer(question, held) for question in questions] == answers
    assert len(set(answers)) > QUESTIONS // 2


@pytest.mark.parametrize("measure", INDIVISIBLE)
def test_what_cannot_be_put_together_exactly_is_measured_in_one_step(measure: Measure) -> None:
    assert steps_of(by_month(ROWS), clear()) == 2
    assert steps_of(by_month(ROWS, measure), clear()) == 1


def test_a_key_of_many_values_is_grouped_by_in_one_step() -> None:
    assert steps_of(by_month(ROWS, keys=(Grouping(Key("kind")),)), clear()) == 2
    assert steps_of(by_month(ROWS, keys=(Grouping(Key("visit")),)), clear()) == 1
    assert steps_of(by_month(ROWS, keys=(Grouping(Key("name", ("station",))),)), clear()) == 1


def test_a_zone_whose_clocks_move_and_a_day_are_grouped_by_in_one_step() -> None:
    for grouping in (
        replace(BY_MONTH, zone="America/New_York"),
        replace(BY_MONTH, unit=TimeUnit.DAY),
    ):
        assert steps_of(Aggregate(READINGS, Groups(SAID, group_by=(grouping,))), clear()) == 1


def test_cells_are_put_together_in_one_step() -> None:
    assert scope().least_group(READINGS) == LEAST
    assert steps_of(by_month(ROWS), scope()) == 1


def test_groups_of_months_are_those_of_plain_sql(hall: Hall) -> None:
    plain = hall.engine.sql(
        """SELECT count(*) AS m0, CAST(sum(score) AS VARCHAR) AS m1 FROM shared.reading
           GROUP BY date_trunc('month', observed_at)
           ORDER BY date_trunc('month', observed_at) NULLS LAST"""
    )
    asked = by_month(ROWS, Measure(Function.SUM, "score"))
    assert hall.answer(asked, clear()) == json_rows(plain.to_arrow_table())
