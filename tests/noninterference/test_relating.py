"""Non-interference of related rows and pages: what a grant hides changes no condition on related rows, no
order by them, no first row of a group, no page and no page behind or before one.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from random import Random

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from query.tree import Connection
from tests.noninterference.cases import (
    EXAMPLES,
    Answer,
    Question,
    answers,
    any_case,
    same_answer,
    show,
)
from tests.noninterference.relating import any_relating, kinds_of
from tests.noninterference.stage import Stage

KINDS = frozenset(
    {"Related some", "Related every", "Related none", "Order", "OrderThrough", "OrderByTotal",
     "first row", "newest row", "Connection", "Read", "page behind", "page before"}
)  # fmt: skip


def next_page(question: Question, answer: Answer) -> Iterator[Question]:
    """The page behind the first answered row, or before the last."""
    tree = question.tree
    if not isinstance(tree, Connection):
        return
    edges = orjson.loads(answer.content.rpartition(b" in rows: ")[0] or b"{}").get("e")
    if edges and tree.backward:
        yield replace(question, tree=replace(tree, before=edges[-1]["c"]))
    elif edges:
        yield replace(question, tree=replace(tree, after=edges[0]["c"]))


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(rng=st.randoms(use_true_random=True))
def test_worlds_equal_in_what_is_shown_relate_order_and_page_the_same(
    stages: tuple[Stage, Stage], rng: Random
) -> None:
    case = any_case(rng, ask=any_relating)
    show(case, stages)
    for first in case.questions:
        for question in next_page(first, same_answer(case, first, stages)):
            same_answer(case, question, stages)


def test_every_kind_of_question_is_asked_and_answered(stages: tuple[Stage, Stage]) -> None:
    answered: Counter[str] = Counter()
    refused = 0
    for number in range(100):
        case = any_case(Random(number), ask=any_relating)  # noqa: S311 - nothing here is a secret
        show(case, stages)
        for first in case.questions:
            ours, _ = answers(case, first, stages)
            refused += ours.content.startswith(b'{"message"')
            if b" in rows: " in ours.content:
                answered.update(kinds_of(first.tree))
                for question in next_page(first, ours):
                    answered.update(kinds_of(question.tree))
    assert not KINDS - {kind for kind, times in answered.items() if times}
    assert 25 < refused < 150
