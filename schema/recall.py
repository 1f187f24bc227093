"""The outcome of an operation that need not be read, and the tags by which its caller need not be sent it.

Rules: who has the answer of this very moment is told so, before anything else is looked for; that is
recorded like an answer, with the outcome NOT_MODIFIED; tags are for GET alone.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from catalog.ids import ClientId
from query.price import Price
from schema.conclusion import Started, recalled, unchanged
from schema.context import blocking
from schema.data.kept import Kept
from schema.long_reads import INLINE_ROWS, LongReads
from schema.memory import Memory
from schema.outcome import Outcome, Source
from schema.provenance import Grades, provenance_of
from schema.reply import Request
from schema.tag import holds, tag_of
from schema.templates import Filled, Moment, Template


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
            source = await self._source(filled.template, moment, price)
            return replace(unchanged(source, started), tag=tag)
        found = await self._found(filled, moment, 0 if price is None else price.brought, client)
        if found is None:
            return None
        source = await self._source(filled.template, moment, price)
        outcome = recalled(moment.ready.roots, found, source, started)
        return outcome if tag is None else replace(outcome, tag=tag)

    async def _found(
        self, filled: Filled, moment: Moment, rows: int, client: ClientId
    ) -> Mapping[str, Kept] | None:
        if rows <= INLINE_ROWS or not self._memory.mirrors(moment):
            return self._memory.read(moment, filled.values)
        read = partial(self._memory.read, moment, filled.values, rows)
        return await self._long_reads.run(client, read)

    def learned(self, request: Request, filled: Filled, outcome: Outcome) -> Outcome:
        """The outcome of a reading without errors, after which the template may be answered from memory."""
        self._memory.learn(filled.template)
        ready = filled.template.ready
        if ready is None or not request.reads_only:
            return outcome
        seqs = {each.data_set: each.version for each in outcome.source.provenance}
        return replace(outcome, tag=tag_of(filled, ready, seqs))

    async def _source(self, template: Template, moment: Moment, price: Price | None) -> Source:
        known, total = moment.source, None if price is None else price.total
        if known is None or known.price != total:
            catalogue = template.scope.catalogue
            told = await blocking(provenance_of, moment.publications, catalogue, self._grades.of)
            known = Source(told, moment.ready.columns, total, moment.published.seq)
            moment.source = known
        return known
