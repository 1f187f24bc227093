"""`for` and `keep_firing_for` as Prometheus has them: its documented cases, and promtool itself.

With an evaluation each period, `for: n` periods is n + 1 evaluations in a row that meet the condition,
and `keep_firing_for: k` periods is k that do not. Prometheus takes a series without a sample as one
that does not meet the condition, which is what CLEAR does.
"""

import shutil
import subprocess
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
import yaml

from catalog.indicators.threshold import AlertLevel, Limit, NoData, NoDataPolicy, Rung
from indicators.alert import LIVE, AlertState, Phase, evaluate
from tests.indicators.drawing import START

HIGH, LOW, NONE = 75.0, 10.0, None
PENDING, FIRING, NOTHING = "pending", "firing", ""
OVER_50 = Limit(above=Decimal(50))
ABSENT_IS_OVER = NoDataPolicy(NoData.CLEAR)
Values = Sequence[float | None]

DOCUMENTED: list[tuple[str, int, int, Values, list[str]]] = [
    ("without `for` it fires at the first evaluation", 0, 0, [HIGH], [FIRING]),
    ("it waits for `for` to pass", 1, 0, [HIGH, HIGH], [PENDING, FIRING]),
    (
        "it must stay active during each evaluation",
        2,
        0,
        [HIGH, HIGH, LOW, HIGH, HIGH, HIGH],
        [PENDING, PENDING, NOTHING, PENDING, PENDING, FIRING],
    ),
    (
        "an instance that is down for five minutes is pending at four",
        5,
        0,
        [HIGH] * 6,
        [PENDING] * 5 + [FIRING],
    ),
    (
        "without `keep_firing_for` it ends at the first evaluation that is not met",
        0,
        0,
        [HIGH, LOW],
        [FIRING, NOTHING],
    ),
    (
        "it is kept for a minute after it was last met",
        1,
        1,
        [75, 85, 70, 70, 10, 10, 10, 10, 10],
        [PENDING, FIRING, FIRING, FIRING, FIRING, NOTHING, NOTHING, NOTHING, NOTHING],
    ),
    ("what is only pending is not kept", 1, 1, [HIGH, LOW, LOW], [PENDING, NOTHING, NOTHING]),
    (
        "a kept one that is met again need not wait once more",
        1,
        2,
        [HIGH, HIGH, LOW, HIGH, LOW, LOW, LOW],
        [PENDING, FIRING, FIRING, FIRING, FIRING, FIRING, NOTHING],
    ),
    (
        "a gap in the data is bridged",
        0,
        2,
        [HIGH, NONE, NONE, NONE],
        [FIRING, FIRING, FIRING, NOTHING],
    ),
    ("a gap ends what is pending", 2, 2, [HIGH, HIGH, NONE, HIGH], [PENDING, PENDING, "", PENDING]),
    (
        "after its end it waits for `for` again",
        1,
        1,
        [HIGH, HIGH, LOW, LOW, HIGH, HIGH],
        [PENDING, FIRING, FIRING, NOTHING, PENDING, FIRING],
    ),
]


def rung(hold: int, keep: int) -> Rung:
    return Rung(AlertLevel.RED, OVER_50, OVER_50, hold + 1, keep)


def alert_state(phase: Phase) -> str:
    return FIRING if phase in LIVE else PENDING if phase is Phase.PENDING else NOTHING


def states(rungs: tuple[Rung, ...], values: Values) -> list[AlertState]:
    state, found = AlertState(), []
    for minute, value in enumerate(values):
        at = START + timedelta(minutes=minute)
        state, _ = evaluate(state, value, at, rungs, ABSENT_IS_OVER)
        found.append(state)
    return found


def shown(hold: int, keep: int, values: Values) -> list[str]:
    """What Prometheus' `alertstate` would say after each value."""
    return [alert_state(state.phase) for state in states((rung(hold, keep),), values)]


def shown_of_two(hold: int, keep: int, values: Values, rank: int) -> list[str]:
    """The same of one level of two, the graver one above 70."""
    grave = Limit(above=Decimal(70))
    graver = Rung(AlertLevel.RED, grave, grave, hold + 1, keep)
    rungs = (graver, Rung(AlertLevel.YELLOW, OVER_50, OVER_50, hold + 1, keep))
    return [alert_state(state.levels[rank - 1].phase) for state in states(rungs, values)]


@pytest.mark.parametrize(
    ("hold", "keep", "values", "expected"),
    [case[1:] for case in DOCUMENTED],
    ids=[case[0] for case in DOCUMENTED],
)
def test_what_prometheus_documents_holds(
    hold: int, keep: int, values: Values, expected: list[str]
) -> None:
    assert shown(hold, keep, values) == expected


SPANS = [(hold, keep) for hold in range(4) for keep in range(4)]


def name(hold: int, keep: int, level: int = 50) -> str:
    return f"For{hold}Keep{keep}" + (f"Over{level}" if level != 50 else "")


def rules(levels: Sequence[int] = (50,)) -> dict[str, object]:
    return {
        "groups": [
            {
                "name": "levels",
                "rules": [
                    {
                        "alert": name(hold, keep, level),
                        "expr": f"level > {level}",
                        "for": f"{hold}m",
                        "keep_firing_for": f"{keep}m",
                    }
                    for hold, keep in SPANS
                    for level in levels
                ],
            }
        ]
    }


def promtool_test(values: Values, expected: dict[str, list[str]]) -> dict[str, object]:
    """Every minute, the alerts that are pending or firing are exactly these."""
    series = " ".join("stale" if value is None else f"{value:g}" for value in values)
    return {
        "interval": "1m",
        "input_series": [{"series": "level", "values": series}],
        "promql_expr_test": [
            {
                "expr": "ALERTS",
                "eval_time": f"{minute}m",
                "exp_samples": [
                    {
                        "labels": f'ALERTS{{alertname="{called}",alertstate="{state[minute]}"}}',
                        "value": 1,
                    }
                    for called, state in expected.items()
                    if state[minute]
                ],
            }
            for minute in range(len(values))
        ],
    }


def ask(
    promtool: str, folder: Path, tests: list[dict[str, object]], levels: Sequence[int] = (50,)
) -> str:
    """What promtool has against them; empty when it agrees."""
    (folder / "rules.yml").write_text(yaml.safe_dump(rules(levels)), "utf-8")
    asked = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": tests}
    (folder / "tests.yml").write_text(yaml.safe_dump(asked), "utf-8")
    run = subprocess.run(
        [promtool, "test", "rules", "tests.yml"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if run.returncode == 0 else run.stdout + run.stderr


@pytest.fixture
def promtool() -> str:
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not installed (Debian's package prometheus)")
    return found


def test_promtool_sees_the_same_alerts_at_every_minute(promtool: str, tmp_path: Path) -> None:
    chance = Random(28)  # noqa: S311 - the same sequences each time
    drawn = [
        [chance.choice([HIGH, HIGH, LOW, NONE]) for _ in range(chance.randint(4, 16))]
        for _ in range(150)
    ]
    tests = [
        promtool_test(values, {name(*span): shown(*span, values) for span in SPANS})
        for values in (*(case[3] for case in DOCUMENTED), *drawn)
    ]
    assert ask(promtool, tmp_path, tests) == ""


def test_promtool_objects_to_an_alert_that_is_a_minute_late(promtool: str, tmp_path: Path) -> None:
    values = [HIGH, HIGH, HIGH, LOW]
    expected = {name(*span): shown(*span, values) for span in SPANS}
    expected["For1Keep0"] = [PENDING, PENDING, FIRING, NOTHING]
    assert "For1Keep0" in ask(promtool, tmp_path, [promtool_test(values, expected)])


def test_each_level_of_two_is_an_alert_of_its_own_to_promtool(
    promtool: str, tmp_path: Path
) -> None:
    """With the same times for both; a graver level then carries nothing that would not last anyway."""
    chance = Random(29)  # noqa: S311 - the same sequences each time
    tests = []
    for _ in range(60):
        values = [chance.choice([80.0, 80.0, 60.0, LOW, NONE]) for _ in range(14)]
        expected = {name(*span, 70): shown_of_two(*span, values, 4) for span in SPANS}
        expected |= {name(*span): shown_of_two(*span, values, 2) for span in SPANS}
        tests.append(promtool_test(values, expected))
    assert ask(promtool, tmp_path, tests, (50, 70)) == ""
