"""Runs one operation and puts its reply together.

Rules: a reply that holds data leaves only after its usage record was written; its bytes are what the
record's digest is of; an answer that depends on the schema alone is computed once for each view.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from inspect import isawaitable
from time import perf_counter

import anyio
import orjson
from graphql import ExecutionResult, GraphQLError, OperationType, execute
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from query.price import Price
from schema.caller import Caller
from schema.context import Operation, Services, blocking
from schema.data.interface import Calls
from schema.data.plan import RawJson, Reading
from schema.data.planning import Plan, check_as_of, check_price, plan_of, priced, variables_of
from schema.document import Prepared
from schema.errors import (
    DocumentNotAllowed,
    DocumentUnknown,
    ErrorBody,
    MethodNotAllowed,
    QueueFull,
    SubscriptionNeedsSocket,
    reply_of,
    wrong_variable,
)
from schema.explainer import Explainer
from schema.introspection import MAX_MIXED, Introspection, check_introspection
from schema.metered import Metered
from schema.observation import note_document, note_operation, note_price, note_rows, note_wait
from schema.outcome import Outcome, answer_of, usage_of
from schema.places import Places, weight_of
from schema.provenance import Grades, provenance_of
from schema.replay import Replays
from schema.reply import Reply, Request, refusal
from schema.sizes import PublishedSizes
from schema.text import check_variables
from schema.turns import Weight
from schema.view import View
from warehouse.priority import stand_back


class SplicingExecutor(StrawberryGraphQLCoreExecutionContext):
    """Takes a field's finished JSON as it is; everything else is completed as ever."""

    def complete_value(self, return_type, field_details_list, info, path, result, position_context):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - the signature is graphql-core's
        if type(result) is RawJson:
            return orjson.Fragment(result.content)
        return super().complete_value(
            return_type, field_details_list, info, path, result, position_context
        )


class Operations:
    """Runs operations for callers; one for the whole server, so that its places bound the engine."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.observer = services.observer
        self._places = Places(services.query_threads)
        self._pool = anyio.CapacityLimiter(self._places.number)
        self._heavy = ThreadPoolExecutor(self._places.number, "heavy", initializer=stand_back)
        self._sizes = PublishedSizes(services.engine)
        self._replays = Replays(services, self._places, self._pool, self._heavy)
        self._grades = Grades(services.quality)
        self._introspection = Introspection()
        self._explainer = Explainer(services, self._sizes, self.budget)

    async def run(self, request: Request, caller: Caller, view: View, request_id: str) -> Reply:
        """A DocumentRefused, or a GraphQLError with one as its cause, when nothing can run."""
        with self.observer.call(request_id, "websocket") as call:
            reply = await self._answer(request, caller, view, request_id)
            call.size = len(reply.content)
            return reply

    async def _answer(self, request: Request, caller: Caller, view: View, request_id: str) -> Reply:
        request = await self.whole(request, caller)
        note_document(caller.principal.client, request.operation_name, request.query)
        prepared = await self.prepare(request, caller, view)
        if prepared.errors:
            return refusal([reply_of(error, request_id) for error in prepared.errors])
        if prepared.is_live(request.operation_name):
            raise SubscriptionNeedsSocket
        if prepared.introspects_only():
            wrong = _unfit(prepared, request, view, request_id)
            return wrong or await self._introspection.answer(prepared, request, view)
        check_introspection(prepared.document, view, MAX_MIXED)
        return await self._reply(prepared, request, caller, view, request_id)

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
        values = variables_of(view.schema, operation, request.variables)
        if isinstance(values, list):
            return _misfits(values, request_id)
        plan = plan_of(view.schema, view.shapes, prepared.document, operation, values)
        check_as_of(plan, services.clock.now())
        price = await self._price(plan, caller) if plan.fields else None
        if metered is not None:
            await metered.enter(plan)
        started = _Started(datetime.now(UTC), perf_counter())  # usage runs on system time
        calls = Calls(services.interfaces, caller.scope)
        await calls.settle(plan)  # before a place is taken: nobody waits for a live service with it
        async with AsyncExitStack() as held:
            weight = Weight.CHEAP
            if price is not None:
                weight = weight_of(price.total)
                asked = perf_counter()
                place = self._places.place(caller.principal.client, weight)
                try:
                    await held.enter_async_context(place)
                except QueueFull as full:
                    if not plan.calls:
                        raise
                    return _turned_away(calls, started, reply_of(full, request_id))
                note_wait(perf_counter() - asked)
            reading = Reading(
                services.engine,
                caller.scope,
                pool=self._pool,
                heavy=self._heavy if weight is Weight.HEAVY else None,
                seconds=services.query_seconds,
                check_inputs=services.sharing.check_inputs,
                live=operation.operation is OperationType.SUBSCRIPTION,
            )
            held.push_async_callback(reading.close)
            context = Operation(
                services,
                caller,
                reading,
                plan,
                self._grades.of,
                request_id,
                self._replays.replay,
                partial(self._explainer.explain, caller, view, request_id),
                calls,
                price,
            )
            result = await _run(prepared, request, view, context)
            failed = result.errors or []
            if result.data is None and not any(error.path for error in failed):
                return refusal([reply_of(error, request_id) for error in failed])
            errors = [reply_of(error, request_id) for error in failed]
            return await blocking(_outcome, context, started, result, errors)

    async def _price(self, plan: Plan, caller: Caller) -> Price:
        """What the operation may read. AnswerTooLarge, QueryTooExpensive."""
        sizes = self._sizes.known
        if sizes is None:
            sizes = await blocking(self._sizes.read)
        price = priced(plan, caller.scope, sizes)
        note_price(price.whole.total)
        check_price(price, plan, self.budget(caller))
        return price.whole

    @property
    def waiting(self) -> int:
        """Operations that wait for a place."""
        return self._places.waiting

    def budget(self, caller: Caller) -> int:
        """The price that one operation of this caller may have."""
        own = self._services.limits.of(caller.principal.client).price_budget
        return self._services.price_budget if own is None else own

    async def _reply(
        self, prepared: Prepared, request: Request, caller: Caller, view: View, request_id: str
    ) -> Reply:
        with Metered(self._services.usage.meter, caller) as call:
            outcome = await self.execute(prepared, request, caller, view, request_id, call)
            if isinstance(outcome, Reply):
                return outcome
            return await blocking(self._record, outcome, request, caller, request_id, call)

    def _record(
        self, outcome: Outcome, request: Request, caller: Caller, request_id: str, call: Metered
    ) -> Reply:
        """Encode, record, and only then hand out. Blocking; UsageLogUnavailable stops the reply."""
        content = outcome.content(self._services.clock.now())
        if not outcome.columns:
            return Reply(content.bytes, ran=True)
        usage = usage_of(outcome, content, request, caller, request_id)
        return Reply(content.bytes, ran=True, usage=self._services.usage.record(usage, call.held))


@dataclass(frozen=True, slots=True)
class _Started:
    at: datetime
    seconds: float


async def _run(
    prepared: Prepared, request: Request, view: View, context: Operation
) -> ExecutionResult:
    running = execute(
        view.schema,
        prepared.document,
        context_value=context,
        variable_values=dict(request.variables),
        operation_name=request.operation_name,
        executor_class=SplicingExecutor,
        hide_suggestions=True,
    )
    return await running if isawaitable(running) else running


def _outcome(
    context: Operation, started: _Started, result: ExecutionResult, errors: list[ErrorBody]
) -> Outcome:
    """Blocking."""
    reading, calls = context.reading, context.calls
    note_rows(reading.rows + calls.rows)
    columns = {code: n.columns for code, n in reading.noted.items()}
    columns |= {code: n.columns for code, n in calls.noted.items()}
    catalogue = reading.scope.catalogue
    return Outcome(
        data=orjson.dumps(result.data),
        errors=tuple(errors),
        provenance=provenance_of(reading.publications(), catalogue, context.grade),
        columns={code: tuple(sorted(names)) for code, names in sorted(columns.items())},
        rows=reading.rows + calls.rows,
        price=None if context.price is None else context.price.total,
        version=reading.version,
        answer=answer_of(
            {n: v for n, v in (result.data or {}).items() if n in context.plan.fields}
        ),
        started=started.at,
        seconds=perf_counter() - started.seconds,
        live=calls.sources(),
    )


def _turned_away(calls: Calls, started: _Started, error: ErrorBody) -> Outcome:
    """No place for the data fields, while live services were asked: that is recorded all the same."""
    return Outcome(
        data=b"null",
        errors=(error,),
        provenance=(),
        columns=dict.fromkeys(sorted(calls.noted), ()),
        rows=0,
        price=None,
        version=None,
        answer=answer_of({}),
        started=started.at,
        seconds=perf_counter() - started.seconds,
        live=calls.sources(),
    )


def _unfit(prepared: Prepared, request: Request, view: View, request_id: str) -> Reply | None:
    """The refusal when the variables do not fit."""
    operation = prepared.operation(request.operation_name)
    values = variables_of(view.schema, operation, request.variables)
    return _misfits(values, request_id) if isinstance(values, list) else None


def _misfits(errors: list[GraphQLError], request_id: str) -> Reply:
    return refusal([wrong_variable(error, request_id) for error in errors])
