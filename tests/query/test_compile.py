import base64
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import sqlglot

from catalog.contracts import Classification, ColumnType, Kind
from catalog.ids import PlaceCode, Seq
from catalog.places import PlaceLevel
from catalog.predicate import And, Compare, Not, Op, Or, Within
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
from query.cursor import cursors_of
from query.errors import AliasClash, UnknownField, WrongValue
from query.print import duckdb_text
from query.relation import Scope
from query.rollup import TimeUnit
from query.tree import (
    AllOf,
    AnyOf,
    Connection,
    Constant,
    Cursor,
    Edges,
    FirstOf,
    Leaf,
    Negated,
    Nested,
    Node,
    Nodes,
    Order,
    OrderByTotal,
    OrderThrough,
    PageFact,
    PageInfo,
    PageLeaf,
    Quantifier,
    Read,
    ReadOne,
    Related,
    Total,
    TotalCount,
    Tree,
)
from tests.shared_data import READINGS, STATIONS, catalogue, grant, reading, station

GOLDEN = Path(__file__).parent / "golden"
ALL = ["station_code", "observed_at", "level_m", "place_code"]
LEVEL = (Leaf("level", "level_m"),)
AT = datetime(2026, 8, 1, tzinfo=UTC)


def scope() -> Scope:
    return Scope(
        catalogue(),
        [
            grant(READINGS, ALL, places=["500106"]),
            grant(STATIONS, ["code", "name", "phone"], masked=["phone"]),
        ],
        mask_key="key",
    )


BY_LEVEL = (Order("level_m", descending=True),)


def a_cursor() -> str:
    """As the engine writes it of a row with 181.240 of station A at AT."""
    cursors = cursors_of(scope(), READINGS, BY_LEVEL)
    parts = ("181.240", "A", "2026-08-01 08:00:00+08")
    text = ".".join(base64.b64encode(part.encode()).decode() for part in parts)
    return f"{text}.{cursors._authenticator(text)}"  # noqa: SLF001 - what the engine works out


TREES: Mapping[str, Tree] = {
    "plain_columns_with_aliases": Read(
        READINGS, (Leaf("at", "observed_at"), Leaf("p", "place_code"), Constant("__typename", "T"))
    ),
    "every_filter": Read(
        READINGS,
        LEVEL,
        where=And(
            (
                Compare("level_m", Op.BETWEEN, (Decimal("1.5"), Decimal(200))),
                Or(
                    (Compare("station_code", Op.EQ, "A"), Compare("station_code", Op.CONTAINS, "B"))
                ),
                Not(Compare("station_code", Op.IN, ("C", "D"))),
                Compare("level_m", Op.IS_NULL, False),  # noqa: FBT003 - the operand of isNull
                Within("place_code", (PlaceCode("500172"),)),
                Compare("observed_at", Op.GTE, AT),
            )
        ),
    ),
    "order_is_made_total_by_the_key": Read(
        READINGS, LEVEL, order=(Order("level_m", descending=True),), limit=10, offset=20
    ),
    "to_one_is_a_left_join": Read(
        READINGS, (Nested("station", "station", (Leaf("name", "name"),)),)
    ),
    "to_many_is_a_lateral_list": Read(
        STATIONS,
        (
            Leaf("name", "name"),
            Nested(
                "latest",
                "readings",
                LEVEL,
                where=Compare("level_m", Op.GT, Decimal(0)),
                order=(Order("observed_at", descending=True),),
                limit=2,
            ),
        ),
    ),
    "conditions_on_related_rows": Read(
        STATIONS,
        (Leaf("name", "name"),),
        where=AllOf(
            (
                Related("readings", Quantifier.SOME, Compare("level_m", Op.GT, Decimal(180))),
                AnyOf(
                    (
                        Related("readings", Quantifier.EVERY, Compare("level_m", Op.LT, 200)),
                        Related("readings", Quantifier.NONE),
                        Compare("code", Op.EQ, "A"),
                    )
                ),
                Related(
                    "readings",
                    Quantifier.SOME,
                    Negated(Related("station", Quantifier.SOME, Compare("name", Op.EQ, "x"))),
                ),
            )
        ),
    ),
    "order_by_related_rows": Read(
        READINGS,
        (Nested("station", "station", (Leaf("name", "name"),)),),
        order=(
            OrderThrough("station", Order("name", descending=True)),
            OrderThrough("station", OrderByTotal("readings", Total.COUNT, descending=True)),
        ),
    ),
    "order_by_what_related_rows_come_to": Read(
        STATIONS,
        (Leaf("name", "name"),),
        order=(
            OrderByTotal("readings", Total.MAX, "level_m", descending=True),
            OrderByTotal("readings", Total.COUNT, nulls_first=True),
        ),
    ),
    "the_newest_row_of_each_group": Read(
        READINGS, LEVEL, first_of=FirstOf(("station_code",), newest="observed_at")
    ),
    "the_first_row_of_each_group": Read(
        READINGS,
        LEVEL,
        order=(Order("place_code"), Order("level_m", descending=True)),
        first_of=FirstOf(("place_code",)),
    ),
    "the_newest_in_a_nested_list": Read(
        STATIONS,
        (
            Nested(
                "latest",
                "readings",
                LEVEL,
                where=Related("station", Quantifier.SOME, Compare("name", Op.NE, "x")),
                first_of=FirstOf(("place_code",), newest="observed_at"),
            ),
        ),
    ),
    "groups_by_time_place_and_related_rows": Aggregate(
        READINGS,
        Groups(
            (
                Together("key", (Told("at", Key("observed_at")), Told("p", Key("place_code")))),
                Told("count", ROWS),
                Together(
                    "level",
                    (
                        Told("avg", Measure(Function.AVG, "level_m")),
                        Told("p90", Measure(Function.PERCENTILE, "level_m", 0.9)),
                    ),
                ),
                Together(
                    "high",
                    (Told("count", ROWS), Told("sum", Measure(Function.SUM, "level_m"))),
                    only=Compare("level_m", Op.GT, Decimal(180)),
                ),
            ),
            where=Compare("station_code", Op.NE, "C"),
            group_by=(
                Grouping(Key("observed_at"), unit=TimeUnit.DAY),
                Grouping(Key("place_code"), level=PlaceLevel.DISTRICT),
                Grouping(Key("name", ("station",))),
            ),
            having=Having(Compare("count", Op.GT, 2), (("count", ROWS),)),
            order=(GroupOrder(Measure(Function.MAX, "level_m"), descending=True),),
            limit=10,
        ),
    ),
    "groups_below_a_row": Read(
        STATIONS,
        (
            Leaf("name", "name"),
            NestedGroups(
                "days",
                "readings",
                Groups(
                    (Told("n", ROWS),),
                    group_by=(Grouping(Key("observed_at"), unit=TimeUnit.DAY),),
                    limit=3,
                ),
            ),
        ),
    ),
    "groups_of_months_in_two_steps": Aggregate(
        READINGS,
        Groups(
            (
                Together("key", (Told("p", Key("place_code")), Told("at", Key("observed_at")))),
                Told("count", ROWS),
                Together(
                    "high",
                    (Told("sum", Measure(Function.SUM, "level_m")),),
                    only=Compare("level_m", Op.GT, Decimal(3)),
                ),
            ),
            group_by=(
                Grouping(Key("place_code")),
                Grouping(Key("observed_at"), unit=TimeUnit.QUARTER),
            ),
            having=Having(Compare("rows", Op.GT, 1), (("rows", ROWS),)),
            order=(GroupOrder(Measure(Function.MAX, "level_m"), descending=True),),
        ),
    ),
    "a_page_behind_a_cursor": Connection(
        READINGS,
        (
            Edges("edges", (Cursor("cursor"), Node("node", LEVEL))),
            PageInfo(
                "pageInfo",
                tuple(PageLeaf(fact.value, fact) for fact in PageFact),
            ),
            TotalCount("totalCount"),
        ),
        where=Compare("level_m", Op.GT, Decimal(1)),
        order=(Order("level_m", descending=True),),
        size=10,
        after=a_cursor(),
    ),
    "a_page_from_the_end": Connection(
        READINGS,
        (Nodes("nodes", LEVEL), PageInfo("pageInfo", (PageLeaf("more", PageFact.HAS_PREVIOUS),))),
        size=2,
        backward=True,
        first_of=FirstOf(("station_code",), newest="observed_at"),
    ),
    "a_total_alone": Connection(READINGS, (TotalCount("totalCount"),)),
    "one_row_by_its_key": ReadOne(READINGS, LEVEL, (("station_code", "A"), ("observed_at", AT))),
}


@pytest.mark.parametrize("name", TREES)
def test_a_tree_compiles_to_its_golden_statement(name: str) -> None:
    statement = compile_read(TREES[name], scope())
    text = sqlglot.parse_one(duckdb_text(statement.tree), dialect="duckdb").sql(
        dialect="duckdb", pretty=True, identify=True
    )
    file = GOLDEN / f"{name}.sql"
    assert text + "\n" == file.read_text("utf-8"), f"{file} differs:\n{text}"


@pytest.mark.parametrize("total", [Total.SUM, Total.AVG])
def test_an_order_by_what_doubles_add_up_to_adds_them_in_one_order(total: Total) -> None:
    """Or else two pages would order the same rows differently."""
    contract = reading()
    columns = tuple(
        replace(c, type=ColumnType(Kind.DOUBLE)) if c.name == "level_m" else c
        for c in contract.columns
    )
    doubles = replace(
        catalogue(), contracts={STATIONS: station(), READINGS: replace(contract, columns=columns)}
    )
    held = [
        grant(STATIONS, ("code",)),
        grant(READINGS, ("station_code", "observed_at", "level_m"), places=["500106"]),
    ]
    order = (OrderByTotal("readings", total, "level_m"),)
    text = duckdb_text(
        compile_read(
            Read(STATIONS, (Leaf("c", "code"),), order=order), Scope(doubles, held, "k")
        ).tree
    )
    assert f'{total.upper()}("r2"."level_m" ORDER BY "r2"."level_m"' in text


def test_as_of_reads_kept_and_superseded_rows() -> None:
    text = duckdb_text(compile_read(TREES["plain_columns_with_aliases"], scope(), Seq(7)).tree)
    assert '"shared"."reading" WHERE "_seq" <= 7' in text
    assert '"shared"."reading__past" WHERE "_from_seq" <= 7 AND "_to_seq" > 7' in text


def test_every_column_that_an_answer_depends_on_is_noted() -> None:
    inner = Nested("r", "readings", LEVEL, order=(Order("observed_at"),), limit=1)
    read = Read(STATIONS, (inner,), order=(Order("name"),))
    assert compile_read(read, scope()).columns == {
        (STATIONS, "name"),
        (STATIONS, "code"),
        (READINGS, "station_code"),
        (READINGS, "observed_at"),
        (READINGS, "level_m"),
    }
    one = ReadOne(STATIONS, (Leaf("n", "name"),), (("code", "A"),))
    assert compile_read(one, scope()).columns == {(STATIONS, "code"), (STATIONS, "name")}
    related = Read(
        READINGS,
        (Constant("t", "T"),),
        where=Related("station", Quantifier.SOME, Compare("name", Op.EQ, "x")),
        first_of=FirstOf(("level_m",), newest="observed_at"),
    )
    assert compile_read(related, scope()).columns == {
        (STATIONS, "code"),
        (STATIONS, "name"),
        (READINGS, "station_code"),
        (READINGS, "level_m"),
        (READINGS, "observed_at"),
    }


def test_values_are_bound_and_never_printed() -> None:
    hostile = "x'; DROP TABLE shared.reading; --"
    tree = Read(READINGS, LEVEL, where=Compare("station_code", Op.EQ, hostile))
    statement = compile_read(tree, scope())
    assert hostile not in duckdb_text(statement.tree)
    assert hostile in statement.parameters.values()


def test_a_hidden_column_and_a_missing_one_read_the_same() -> None:
    hidden = Scope(catalogue(), [grant(READINGS, ALL[:2], places=["500106"])], "key")
    messages = set()
    for name in ("level_m", "no_such_column"):
        for tree in (
            Read(READINGS, (Leaf("x", name),)),
            Read(READINGS, (Leaf("x", "station_code"),), where=Compare(name, Op.EQ, "1")),
            Read(READINGS, (Leaf("x", "station_code"),), order=(Order(name),)),
        ):
            with pytest.raises(UnknownField) as refused:
                compile_read(tree, hidden)
            messages.add(re.sub(name, "NAME", refused.value.message_en))
    assert len(messages) == 1


def test_a_data_set_without_a_grant_is_unknown_also_as_a_relation() -> None:
    only_readings = Scope(catalogue(), [grant(READINGS, ALL, places=["500106"])], "key")
    with pytest.raises(UnknownField):
        compile_read(Read(STATIONS, (Leaf("x", "name"),)), only_readings)
    with pytest.raises(UnknownField):
        compile_read(Read(READINGS, (Nested("s", "station", (Leaf("x", "name"),)),)), only_readings)


def test_a_masked_join_column_makes_no_relation() -> None:
    masked = Scope(
        catalogue(),
        [
            grant(READINGS, ALL, places=["500106"], masked=["station_code"]),
            grant(STATIONS, ["code", "name"]),
        ],
        "key",
    )
    assert masked.relations(READINGS) == {}
    assert masked.relations(STATIONS) == {}


def test_where_the_key_is_not_shown_all_that_is_shown_makes_the_order() -> None:
    """Or else the place of a row would tell when it was written."""
    whole, keyless = (
        Scope(catalogue(), [grant(READINGS, columns, places=["500106"])], "key")
        for columns in (ALL, ALL[1:])
    )
    assert whole.order(READINGS) == ("station_code", "observed_at")
    assert keyless.order(READINGS) == ("observed_at", "level_m", "place_code")
    text = duckdb_text(compile_read(Read(READINGS, LEVEL), keyless).tree)
    assert text.count('"r1"."place_code"') == 1, "sorted by though not asked for"


def test_a_core_column_in_a_grant_changes_nothing() -> None:
    """Masked, it once asked for the key of masks that nothing used, and every query failed."""
    contract = station()
    core = replace(contract.column("phone"), classification=Classification.CORE)
    city = replace(
        catalogue(), contracts={STATIONS: replace(contract, columns=(*contract.columns[:2], core))}
    )
    tree = Read(STATIONS, (Leaf("c", "code"),))
    held = grant(STATIONS, ["code", "phone"], masked=["phone"])
    assert "phone" not in duckdb_text(compile_read(tree, Scope(city, [held], "key")).tree)


def test_aliases_that_differ_only_in_case_are_refused() -> None:
    with pytest.raises(AliasClash):
        compile_read(Read(READINGS, (Leaf("a", "level_m"), Leaf("A", "observed_at"))), scope())


@pytest.mark.parametrize(
    "predicate",
    [
        Compare("level_m", Op.EQ, "text"),
        Compare("level_m", Op.CONTAINS, "1"),
        Compare("place_code", Op.EQ, "50x"),
        Compare("station_code", Op.EQ, 5),
        Compare("observed_at", Op.LT, True),  # noqa: FBT003 - a wrong value
        Within("station_code", (PlaceCode("500106"),)),
    ],
)
def test_a_value_that_does_not_fit_its_column_is_refused(predicate: Compare | Within) -> None:
    with pytest.raises(WrongValue):
        compile_read(Read(READINGS, LEVEL, where=predicate), scope())


def test_groups_over_cells_have_their_golden_statement() -> None:
    held = grant(READINGS, ALL, places=["500106"], aggregate=["level_m"], minimum_group=5)
    tree = Aggregate(
        READINGS,
        Groups(
            (Told("n", ROWS), Told("sum", Measure(Function.SUM, "level_m"))),
            where=Compare("observed_at", Op.GTE, AT),
            group_by=(Grouping(Key("place_code")),),
        ),
    )
    compiled = compile_read(tree, Scope(catalogue(), [held], "key"))
    text = sqlglot.parse_one(duckdb_text(compiled.tree), dialect="duckdb").sql(
        dialect="duckdb", pretty=True, identify=True
    )
    assert text + "\n" == (GOLDEN / "groups_over_cells.sql").read_text("utf-8"), text


def test_a_statement_of_groups_is_kept_with_its_scope() -> None:
    held, tree = scope(), TREES["groups_below_a_row"]
    assert compile_read(tree, held) is compile_read(tree, held)


def test_two_clients_with_the_same_visible_columns_have_the_same_key() -> None:
    here = Scope(catalogue(), [grant(READINGS, ALL, places=["500106"])], "key")
    there = Scope(catalogue(), [grant(READINGS, ALL, places=["500172"])], "key")
    fewer = Scope(catalogue(), [grant(READINGS, ALL[:3], places=["500106"])], "key")
    assert here.key == there.key != fewer.key


def test_a_grant_that_shows_no_column_counts_as_none() -> None:
    nothing = Scope(catalogue(), [grant(READINGS, ["no_such_column"], places=["500106"])], "key")
    assert nothing.data_sets == ()
    with pytest.raises(UnknownField):
        compile_read(Read(READINGS, LEVEL), nothing)
