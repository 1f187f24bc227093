"""One statement over all series says what the pure function says of each."""

from contextlib import closing
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.indicators.threshold import Thresholds
from catalog.places import padded
from indicators.alert import AlertState, evaluate
from indicators.evaluation import CHANGES, PHASES, evaluation
from indicators.override import rungs_at
from indicators.relation import state_of
from tests.indicators.drawing import MINUTE, PLACES, START, VALUES, thresholds
from tests.indicators.engine import Engine

GOLDEN = Path(__file__).parent / "golden" / "evaluation.sql"
SERIES = [place.code for place in PLACES]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_the_statement_and_the_function_agree_on_every_series(data: st.DataObject) -> None:
    declared = {
        code: data.draw(thresholds(overrides=2), code)
        for code in ("IN40", "IN04", "IN60")[: data.draw(st.integers(1, 3))]
    }
    with closing(Engine(declared)) as engine:
        compare(engine, declared, data)


def compare(engine: Engine, declared: dict[str, Thresholds], data: st.DataObject) -> None:
    states = {(code, place): AlertState() for code in declared for place in SERIES}
    at = START
    for _ in range(data.draw(st.integers(1, 6))):
        at += data.draw(st.sampled_from([-1, 0, 1, 2, 5])) * MINUTE
        observed = {key: data.draw(VALUES) for key in states if data.draw(st.booleans())}
        found = engine.observe(
            [
                {"indicator": code, "place": padded(place), "observed_at": at, "value": value}
                for (code, place), value in observed.items()
            ]
        )
        said = {(row["indicator"], row["place"]): row for row in found}
        for (code, place), value in observed.items():
            rungs = rungs_at(declared[code], place, at, PLACES)
            before = states[code, place]
            after, happening = evaluate(before, value, at, rungs, declared[code].no_data)
            states[code, place] = after
            row = said.pop((code, padded(place)), None)
            if after is before:
                assert row is None
                continue
            assert row is not None
            assert state_of(row) == after
            assert (row["rank_before"], row["rank_after"]) == (before.rank, after.rank)
            assert PHASES[row["phase"]] is after.phase
            change = None if row["change"] is None else CHANGES[row["change"]]
            assert change == (happening and happening.change)
        assert not said


def test_an_indicator_without_a_rule_is_not_judged() -> None:
    row: dict[str, object] = {"indicator": "IN01", "place": 1, "observed_at": START, "value": 1.0}
    with closing(Engine({})) as engine:
        assert engine.observe([row]) == []


def test_the_statement_is_the_golden_one() -> None:
    tree = evaluation("observations", "rules", "scopes", "states")
    text = tree.sql("duckdb", pretty=True, identify=True) + "\n"
    assert text == GOLDEN.read_text("utf-8")
