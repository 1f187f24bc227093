"""Operations as a reader runs them: from kept answers or the row mirror, and else not at all.

Rules: they are the hub's own steps up to the reading, so what is answered here is what the hub would answer;
whatever cannot be answered whole and without an error is left to the hub before anything is recorded. What a
template reads is compiled when it is first asked for, since nothing is read here that could teach it.
"""

from typing import Never

from graphql import OperationType

from hub.readers.engine import LeftToHub
from schema.caller import Caller
from schema.data.kept import KeptAnswers
from schema.document import Prepared
from schema.memory import Memory
from schema.operation import Operations
from schema.reply import Request
from schema.templates import Filled, Moment, Template
from schema.view import View
from warehouse.engine import Engine

LEARNED = 4_096
"""Templates that are remembered as looked at."""


class ReaderMemory(Memory):
    """Learns what a template reads from the template itself."""

    def __init__(self, engine: Engine, kept: KeptAnswers) -> None:
        super().__init__(engine, kept)
        self._learned: dict[int, Template] = {}

    def now(self, filled: Filled) -> Moment | None:
        template = filled.template
        if template.ready is None and self._learned.get(id(template)) is not template:
            self.learn(template)
            if len(self._learned) >= LEARNED:
                self._learned.clear()
            self._learned[id(template)] = template
        return super().now(filled)


class ReaderOperations(Operations):
    """`run` raises LeftToHub, or whatever else is wrong: the hub says what."""

    def memory(self, engine: Engine) -> Memory:
        return ReaderMemory(engine, self.kept)

    async def prepare(self, request: Request, caller: Caller, view: View) -> Prepared:
        prepared = await super().prepare(request, caller, view)
        if prepared.errors or prepared.introspects_only:
            raise LeftToHub
        if prepared.operation(request.operation_name).operation is not OperationType.QUERY:
            raise LeftToHub
        return prepared

    async def _read(self, _: object) -> Never:
        raise LeftToHub
