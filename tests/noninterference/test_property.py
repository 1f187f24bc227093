"""Non-interference: what a grant hides changes nothing that its holder is answered."""

from collections import Counter
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.noninterference.cases import (
    EXAMPLES,
    answers,
    any_case,
    numbered_case,
    same_answer,
    show,
)
from tests.noninterference.stage import Stage


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(rng=st.randoms(use_true_random=True))
def test_worlds_equal_in_what_is_shown_answer_byte_for_byte_the_same(
    stages: tuple[Stage, Stage], rng: Random
) -> None:
    case = any_case(rng)
    show(case, stages)
    for question in case.questions:
        same_answer(case, question, stages)


def test_the_cases_say_something(stages: tuple[Stage, Stage]) -> None:
    """Many answers have rows, some are refusals, and nearly always the worlds do differ."""
    seen: Counter[str] = Counter()
    for number in range(25):
        case = numbered_case(number)
        show(case, stages)
        seen["worlds differ"] += case.ours.history != case.theirs.history
        for question in case.questions:
            content = answers(case, question, stages)[0].content
            seen["rows"] += content.startswith((b"[{", b'{"')) and b" in rows: " in content
            seen["refused"] += content.startswith(b'{"message"')
    assert seen["worlds differ"] > 22
    assert seen["rows"] > 12
    assert 5 < seen["refused"] < 25
