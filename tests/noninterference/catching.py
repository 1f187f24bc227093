"""What each set of wrong compilers has to stand: some case tells every one of them from the right compiler,
the second lock refuses what the set says it refuses, and the proof page lists it.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from query.errors import UnlockedStatement
from tests.noninterference.cases import Answer, Case, Question, answers, show
from tests.noninterference.mutants.mutant import Mutant
from tests.noninterference.stage import Stage

CASES = 200
PAGE = Path(__file__).parents[2] / "docs" / "proof.md"
Stages = tuple[Stage, Stage]
Numbered = Callable[[int], Case]
"""The same case each time."""


def check_caught(stages: Stages, mutant: Mutant, numbered: Numbered) -> None:
    """Without the second lock. With it, the same question is refused, or not, as the mutant says."""
    case, question = _caught(stages, mutant, numbered)
    right = answers(case, question, stages)
    assert right[0] == right[1]
    ours, theirs = _at_work(stages, mutant, case, question, unlocked=False)
    assert isinstance(ours.fault, UnlockedStatement) == mutant.locked
    assert mutant.locked or ours.content != theirs.content


def check_listed(mutants: Iterable[Mutant]) -> None:
    page = PAGE.read_text("utf-8")
    for mutant in mutants:
        lock = "refuses" if mutant.locked else "passes"
        assert f"| {mutant.name.replace('_', ' ')} | caught | {lock} |" in page


def _caught(stages: Stages, mutant: Mutant, numbered: Numbered) -> tuple[Case, Question]:
    for number in (mutant.case, *range(CASES)):
        case = numbered(number)
        show(case, stages)
        for question in case.questions:
            ours, theirs = _at_work(stages, mutant, case, question, unlocked=True)
            if ours.content != theirs.content:
                return case, question
    pytest.fail(f"no case of {CASES} catches it")


def _at_work(
    stages: Stages, mutant: Mutant, case: Case, question: Question, *, unlocked: bool
) -> tuple[Answer, Answer]:
    with mutant.at_work(unlocked=unlocked):
        return answers(case, question, stages)
