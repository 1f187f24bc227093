"""Visits to stations, and worlds and questions made of them, for the tests of small groups.

`level_m` and `score` are for aggregates only; code, month, township and kind make the cells.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import TypeVar

import duckdb

from catalog.catalogue import Catalogue
from catalog.contracts import (
    Column,
    ColumnType,
    Contract,
    Dimension,
    Kind,
    RuleDeclaration,
    Severity,
)
from catalog.ids import RuleId
from catalog.places import PlaceLevel
from catalog.predicate import And, Compare, Not, Op, Or, Predicate, Within
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
from query.compile import compile_read
from query.encode import json_rows
from query.print import duckdb_statement
from query.relation import Scope
from query.rollup import TimeUnit
from query.tree import Leaf, Read, Tree
from query.visible import BOUNDING_RULE
from tests.shared_data import PLACES, READINGS, START, STATIONS, grant, reading, station

Value = TypeVar("Value", Decimal, int)
LEAST = 3
CODES = ("A", "B")
KINDS = ("x", "y")
VILLAGES = (500106004000000, 500106004001000, 500106016000000)
TIMES = tuple(START + timedelta(days=days) for days in (0, 3, 40))
COLUMNS = ("visit", "station_code", "observed_at", "level_m", "place_code", "kind", "score")


@dataclass(frozen=True, slots=True)
class Visit:
    """`level` and `score` are for aggregates only; `cell` is what a question may part rows by."""

    code: str
    at: datetime
    place: int
    kind: str
    level: Decimal | None
    score: int | None

    @property
    def cell(self) -> tuple[object, ...]:
        local = self.at + timedelta(hours=8)
        return self.code, (local.year, local.month), self.place // 10**6, self.kind


def visits() -> Contract:
    """Readings with a key of their own, so that the station's code is one of many columns."""
    contract = reading("snapshot")
    kind, score, visit = (
        Column(name, ColumnType(what), name, name)
        for name, what in (("kind", Kind.STRING), ("score", Kind.INTEGER), ("visit", Kind.STRING))
    )
    rule = RuleDeclaration(
        RuleId("kinds"), BOUNDING_RULE, "kind", {}, Dimension.CONFORMITY, Severity.WARNING
    )
    columns = (visit, *contract.columns, kind, score)
    return replace(contract, key=("visit",), columns=columns, rules=(rule,))


CATALOGUE = Catalogue(
    contracts={STATIONS: station(), READINGS: visits()}, organisations={}, places=PLACES
)


def scope(least: int = LEAST) -> Scope:
    held = grant(
        READINGS,
        COLUMNS,
        places=["500106", "500172"],
        aggregate=["level_m", "score"],
        minimum_group=least,
    )
    return Scope(CATALOGUE, [held, grant(STATIONS, ["code", "name"])], "key")


class Hall:
    """An engine with one world's rows."""

    def __init__(self) -> None:
        self.engine = duckdb.connect()
        self.engine.execute("SET TimeZone = 'Asia/Shanghai'")
        self.engine.execute("CREATE SCHEMA shared")
        self.engine.execute(
            "CREATE TABLE shared.reading (visit VARCHAR, station_code VARCHAR, observed_at TIMESTAMPTZ,"
            " level_m DECIMAL(9, 3), place_code BIGINT, kind VARCHAR, score INTEGER)"
        )
        self.engine.execute("CREATE TABLE shared.station (code VARCHAR, name VARCHAR)")
        self.engine.execute("INSERT INTO shared.station VALUES ('A', 'a'), ('B', 'b')")

    def show(self, rows: Sequence[Visit]) -> None:
        self.engine.execute("DELETE FROM shared.reading")
        self.engine.executemany(
            "INSERT INTO shared.reading VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (f"v{n}", r.code, r.at, r.level, r.place, r.kind, r.score)
                for n, r in enumerate(rows)
            ],
        )

    def answer(self, tree: Tree, held: Scope) -> bytes:
        statement = compile_read(tree, held)
        found = self.engine.sql(duckdb_statement(statement), params=dict(statement.parameters))
        return json_rows(found.to_arrow_table())


def any_visits(rng: Random) -> list[Visit]:
    return [
        Visit(
            rng.choice(CODES),
            rng.choice(TIMES),
            rng.choice(VILLAGES),
            rng.choice(KINDS),
            rng.choice((None, Decimal(rng.randrange(100)))),
            rng.choice((None, rng.randrange(10))),
        )
        for _ in range(rng.randint(5, 60))
    ]


def other_world(rng: Random, rows: Sequence[Visit]) -> list[Visit]:
    """The same cells; in each that is large enough the values change hands, the others hold anything."""
    sizes = Counter(row.cell for row in rows)
    found: list[Visit] = []
    for cell, size in sizes.items():
        inside = [row for row in rows if row.cell == cell]
        if size >= LEAST:
            levels = other_values(rng, [row.level for row in inside])
            scores = other_values(rng, [row.score for row in inside])
            found += [
                replace(row, level=level, score=score)
                for row, level, score in zip(inside, levels, scores, strict=True)
            ]
        else:
            strange = replace(
                inside[0], level=Decimal(rng.randrange(900)), score=rng.randrange(900)
            )
            found += [strange] * rng.randrange(LEAST)
    return rng.sample(found, len(found))


def other_values(rng: Random, values: list[Value | None]) -> list[Value | None]:
    """In other hands; where too few rows have one, any others of as few rows."""
    there = [value for value in values if value is not None]
    if 0 < len(there) < LEAST:
        other = there[0] + 7
        few: list[Value | None] = [rng.choice((None, other)) for _ in there]
        few += [None] * (len(values) - len(few))
        return rng.sample(few, len(few))
    return rng.sample(values, len(values))


def any_predicate(rng: Random, depth: int = 0) -> Predicate:
    what = rng.choice(("and", "or", "not", *("plain",) * 5)) if depth < 3 else "plain"
    if what == "plain":
        return rng.choice(
            (
                Compare("station_code", Op.EQ, rng.choice(CODES)),
                Compare("kind", Op.NE, rng.choice(KINDS)),
                Compare("observed_at", rng.choice((Op.LT, Op.GTE)), rng.choice(TIMES)),
                Compare(
                    "place_code", Op.EQ, rng.choice(("500106004", "500106004001", "500106016"))
                ),
                Within("place_code", (rng.choice(PLACES_ASKED),)),
            )
        )
    inner = any_predicate(rng, depth + 1)
    if what == "not":
        return Not(inner)
    terms = (inner, any_predicate(rng, depth + 1))
    return And(terms) if what == "and" else Or(terms)


PLACES_ASKED = tuple(place.code for place in PLACES)
GROUPINGS = (
    Grouping(Key("station_code")),
    Grouping(Key("kind")),
    Grouping(Key("observed_at")),
    Grouping(Key("observed_at"), unit=TimeUnit.DAY),
    Grouping(Key("observed_at"), unit=TimeUnit.YEAR, zone="UTC"),
    Grouping(Key("place_code")),
    Grouping(Key("place_code"), level=PlaceLevel.DISTRICT),
    Grouping(Key("place_code"), level=PlaceLevel.VILLAGE),
)
MEASURES = (
    ROWS,
    Measure(Function.SUM, "level_m"),
    Measure(Function.AVG, "level_m"),
    Measure(Function.SUM, "score"),
    Measure(Function.AVG, "score"),
    Measure(Function.MIN, "observed_at"),
    Measure(Function.COUNT_DISTINCT, "kind"),
)


def any_groups(rng: Random) -> Groups:
    by = {g.key: g for g in rng.sample(GROUPINGS, rng.randrange(4))}
    keys = tuple(by.values())
    told = tuple(Told(f"m{i}", m) for i, m in enumerate(rng.sample(MEASURES, rng.randint(1, 4))))
    only = Together("only", told, any_predicate(rng)) if rng.random() < 0.5 else None
    shown = tuple(Told(f"k{i}", grouping.key) for i, grouping in enumerate(keys))
    having = Having(
        rng.choice(
            (
                Compare("n", Op.GT, rng.randrange(6)),
                Compare("s", Op.GTE, Decimal(rng.randrange(200))),
                Not(Compare("a", Op.LT, Decimal(rng.randrange(60)))),
            )
        ),
        (("n", ROWS), ("s", MEASURES[1]), ("a", MEASURES[4])),
    )
    orders: tuple[Key | Measure, ...] = (*MEASURES[:5], *(g.key for g in keys))
    order = tuple(
        GroupOrder(term, descending=rng.random() < 0.5)
        for term in rng.sample(orders, rng.randrange(3))
    )
    return Groups(
        selection=(*told, *shown, *((only,) if only else ())),
        where=any_predicate(rng) if rng.random() < 0.6 else None,
        group_by=keys,
        having=having if rng.random() < 0.4 else None,
        order=order,
        limit=rng.choice((100, 2)),
        offset=rng.randrange(2),
    )


def any_question(rng: Random) -> Tree:
    groups = any_groups(rng)
    if rng.random() < 0.3:
        return Read(STATIONS, (Leaf("code", "code"), NestedGroups("g", "readings", groups)))
    return Aggregate(READINGS, groups)
