"""Non-interference of aggregates: what a grant hides changes no group and nothing that is told of one."""

from collections import Counter
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.noninterference.cases import EXAMPLES, answers, same_answer, show
from tests.noninterference.catching import check_caught, check_listed
from tests.noninterference.counting import counting_case, numbered_counting_case
from tests.noninterference.mutants.counts import MUTANTS
from tests.noninterference.mutants.mutant import Mutant
from tests.noninterference.stage import Stage


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
        same_answer(case, question, stages)


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
    check_caught(stages, mutant, numbered_counting_case)


def test_the_proof_page_lists_every_mutant_of_aggregates() -> None:
    check_listed(MUTANTS)
