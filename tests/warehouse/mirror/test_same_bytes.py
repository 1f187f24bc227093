"""The same tree through both stores gives the same bytes, or the mirror leaves it to the engine."""

import os
from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from query.compile import compile_read
from tests.warehouse.mirror.both import Both
from tests.warehouse.mirror.things import Asking, any_rows, any_scope, contracts
from warehouse.engine import Answer

EXAMPLES = int(os.environ.get("VITALHUB_EXAMPLES", "10"))
QUESTIONS = 25


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    made = Both(tmp_path_factory.mktemp("both"), contracts())
    yield made
    made.close()


def told(answer: Answer) -> tuple[bytes, int]:
    """The engine writes the zero with a minus as one or the other, by how it found the row."""
    return answer.content.replace(b":-0.0", b":0.0"), answer.rows


def compared(both: Both, rng: Random) -> Counter[str]:
    """What became of some questions about some rows."""
    seen: Counter[str] = Counter()
    both.show({code: any_rows(rng, code) for code in contracts()})
    for _ in range(QUESTIONS):
        scope = any_scope(rng)
        if not scope.data_sets:
            continue
        tree = Asking(rng, scope).tree()
        statement = compile_read(tree, scope)
        engine, mirror = both.engine(statement), both.mirror(statement)
        seen["asked"] += 1
        if mirror is not None:
            assert told(mirror) == told(engine), f"{tree}\n{engine}\n{mirror}"
            seen["answered"] += 1
            seen["with rows"] += engine.rows > 0
    return seen


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(rng=st.randoms(use_true_random=True))
def test_what_the_mirror_answers_is_what_the_engine_answers_to_the_byte(
    both: Both, rng: Random
) -> None:
    compared(both, rng)
    assert not both.standings.doubted, "a statement that SQLite did not take"


def test_the_mirror_answers_most_of_what_it_is_asked(both: Both) -> None:
    """Or the property would say nothing."""
    seen = sum((compared(both, Random(n)) for n in range(4)), Counter[str]())  # noqa: S311
    assert seen["answered"] > 0.7 * seen["asked"], seen
    assert seen["with rows"] > 0.3 * seen["asked"], seen
