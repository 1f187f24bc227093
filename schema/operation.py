"""Runs one operation and puts its reply together.

Rules: a reply that holds data leaves only after its usage record was written; its bytes are what the
record's digest is of; an answer that depends on the schema alone is computed once for each view.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter

import anyio
from graphql import GraphQLError, OperationDefinitionNode, OperationType

from access.limits import ClientLimits
from query.price import Price, Sizes
from schema.allowance import Allowance, allowance_of
from schema.caller import Caller
from schema.conclusion import Started, concluded, turned_away
from schema.context import Operation, Services, blocking
from schema.data.interface import Calls
from schema.data.kept import KeptAnswers
from schema.data.plan import Reading
from schema.data.planning import check_as_of, check_price, variables_of
from schema.data.whole import answered
from schema.document import Prepared
from schema.errors import (
    DocumentNotAllowed,
    DocumentUnknown,
    MethodNotAllowed,
    QueueFull,
    SubscriptionNeedsSocket,
    reply_of,
    wrong_variable,
)
from schema.executor import executed
from schema.explainer import Explainer
from schema.introspection import MAX_MIXED, Introspection, check_introspection
from schema.long_reads import LongReads
from schema.memory import Memory
from schema.metered import Metered
from schema.observation import note_document, note_operation, note_price, note_wait
from schema.outcome import INLINE, Outcome, usage_of
from schema.places import Places, weight_of
from schema.provenance import Grades
from schema.recall import Recall
from schema.repeats import Repeats
from schema.replay import Replays
from schema.reply import Reply, Request, refusal
from schema.sizes import PublishedSizes
from schema.templates import Filled, Templates
from schema.text import check_variables
from schema.turns import Weight
from schema.view import View
from warehouse.engine import Engine
from warehouse.priority import stand_back


@dataclass(frozen=True, slots=True)
class _Asked:
    """An operation that may run."""

    prepared: Prepared
    request: Request
    caller: Caller
    view: View
    request_id: str
    operation: OperationDefinitionNode
    filled: Filled
    price: Price | None
    started: Started


class Operations:
    """Runs operations for callers; one for the whole server, so that its places bound the engine."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.observer = services.observer
        self.kept = KeptAnswers(services.result_cache_bytes)
        self._places = Places(services.query_threads + 1)  # heavy ones leave one free
        self._pool = anyio.CapacityLimiter(self._places.number)
        self._heavy = ThreadPoolExecutor(self._places.number, "heavy", initializer=stand_back)
        self._sizes = PublishedSizes(services.engine)
        self._replays = Replays(services, self._places, self._heavy)
        self._grades = Grades(services.quality)
        memory = self.memory(services.engine)
        self._recall = Recall(memory, self._grades, LongReads(self._places))
        self._templates = Templates()
        most = services.result_cache_bytes // 4
        self.repeats = Repeats(services.engine, services.limits, most, self._record)
        self._introspection = Introspection()
        self._explainer = Explainer(services, self._sizes, self.allowance)

    def memory(self, engine: Engine) -> Memory:
        """Where answers are that need not be read."""
        return Memory(engine, self.kept)

    async def run(self, request: Request, caller: Caller, view: View, request_id: str) -> Reply:
        """A DocumentRefused, or a GraphQLError with one as its cause, when nothing can run."""
        with self.observer.call(request_id, "websocket") as call:
            reply = await self._answer(request, caller, view, request_id)
            call.size = len(reply.content)
            return reply

    async def _answer(self, request: Request, caller: Caller, view: View, request_id: str) -> Reply:
        limits = self._services.limits.of(caller.principal.client)
        request = await self.whole(request, caller)
        note_document(caller.principal.client, request.operation_name, request.query)
        prepared = await self.prepare(request, caller, view)
        if prepared.errors:
            return refusal([reply_of(error, request_id) for error in prepared.errors])
        if prepared.is_live(request.operation_name):
            raise SubscriptionNeedsSocket
        if prepared.introspects_only:
            wrong = _unfit(prepared, request, view, request_id)
            return wrong or await self._introspection.answer(prepared, request, view)
        check_introspection(prepared.document, view, MAX_MIXED)
        return await self._reply(prepared, request, caller, view, request_id, limits)

    async def whole(self, request: Request, caller: Caller) -> Request:
        """The request with its text. DocumentUnknown, DocumentNotAllowed."""
        client, services = caller.principal.client, self._services
        if request.document is None:
            if services.limits.of(client).documents_only:
                raise DocumentNotAllowed
            return request
        text = await blocking(services.documents.text, client, request.document)
        if text is None:
            raise DocumentUnknown(id=request.document[:80])
        return replace(request, query=text)

    async def prepare(self, request: Request, caller: Caller, view: View) -> Prepared:
        """The document, which may run when it has no errors and its variables fit."""
        check_variables(request.variables)
        prepared = view.documents.known(request.query)
        if prepared is None:
            prepared = await blocking(view.documents.prepare, request.query)
        operation = prepared.operation(request.operation_name)
        note_operation(operation.name.value if operation.name else None)
        if request.reads_only and operation.operation is not OperationType.QUERY:
            raise MethodNotAllowed(allowed="POST")
        if prepared.errors and caller.undecided:
            raise caller.purpose_required()
        return prepared

    async def execute(
        self,
        prepared: Prepared,
        request: Request,
        caller: Caller,
        view: View,
        request_id: str,
        metered: Metered | None = None,
    ) -> Outcome | Reply:
        """What it came to, and nobody told yet; a refusal when nothing could run. QueueFull, and
        QuotaSpent where it is `metered`.
        """
        with self.observer.call(request_id, "live") as call:  # where no other call is under way
            if call.document is None:
                call.asked(caller.principal.client, request.operation_name, request.query)
            return await self._execute(prepared, request, caller, view, request_id, metered)

    async def _execute(
        self,
        prepared: Prepared,
        request: Request,
        caller: Caller,
        view: View,
        request_id: str,
        metered: Metered | None,
    ) -> Outcome | Reply:
        services = self._services
        operation = prepared.operation(request.operation_name)
        values = self._templates.coerced(prepared, operation, request.variables, view)
        if isinstance(values, list):
            return _misfits(values, request_id)
        allowed = self.allowance(caller)
        filled = self._templates.filled(
            prepared, operation, values, view, caller.scope, allowed.page_limit
        )
        plan = filled.template.plan
        check_as_of(plan, services.clock)
        price = None
        if plan.fields:
            sizes = self._sizes.known
            if sizes is None:
                sizes = await blocking(self._sizes.read)
            price = self._price(filled, sizes, allowed.budget)
        if metered is not None:
            await metered.enter(plan, filled.template.grants)
        started = Started()
        if operation.operation is OperationType.QUERY:
            client = caller.principal.client
            outcome = await self._recall.outcome(request, filled, price, started, client)
            if outcome is not None:
                return outcome
        asked = _Asked(
            prepared, request, caller, view, request_id, operation, filled, price, started
        )
        return await self._read(asked)

    async def _read(self, asked: _Asked) -> Outcome | Reply:
        """Through the queue, with whatever resolvers it has."""
        services, caller, plan = self._services, asked.caller, asked.filled.plan
        calls = Calls(services.interfaces, caller.scope)
        await calls.settle(plan)  # before a place is taken: nobody waits for a live service with it
        async with AsyncExitStack() as held:
            weight = Weight.CHEAP
            if asked.price is not None:
                weight = weight_of(asked.price.total)
                waiting = perf_counter()
                place = self._places.place(caller.principal.client, weight)
                try:
                    await held.enter_async_context(place)
                except QueueFull as full:
                    if not plan.calls:
                        raise
                    return turned_away(calls, asked.started, reply_of(full, asked.request_id))
                note_wait(perf_counter() - waiting)
            reading = Reading(
                services.engine,
                caller.scope,
                pool=self._heavy if weight is Weight.HEAVY else self._pool,
                seconds=services.query_seconds,
                check_inputs=services.sharing.check_inputs,
                live=asked.operation.operation is OperationType.SUBSCRIPTION,
                kept=self.kept,
            )
            held.push_async_callback(reading.close)
            context = Operation(
                services,
                caller,
                reading,
                plan,
                self._grades.of,
                asked.request_id,
                self._replays.replay,
                partial(self._explainer.explain, caller, asked.view, asked.request_id),
                calls,
                asked.price,
            )
            if plan.whole is not None:
                data, failed = await answered(plan.whole, plan, reading)
            else:
                data, failed = await executed(asked.prepared, asked.request, asked.view, context)
            if data is None and not any(error.path for error in failed):
                return refusal([reply_of(error, asked.request_id) for error in failed])
            errors = [reply_of(error, asked.request_id) for error in failed]
            told = context, asked.started, data, errors
            read = reading.noted or calls.noted
            outcome = await blocking(concluded, *told) if read else concluded(*told)
            return outcome if failed else self._recall.learned(asked.request, asked.filled, outcome)

    def _price(self, filled: Filled, sizes: Sizes, budget: int) -> Price:
        """What the operation may read. AnswerTooLarge, QueryTooExpensive."""
        price = filled.template.priced(sizes)
        note_price(price.whole.total)
        check_price(price, filled.template.plan, budget)
        return price.whole

    @property
    def places(self) -> Places:
        """What an export takes turns in, too."""
        return self._places

    @property
    def waiting(self) -> int:
        """Operations that wait for a place."""
        return self._places.waiting

    def allowance(self, caller: Caller) -> Allowance:
        """What one operation of this caller may ask for."""
        limits = self._services.limits.of(caller.principal.client)
        return allowance_of(limits, self._services.price_budget)

    async def _reply(
        self,
        prepared: Prepared,
        request: Request,
        caller: Caller,
        view: View,
        request_id: str,
        limits: ClientLimits,
    ) -> Reply:
        with Metered(self._services.usage.meter, caller) as call:
            outcome = await self._execute(prepared, request, caller, view, request_id, call)
            if isinstance(outcome, Reply):
                return outcome
            if len(outcome.data) > INLINE:
                return await blocking(self._record, outcome, request, caller, request_id, call)
            self.repeats.keep(request, caller, view, outcome, limits)
            return self._record(outcome, request, caller, request_id, call)

    def _record(
        self,
        outcome: Outcome,
        request: Request,
        caller: Caller,
        request_id: str,
        call: Metered | None = None,
    ) -> Reply:
        """Encode, record, and only then hand out. UsageLogUnavailable stops the reply."""
        content = outcome.content(self._services.clock.now())
        if not outcome.source.columns:
            return Reply(content.bytes, ran=True)
        log = self._services.usage
        usage = usage_of(outcome, content, request, caller, request_id, log.keep)
        recorded = log.record(usage, None if call is None else call.held)
        return Reply(
            content.bytes,
            ran=True,
            usage=recorded,
            tag=outcome.tag,
            unchanged=outcome.unchanged,
        )


def _unfit(prepared: Prepared, request: Request, view: View, request_id: str) -> Reply | None:
    """The refusal when the variables do not fit."""
    operation = prepared.operation(request.operation_name)
    values = variables_of(view.schema, operation, request.variables)
    return _misfits(values, request_id) if isinstance(values, list) else None


def _misfits(errors: list[GraphQLError], request_id: str) -> Reply:
    return refusal([wrong_variable(error, request_id) for error in errors])
