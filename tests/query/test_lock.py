import pytest
from sqlglot import exp, parse_one

from query.compile import compile_read
from query.errors import UnlockedStatement
from query.lock import lock
from query.relation import Scope
from query.tree import Leaf, Read
from tests.shared_data import READINGS, STATIONS, catalogue, grant


def scope() -> Scope:
    columns = ["station_code", "observed_at", "level_m", "place_code"]
    return Scope(
        catalogue(), [grant(READINGS, columns, places=["500106"]), grant(STATIONS, ["code"])], "key"
    )


def relation_text() -> str:
    return scope().relation(READINGS).tree.sql("duckdb", identify=True)


def try_lock(sql: str) -> None:
    tree = parse_one(sql, dialect="duckdb")
    assert isinstance(tree, exp.Select)
    lock(
        tree,
        scope=scope(),
        at=None,
        data_sets=frozenset({READINGS}),
        parameters={},
        single=False,
    )


def test_a_compiled_statement_passes() -> None:
    statement = compile_read(Read(READINGS, (Leaf("x", "level_m"),)), scope())
    assert statement.data_sets == {READINGS}


def test_a_relation_inside_its_own_subquery_passes() -> None:
    try_lock(f'SELECT "r1"."level_m" FROM ({relation_text()}) AS "r1" LIMIT 5')


@pytest.mark.parametrize(
    "sql",
    [
        'SELECT "level_m" FROM "shared"."reading" LIMIT 5',
        'SELECT (SELECT "phone" FROM "shared"."station" LIMIT 1) FROM ({relation}) AS "r1" LIMIT 5',
        'SELECT "r1"."level_m" FROM ({relation}) AS "r1", "hub"."publication" LIMIT 5',
        "SELECT getenv('HOME') FROM ({relation}) AS \"r1\" LIMIT 5",
        "SELECT * FROM read_csv('/etc/passwd') LIMIT 5",
        'SELECT "r1"."level_m" FROM ({relation}) AS "r1"',
        'SELECT "r1"."level_m" FROM ({relation}) AS "r1" LIMIT 100000000',
        'SELECT "r1"."level_m" FROM ({relation}) AS "r1" WHERE "r1"."level_m" > $stray LIMIT 5',
        'SELECT sha256("r1"."station_code") FROM ({relation}) AS "r1" LIMIT 5',
        'SELECT * FROM ({relation}) AS "r1" LIMIT 5',
        'SELECT regexp_matches("r1"."station_code", \'a\') FROM ({relation}) AS "r1" LIMIT 5',
    ],
)
def test_anything_the_compiler_never_makes_is_refused(sql: str) -> None:
    with pytest.raises(UnlockedStatement):
        try_lock(sql.replace("{relation}", relation_text()))


@pytest.mark.parametrize(
    ("widened", "by"),
    [
        ("500106000000000", "500000000000000"),
        ('"level_m" AS "level_m", ', '"level_m" AS "level_m", "secret" AS "secret", '),
    ],
)
def test_a_relation_that_was_widened_is_refused(widened: str, by: str) -> None:
    text = relation_text().replace(widened, by)
    assert text != relation_text()
    with pytest.raises(UnlockedStatement):
        try_lock(f'SELECT "r1"."level_m" FROM ({text}) AS "r1" LIMIT 5')


def small() -> Scope:
    columns = ["station_code", "observed_at", "level_m", "place_code"]
    held = grant(READINGS, columns, places=["500106"], aggregate=["level_m"], minimum_group=5)
    return Scope(catalogue(), [held], "key")


@pytest.mark.parametrize(
    ("sql", "passes"),
    [
        ('SELECT SUM("f"."m") FROM (SELECT "r"."level_m" AS "m" FROM ({counted}) AS "r") AS "f" HAVING {any}', True),
        ('SELECT MAX("f"."m") FROM (SELECT "r"."level_m" AS "m" FROM ({counted}) AS "r") AS "f" HAVING {any}', False),
        ('SELECT "f"."m" FROM (SELECT "r"."level_m" AS "m" FROM ({counted}) AS "r") AS "f" HAVING {any}', False),
        ('SELECT "r"."level_m" FROM ({counted}) AS "r"', False),
        ('SELECT COUNT(*) FROM ({counted}) AS "r" HAVING {any}', False),
        ('SELECT COUNT(*) FROM (SELECT 1 AS "one" FROM ({counted}) AS "r") AS "f"', False),
        ('SELECT COUNT(*) FROM (SELECT 1 AS "one" FROM ({counted}) AS "r" WHERE "r"."level_m" > 1) AS "f" HAVING {any}', False),
        ('SELECT COUNT(*) FROM (SELECT 1 AS "one" FROM ({counted}) AS "r" WHERE "r"."station_code" = 1) AS "f" HAVING {any}', False),
        ('SELECT COUNT(*) FROM (SELECT 1 AS "one" FROM ({counted}) AS "r" WHERE "r"."place_code" = 1) AS "f" HAVING {any}', True),
        ('SELECT COUNT(*) FROM (SELECT 1 AS "one" FROM ({counted}) AS "r") AS "f" GROUP BY "f"."one" HAVING {any}', True),
        ('SELECT MIN("f"."m") FROM (SELECT "r"."station_code" AS "m" FROM ({counted}) AS "r") AS "f" HAVING {any}', True),
        ('SELECT COUNT(*) FROM (SELECT "r"."station_code" AS "m" FROM ({counted}) AS "r") AS "f" GROUP BY "f"."m" HAVING {any}', False),
    ],
)  # fmt: skip
def test_rows_of_small_groups_stand_in_groups_alone(sql: str, passes: bool) -> None:
    held = small()
    text = sql.replace("{counted}", held.counted(READINGS).tree.sql("duckdb", identify=True))
    tree = parse_one(text.replace("{any}", "COUNT(*) >= 0") + " LIMIT 5", dialect="duckdb")
    assert isinstance(tree, exp.Select)
    counted = held.counted(READINGS).tree
    for query in list(tree.find_all(exp.Subquery)):
        if query.alias == "r":
            query.set(
                "this", counted.copy()
            )  # as the compiler has it: text and back is another tree

    def locked() -> None:
        lock(
            tree, scope=held, at=None, data_sets=frozenset({READINGS}), parameters={}, single=False
        )

    if passes:
        locked()
    else:
        with pytest.raises(UnlockedStatement):
            locked()
