"""One case of the property: a grant, two worlds and some questions; and what each world answers.

An answer is what leaves the hub: rows, or an error's code and texts.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

import orjson

from catalog.contracts import Contract
from catalog.errors import UserError, VitalhubError
from catalog.ids import DatasetCode
from catalog.sharing.grant import Grant, Part
from catalog.sharing.scope import all_places
from query import compile as compiler
from query.relation import Scope, whole_grant_columns
from query.tree import Tree
from schema.errors import reply_of
from tests.noninterference.city import contracts
from tests.noninterference.grants import any_grants
from tests.noninterference.questions import any_question
from tests.noninterference.stage import Stage
from tests.noninterference.worlds import World, two_worlds
from tests.shared_data import PLACES, grant

EXAMPLES = int(os.environ.get("VITALHUB_EXAMPLES", "150"))
QUESTIONS = 2
Ask = Callable[[Random, Scope, Mapping[DatasetCode, Contract]], tuple[Tree, datetime | None]]


@dataclass(frozen=True, slots=True)
class Question:
    """`after_a_neighbour`: in the first world a client that may read everything asked the same before."""

    tree: Tree
    as_of: datetime | None
    after_a_neighbour: bool


@dataclass(frozen=True, slots=True)
class Case:
    grants: tuple[Grant, ...]
    ours: World
    theirs: World
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """`fault`: an error that is no caller's mistake; its text stays inside."""

    content: bytes
    fault: Exception | None = None


def any_case(rng: Random, held: tuple[Grant, ...] | None = None, ask: Ask = any_question) -> Case:
    held = any_grants(rng, contracts()) if held is None else held
    ours, theirs = two_worlds(rng, held)
    scope = ours.scope(held)
    questions = tuple(
        Question(*ask(rng, scope, contracts()), after_a_neighbour=rng.random() < 0.3)
        for _ in range(QUESTIONS)
    )
    return Case(held, ours, theirs, questions)


def numbered_case(number: int) -> Case:
    """The same one each time."""
    return any_case(Random(number))  # noqa: S311 - nothing here is a secret


def show(case: Case, stages: tuple[Stage, Stage]) -> None:
    for stage, world in zip(stages, (case.ours, case.theirs), strict=True):
        stage.show(world)


def answers(case: Case, question: Question, stages: tuple[Stage, Stage]) -> tuple[Answer, Answer]:
    """What each world answers; the stages show them already."""
    if question.after_a_neighbour:
        neighbour = case.ours.scope([_everything(contract) for contract in contracts().values()])
        with suppress(VitalhubError):
            compiler.compile_read(question.tree, neighbour)
    return (
        answer(stages[0], question, case.ours.scope(case.grants)),
        answer(stages[1], question, case.theirs.scope(case.grants)),
    )


def same_answer(case: Case, question: Question, stages: tuple[Stage, Stage]) -> Answer:
    """What both worlds answer; AssertionError when they differ or fail."""
    ours, theirs = answers(case, question, stages)
    assert ours.content == theirs.content, (
        f"{case.grants}\n{case.ours}\n{case.theirs}\n{question}\n{ours}\n{theirs}"
    )
    assert (ours.fault, theirs.fault) == (None, None), "a question is answered or refused"
    return ours


def answer(stage: Stage, question: Question, scope: Scope) -> Answer:
    try:
        with stage.warehouse.session(question.as_of) as session:
            statement = compiler.compile_read(question.tree, scope, session.at)
            read = session.read(statement)
    except UserError as refused:
        return Answer(orjson.dumps(reply_of(refused, "request")))
    except Exception as fault:  # noqa: BLE001 - whatever goes wrong, all that leaves is this
        return Answer(b"INTERNAL", fault)
    return Answer(read.content + b" in rows: %d" % read.rows)


def _everything(contract: Contract) -> Grant:
    places = None if contract.place_column is None else all_places(PLACES)
    part = Part(whole_grant_columns(contract), places)
    return replace(grant(contract.data_set, ()), parts=(part,))
