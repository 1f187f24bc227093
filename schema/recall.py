"""The outcome of an operation that need not be read, and the tags by which its caller need not be sent it.

Rules: who has the answer of this very moment is told so, before anything else is looked for; that is
recorded like an answer, with the outcome NOT_MODIFIED; tags are for GET alone.
"""

from dataclasses import replace
from functools import partial

from catalog.ids import ClientId
from query.price import Price
from schema.conclusion import Started, recalled, unchanged
from schema.context import blocking
from schema.long_reads import INLINE_ROWS, LongReads
from schema.memory import Memory, Moment, Remembered
from schema.outcome import Outcome
from schema.provenance import Grades, Provenance, provenance_of
from schema.reply import Request
from schema.tag import holds, tag_of
from schema.templates import Filled, Template


class Recall:
    """For one event loop."""

    def __init__(self, memory: Memory, grades: Grades, long_reads: LongReads) -> None:
        self._memory = memory
        self._grades = grades
        self._long_reads = long_reads

    async def outcome(
        self,
        request: Request,
        filled: Filled,
        price: Price | None,
        started: Started,
        client: ClientId,
    ) -> Outcome | None:
        """None where it has to be read. QueueFull."""
        moment = self._memory.now(filled)
        if moment is None:
            return None
        tag = tag_of(filled, moment.ready, moment.seqs) if request.reads_only else None
        if tag is not None and holds(request.have, tag):
            return replace(unchanged(moment, price, started), tag=tag)
        told = await self._told(filled, moment, 0 if price is None else price.brought, client)
        if told is None:
            return None
        provenance = await self._provenance(filled.template, moment)
        outcome = recalled(told, moment, provenance, price, started)
        return outcome if tag is None else replace(outcome, tag=tag)

    async def _told(
        self, filled: Filled, moment: Moment, rows: int, client: ClientId
    ) -> Remembered | None:
        if rows <= INLINE_ROWS or not self._memory.mirrors(moment):
            return self._memory.read(filled, moment)
        return await self._long_reads.run(client, partial(self._memory.read, filled, moment, rows))

    def learned(self, request: Request, filled: Filled, outcome: Outcome) -> Outcome:
        """The outcome of a reading without errors, after which the template may be answered from memory."""
        self._memory.learn(filled.template)
        ready = filled.template.ready
        if ready is None or not request.reads_only:
            return outcome
        seqs = {each.data_set: each.version for each in outcome.provenance}
        return replace(outcome, tag=tag_of(filled, ready, seqs))

    async def _provenance(self, template: Template, moment: Moment) -> tuple[Provenance, ...]:
        known = template.provenance(moment.published)
        if known is None:
            catalogue = template.scope.catalogue
            known = await blocking(provenance_of, moment.publications, catalogue, self._grades.of)
            template.keep_provenance(moment.published, known)
        return known
