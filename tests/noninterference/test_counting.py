"""Non-interference of aggregates: what a grant hides changes no group and nothing that is told of one."""

from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from query.errors import UnlockedStatement
from tests.noninterference.cases import EXAMPLES, Case, Question, answers, show
from tests.noninterference.counting import counting_case, numbered_counting_case
from tests.noninterference.mutants.counts import MUTANTS
from tests.noninterference.mutants.mutant import Mutant
from tests.noninterference.stage import Stage

CASES = 200


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(rng=st.randoms(use_true_random=True))
def test_worlds_equal_in_what_is_shown_are_told_of_in_the_same_groups(
    stages: tuple[Stage, Stage], rng: Random
) -> None:
    case = counting_case(rng)
    show(case, stages)
    for question in case.questions:
        ours, theirs = answers(case, question, stages)
        note(f"{case.grants}\n{case.ours}\n{case.theirs}\n{question}\n{ours}\n{theirs}")
        assert ours.content == theirs.content
        assert (ours.fault, theirs.fault) == (None, None), "a question is answered or refused"


def test_the_aggregates_say_something(stages: tuple[Stage, Stage]) -> None:
    seen: Counter[str] = Counter()
    for number in range(40):
        case = numbered_counting_case(number)
        show(case, stages)
        for question in case.questions:
            content = answers(case, question, stages)[0].content
            seen["groups"] += content.startswith((b"[{", b'{"')) and b" in rows: " in content
            seen["refused"] += content.startswith(b'{"message"')
    assert seen["groups"] > 15
    assert 10 < seen["refused"] < 50


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_aggregates_catch_the_mutant_that(stages: tuple[Stage, Stage], mutant: Mutant) -> None:
    case, question = _caught(stages, mutant)
    right = answers(case, question, stages)
    assert right[0] == right[1]
    with mutant.at_work(unlocked=False):
        ours, theirs = answers(case, question, stages)
    assert isinstance(ours.fault, UnlockedStatement) == mutant.locked
    assert mutant.locked or ours.content != theirs.content


def _caught(stages: tuple[Stage, Stage], mutant: Mutant) -> tuple[Case, Question]:
    for number in (mutant.case, *range(CASES)):
        case = numbered_counting_case(number)
        show(case, stages)
        for question in case.questions:
            with mutant.at_work(unlocked=True):
                ours, theirs = answers(case, question, stages)
            if ours.content != theirs.content:
                return case, question
    pytest.fail(f"no case of {CASES} catches it")


def test_the_proof_page_lists_every_mutant_of_aggregates() -> None:
    page = (Path(__file__).parents[2] / "docs" / "proof.md").read_text("utf-8")
    for mutant in MUTANTS:
        lock = "refuses" if mutant.locked else "passes"
        assert f"| {mutant.name.replace('_', ' ')} | caught | {lock} |" in page
