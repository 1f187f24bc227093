"""The property and the second lock are put to the proof by wrong compilers. `docs/proof.md` has the table."""

from pathlib import Path

import pytest

from query.errors import UnlockedStatement
from tests.noninterference.cases import Case, Question, answers, numbered_case, show
from tests.noninterference.mutants.mutant import Mutant
from tests.noninterference.mutants.registry import MUTANTS
from tests.noninterference.stage import Stage

CASES = 200


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_property_catches_the_mutant_that(stages: tuple[Stage, Stage], mutant: Mutant) -> None:
    """Without the second lock. With it, the same question is refused, or not, as the registry says."""
    case, question = _caught(stages, mutant)
    right = answers(case, question, stages)
    assert right[0] == right[1]
    with mutant.at_work(unlocked=False):
        ours, theirs = answers(case, question, stages)
    assert isinstance(ours.fault, UnlockedStatement) == mutant.locked
    assert mutant.locked or ours.content != theirs.content


def _caught(stages: tuple[Stage, Stage], mutant: Mutant) -> tuple[Case, Question]:
    for number in (mutant.case, *range(CASES)):
        case = numbered_case(number)
        show(case, stages)
        for question in case.questions:
            with mutant.at_work(unlocked=True):
                ours, theirs = answers(case, question, stages)
            if ours.content != theirs.content:
                return case, question
    pytest.fail(f"no case of {CASES} catches it")


def test_the_proof_page_lists_every_mutant_and_what_the_second_lock_does() -> None:
    page = (Path(__file__).parents[2] / "docs" / "proof.md").read_text("utf-8")
    for mutant in MUTANTS:
        lock = "refuses" if mutant.locked else "passes"
        assert f"| {mutant.name.replace('_', ' ')} | caught | {lock} |" in page
