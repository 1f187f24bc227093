"""Questions become statements, pinned in golden files, and name nothing that was not handed in.

`VITALHUB_GOLDEN=write` renews the files; what changed is for the reviewer to read.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
import sqlglot

from catalog.catalogue import Catalogue
from catalog.errors import UnknownPlace
from catalog.ids import DatasetCode, IndicatorCode, PlaceCode
from catalog.indicators.calculation import Cumulative, Of
from catalog.indicators.errors import FanOut, UnknownColumn, UnknownIndicator
from catalog.indicators.period import Grain
from catalog.places import PlaceLevel
from indicators.compiler.compile import compile_indicators
from indicators.compiler.errors import (
    DimensionTaken,
    GrainUnfit,
    LevelUnfit,
    NestedWindow,
    NotAdditive,
)
from indicators.compiler.question import Era, Question
from query.errors import UnlockedStatement
from query.print import duckdb_text
from query.relation import ScopedRelation, whole_relation
from tests.indicator_data import PLACES, contracts, text
from tests.indicators.compiler.test_traps import merged
from tests.indicators.compiler.warehouse import (
    Warehouse,
    at_city,
    defined,
    definitions,
    place,
    question,
)

GOLDEN = Path(__file__).parent / "golden"
EVENT = "data_set: event_fact, time: opened_on"
COUNT = f"simple: {{{EVENT}, aggregation: count}}"
KNOWN = defined(
    n=COUNT,
    zeros=f"{COUNT}\nfill: {{kind: zero}}\nfreshness: P1D\nlag: PT6H",
    fires=f"simple: {{{EVENT}, aggregation: count, where: {{kind: {{eq: fire}}}}}}",
    share="ratio: {numerator: fires, denominator: n, factor: 100}",
    sent="simple: {data_set: dispatch, time: sent_on, aggregation: count, place: event_fact.place_code}",
    each="derived: {formula: sent / n}",
    week="rolling: {of: n, window: {count: 7, unit: day}}",
    month_back="rolling: {of: n, window: {count: 1, unit: month}}",
    so_far="to_date: {of: n, grain: month}",
    kinds=f"distinct: {{{EVENT}, value: kind}}",
    week_kinds="rolling: {of: kinds, window: {count: 7, unit: day}}",
    moved="offset: {of: n, window: {count: 1, unit: month}, movement: change}",
    stock=f"semi_additive: {{{EVENT}, value: minutes, entity: [grid_id], carry: P3D}}",
    told=f"reported: {{{EVENT}, value: minutes}}",
    lasting=f"simple: {{{EVENT}, aggregation: max, value: minutes}}\nfill: {{kind: carry, periods: 3}}",
    upper="band: {of: n, bound: upper, seasons: 4, every: 7}",
    here=f"{COUNT}\nadditivity: {{time: none, kind: none}}",
    plain="simple: {data_set: dispatch, time: sent_on, aggregation: count}",
)
DISTRICTS = [PlaceLevel.DISTRICT]
QUESTIONS: Mapping[str, Question] = {
    "a_count": question("n"),
    "a_count_where_no_rows_are_zero": question("zeros"),
    "two_measures_of_one_pass_and_their_ratio": question("share", levels=DISTRICTS),
    "facts_of_two_data_sets_by_a_dimension_of_one": question(
        "each", dimensions=["event_fact.kind"]
    ),
    "a_trailing_week": question("week", levels=DISTRICTS),
    "a_trailing_month": question("month_back"),
    "month_to_date_by_months": question("so_far", grain=Grain.MONTH),
    "different_kinds_in_a_week": question("week_kinds"),
    "month_on_month": question("moved", grain=Grain.MONTH),
    "a_stock_that_is_carried": question("stock", levels=DISTRICTS),
    "what_was_reported": question("told", levels=DISTRICTS),
    "a_value_that_is_carried_on": question("lasting"),
    "an_expected_band": question("upper"),
    "two_levels_of_places_within_one": question(
        "n", levels=[PlaceLevel.DISTRICT, PlaceLevel.TOWNSHIP], within=["500106"]
    ),
    "places_of_two_times": question(
        "n", since=date(2025, 11, 5), until=date(2025, 11, 8), levels=DISTRICTS
    ),
}  # fmt: skip


def eras(name: str) -> tuple[Era, ...]:
    before, after = merged()
    two = (Era(None, before), Era(date(2025, 11, 6), after))
    return two if name == "places_of_two_times" else ()


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_statement_is_the_golden_one(name: str) -> None:
    compiled = Warehouse().compiled(QUESTIONS[name], KNOWN, eras(name))
    text = duckdb_text(compiled.statement.tree)
    shown = sqlglot.parse_one(text, dialect="duckdb").sql("duckdb", pretty=True, identify=True)
    values = "".join(
        f"-- ${name}: {value}\n" for name, value in sorted(compiled.statement.bound().items())
    )
    file = GOLDEN / f"{name}.sql"
    if os.environ.get("VITALHUB_GOLDEN") == "write":
        file.write_text(f"{values}{shown}\n", "utf-8")
    assert f"{values}{shown}\n" == file.read_text("utf-8")


def test_every_golden_file_has_its_question() -> None:
    assert {file.stem for file in GOLDEN.glob("*.sql")} == set(QUESTIONS)


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_engine_runs_it(name: str) -> None:
    warehouse = Warehouse()

    answers = warehouse.ask(QUESTIONS[name], KNOWN, eras(name))

    assert {answer[f"{QUESTIONS[name].indicators[0]}__status"] for answer in answers} <= {"missing"}


def test_values_are_bound_and_never_written() -> None:
    quoted = defined(n=COUNT.replace("}", ', where: {kind: {eq: "it\'s"}}}'))
    statement = Warehouse().compiled(question("n"), quoted).statement

    assert "it's" in statement.parameters.values()
    assert "it'" not in duckdb_text(statement.tree)
    assert {p.name for p in statement.tree.find_all(sqlglot.exp.Parameter)} == set(
        statement.parameters
    )


def test_what_a_value_depends_on_is_derived_with_its_joins() -> None:
    reads = Warehouse().compiled(question("each"), KNOWN).reads[IndicatorCode("each")]

    assert reads == {
        ("event_fact", "opened_on"), ("event_fact", "place_code"), ("event_fact", "event_id"),
        ("dispatch", "sent_on"), ("dispatch", "event_id"),
    }  # fmt: skip


def test_only_the_relations_that_were_handed_in_are_read() -> None:
    """A scope's filter is kept below every measure, whatever it is made of."""
    warehouse = Warehouse()
    rows = [{"event_id": i, "opened_on": date(2026, 3, 1), "minutes": i} for i in range(4)]
    warehouse.put("event_fact", rows)

    def scoped(data_set: DatasetCode) -> ScopedRelation:
        whole = whole_relation(contracts()[data_set])
        return replace(whole, tree=whole.tree.where("minutes > 1"))

    asked = question("n", "week", "stock", "kinds", until=date(2026, 3, 2))
    catalogue = Catalogue(contracts(), {}, PLACES)
    statement = compile_indicators(asked, KNOWN, catalogue, relations=scoped).statement
    found = warehouse.engine.execute(duckdb_text(statement.tree), dict(statement.bound()))
    names = [column[0] for column in found.description or []]
    answer = dict(zip(names, found.fetchall()[0], strict=True))

    assert (answer["n"], answer["week"]) == (2, 2)
    assert statement.data_sets == {"event_fact"}


def test_a_statement_that_reads_or_calls_anything_else_is_never_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as faulty:
        faulty.setattr("indicators.compiler.compile.dense", lambda *_: "elsewhere")
        with pytest.raises(UnlockedStatement, match="table elsewhere"):
            Warehouse().compiled(question("n"), KNOWN)
    call = sqlglot.exp.Anonymous(this="getenv", expressions=[])
    monkeypatch.setattr("indicators.compiler.told.Values.value", lambda *_: call.copy())
    with pytest.raises(UnlockedStatement, match="function getenv"):
        Warehouse().compiled(question("n"), KNOWN)


def test_a_column_that_a_relation_hides_reads_as_what_is_not_there() -> None:
    def hidden(data_set: DatasetCode) -> ScopedRelation:
        whole = whole_relation(contracts()[data_set])
        return replace(
            whole, tree=whole.tree.select("event_id", "opened_on", "place_code", append=False)
        )

    catalogue = Catalogue(contracts(), {}, PLACES)
    with pytest.raises(UnknownColumn, match="column kind"):
        compile_indicators(question("fires"), KNOWN, catalogue, relations=hidden)


def test_a_window_over_a_window_is_refused_whoever_defined_it() -> None:
    code = IndicatorCode("twice")
    twice = replace(
        KNOWN[IndicatorCode("week")], code=code, calculation=Cumulative(Of(IndicatorCode("week")))
    )
    with pytest.raises(NestedWindow):
        Warehouse().compiled(question("twice"), {**KNOWN, code: twice})


def test_an_hour_of_five_minutes_holds_twelve_steps() -> None:
    """Three events in two hours; the hour after the last of them is empty again."""
    known = definitions(
        text("n", COUNT.replace("opened_on", "opened_at"), "five_minutes"),
        text("hour", "rolling: {of: n, window: {count: 1, unit: hour}}", "five_minutes"),
    )
    warehouse = Warehouse()
    seen = [at_city(2026, 3, 1, 8, 2), at_city(2026, 3, 1, 8, 4), at_city(2026, 3, 1, 8, 59)]
    warehouse.put("event_fact", [{"event_id": i, "opened_at": at} for i, at in enumerate(seen)])

    asked = question("n", "hour", grain=Grain.FIVE_MINUTES, until=date(2026, 3, 2))
    fives = {
        answer["start"]: (answer["n"], answer["hour"]) for answer in warehouse.ask(asked, known)
    }
    hours = warehouse.ask(question("hour", grain=Grain.HOUR, until=date(2026, 3, 2)), known)

    assert len(fives) == 288
    assert fives[datetime(2026, 3, 1, 8)] == (2, 2)
    assert fives[datetime(2026, 3, 1, 8, 55)] == (1, 3)
    assert fives[datetime(2026, 3, 1, 9)] == (None, 1)
    assert fives[datetime(2026, 3, 1, 9, 55)] == (None, None)
    assert [answer["hour"] for answer in hours[7:11]] == [None, 3, None, None]


def test_a_place_that_lies_only_partly_within_is_not_told() -> None:
    warehouse = Warehouse()
    town = place("500106001")
    warehouse.put(
        "event_fact", [{"event_id": 1, "opened_on": date(2026, 3, 1), "place_code": town}]
    )
    levels = [PlaceLevel.CITY, PlaceLevel.DISTRICT, PlaceLevel.TOWNSHIP]

    answers = warehouse.ask(
        question("n", until=date(2026, 3, 2), levels=levels, within=["500106001"]), KNOWN
    )

    assert [(answer["level"], answer["place"], answer["n"]) for answer in answers] == [
        ("township", town, 1)
    ]


def test_places_outside_of_the_scope_are_not_assessed() -> None:
    scoped = dict(KNOWN)
    code = IndicatorCode("n")
    scope = replace(KNOWN[code].places, areas=(PlaceCode("500106"),))
    scoped[code] = replace(KNOWN[code], places=scope)
    warehouse = Warehouse(places=merged()[1])

    answers = warehouse.ask(question("n", levels=DISTRICTS, until=date(2026, 3, 2)), scoped)

    assert {answer["n__status"] for answer in answers} == {"not_applicable"}


def test_zeros_are_not_told_of_places_outside_of_the_scope() -> None:
    code = IndicatorCode("zeros")
    areas = (PlaceCode("500109"),)
    scoped = {**KNOWN, code: replace(KNOWN[code], places=replace(KNOWN[code].places, areas=areas))}
    warehouse = Warehouse(places=merged()[1])
    north = place("500109")
    warehouse.put(
        "event_fact", [{"event_id": 1, "opened_on": date(2026, 3, 1), "place_code": north}]
    )

    answers = warehouse.ask(question("zeros", levels=DISTRICTS, until=date(2026, 3, 3)), scoped)

    found = {(a["place"] == north, a["zeros"], a["zeros__status"]) for a in answers}
    assert found == {(True, 1, "normal"), (True, 0, "late"), (False, None, "not_applicable")}


def test_stale_data_and_late_publication_are_told() -> None:
    warehouse = Warehouse()
    warehouse.put("event_fact", [{"event_id": 1, "opened_on": date(2026, 3, 1)}])
    asked = replace(question("zeros", until=date(2026, 3, 9)), as_of=at_city(2026, 3, 4, 3))

    answers = warehouse.ask(asked, KNOWN)

    assert [(a["zeros"], a["zeros__status"], a["zeros__reason"]) for a in answers] == [
        (1, "normal", None),
        (0, "late", "stale_data"),
        (0, "late", "stale_data"),
        (0, "late", "stale_data"),
    ]
    early = replace(asked, as_of=at_city(2026, 3, 2, 3))
    assert [a["zeros__reason"] for a in warehouse.ask(early, KNOWN)] == [
        "within_lag",
        "stale_data",
    ]


def test_nothing_is_zero_before_there_was_data() -> None:
    warehouse = Warehouse()
    warehouse.put("event_fact", [{"event_id": 1, "opened_on": date(2026, 3, 3)}])

    answers = warehouse.ask(question("zeros", until=date(2026, 3, 4)), KNOWN)

    assert [(a["zeros"], a["zeros__reason"]) for a in answers][:2] == [
        (None, "before_data"),
        (None, "before_data"),
    ]


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        (question("nobody"), UnknownIndicator),
        (question("n", grain=Grain.HOUR), GrainUnfit),
        (question("moved", grain=Grain.YEAR), GrainUnfit),
        (question("moved", grain=Grain.WEEK), GrainUnfit),
        (question("upper", grain=Grain.MONTH), NotAdditive),
        (question("here", grain=Grain.MONTH, dimensions=["kind"]), NotAdditive),
        (question("here"), NotAdditive),
        (question("n", levels=[PlaceLevel.VILLAGE]), LevelUnfit),
        (question("plain", levels=DISTRICTS), LevelUnfit),
        (question("n", within=["999999"]), UnknownPlace),
        (question("n", dimensions=["Level"]), DimensionTaken),
        (question("n", "kinds", dimensions=["kinds"]), DimensionTaken),
        (question("n", dimensions=["kind", "kind"]), DimensionTaken),
        (question("n", dimensions=["dispatch.dept"]), FanOut),
    ],
)
def test_what_cannot_be_answered_rightly_is_refused(
    asked: Question, error: type[Exception]
) -> None:
    with pytest.raises(error):
        Warehouse().compiled(asked, KNOWN)


def test_what_is_told_apart_by_what_may_not_be_put_together_is_answered() -> None:
    compiled = Warehouse().compiled(question("here", dimensions=["kind"]), KNOWN)

    assert compiled.statement.data_sets == {"event_fact"}
