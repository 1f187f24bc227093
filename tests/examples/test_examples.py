"""The examples of the documents run as they stand there, and between them they show every argument."""

import json
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLSchema,
    build_client_schema,
    get_introspection_query,
)

from access.roles import Capability
from schema.core.assembly import core_schema
from tests.acceptance.calls import People
from tests.examples.arguments import Names, shown
from tests.examples.documents import ASKS, Example, examples_of, filled, pages
from tests.examples.running import answer_of

STILL_MISSING: frozenset[str] = frozenset()
"""Arguments that no example shows yet. It only ever shrinks."""


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_example_of_a_page_answers(
    page: Path, people: People, given: dict[str, object]
) -> None:
    answers: dict[str, object] = {"given": given}
    wrong: list[str] = []
    for example in examples_of(page):
        try:
            variables = filled(example.variables, answers)
            assert isinstance(variables, dict)
            answer = answer_of(example, people, variables)
            wrong += problem_of(example, answer)
        except (LookupError, ValueError) as missing:
            wrong.append(f"{example.place}: {missing!r}")
            continue
        if example.name is not None:
            answers[example.name] = answer
    assert not wrong, "\n".join(wrong)


def test_every_argument_is_shown_by_an_example(people: People) -> None:
    wanted: set[str] = set()
    found: set[str] = set()
    core = Names(core_schema(frozenset(Capability)), ())
    names = {ASKS: names_of(people, ASKS)}
    for page in pages():
        for example in examples_of(page):
            if example.client not in names:
                names[example.client] = names_of(people, example.client)
            found |= shown(example, names[example.client])
    wanted = core.points() | names[ASKS].points()
    missing = wanted - found
    assert missing == STILL_MISSING, "\n".join(sorted(missing))


def names_of(people: People, client: str) -> Names:
    """The schema of a client as it sees it itself."""
    caller = people[client]
    schema: GraphQLSchema = build_client_schema(caller.ask(get_introspection_query()))
    return Names(schema, tuple(caller.ask("{ me { dataSets } }")["me"]["dataSets"]))


def problem_of(example: Example, answer: Any) -> list[str]:
    """What is not as the page says: an error, another one than is shown, or nothing to see."""
    expected = example.marks.get("error")
    codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
    empty = expected is None and example.marks.get("empty") != "yes"
    if codes == ([] if expected is None else [expected]) and not (
        empty and not all(map(_filled, answer["data"].values()))
    ):
        return []
    return [f"{example.place}: {json.dumps(answer, ensure_ascii=False)[:1000]}"]


def _filled(value: Any) -> bool:
    """Whether there is anything to see: an empty list, also as the rows of a page, shows nothing."""
    if isinstance(value, dict):
        lists = [inner for inner in value.values() if isinstance(inner, list)]
        return not lists or any(lists)
    return value not in (None, [], "")
