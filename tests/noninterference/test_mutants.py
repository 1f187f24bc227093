"""The property and the second lock are put to the proof by wrong compilers. `docs/proof.md` has the table."""

import pytest

from tests.noninterference.cases import numbered_case
from tests.noninterference.catching import Stages, check_caught, check_listed
from tests.noninterference.mutants.mutant import Mutant
from tests.noninterference.mutants.registry import MUTANTS


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_property_catches_the_mutant_that(stages: Stages, mutant: Mutant) -> None:
    check_caught(stages, mutant, numbered_case)


def test_the_proof_page_lists_every_mutant_and_what_the_second_lock_does() -> None:
    check_listed(MUTANTS)
