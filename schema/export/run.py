"""Runs exports: the same way as any operation until it reads, then piece by piece to the reader.

Rules: token, purpose, plan, price, quota and turn come before anything is read, and the record of the
beginning before anything leaves; an export is heavy, and of those that are under way a client has CLIENT_EXPORTS and
all together EXPORTS; a caller whose token or grants have ended reads no further; every export that
began is recorded as ended, however it ended.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

import anyio

from catalog.ids import ClientId, DatasetCode
from query.relation import Scope
from schema.context import Services, blocking
from schema.data.asked import Asked
from schema.data.planning import Plan, PlannedField, check_as_of, fragments_of, variables_of
from schema.errors import QueueFull, ScopeChanged
from schema.export.account import Account
from schema.export.making import Workplace
from schema.export.plan import ExportPlan, check_export_price, export_plan
from schema.export.reading import ExportReading
from schema.export.sending import Sender
from schema.export.transfer import Transfer
from schema.export.wanted import Refused, Wanted
from schema.metered import Metered
from schema.observation import note_document, note_price
from schema.operation import Operations
from schema.places import RETRY_SECONDS, Places
from schema.sizes import PublishedSizes
from schema.turns import Weight
from warehouse.priority import stand_back

EXPORTS = 4
"""Under way at a time; each holds some tens of megabytes and a version of the data."""
CLIENT_EXPORTS = 2


class Exports:
    """For one event loop."""

    def __init__(self, services: Services, operations: Operations) -> None:
        self._services = services
        self._operations = operations
        self._sizes = PublishedSizes(services.engine)
        self._under_way = Places(EXPORTS + 1)  # heavy ones leave one free
        self._clients: Counter[ClientId] = Counter()

    async def run(self, asked: Wanted, sender: Sender) -> None:
        """Refused, and what any operation may raise, while nothing has left. Afterwards it raises
        nothing but TransferCut.
        """
        services = self._services
        wanted, plan = await self._planned(asked)
        caller = wanted.caller
        with Metered(services.usage.meter, caller) as call:
            await call.enter(Plan({plan.name: _field(plan)}))
            async with self._place(caller.principal.client):
                reading = ExportReading(
                    services.engine,
                    caller.scope,
                    plan,
                    wanted.form,
                    services.sharing.check_inputs,
                )
                pool = ThreadPoolExecutor(1, "export", initializer=stand_back)
                try:
                    await blocking(reading.open, services.export_rows)
                    account = Account(services.usage, wanted, call.held)
                    await blocking(account.begin, reading)
                    workplace = Workplace(self._operations.places, pool)
                    transfer = Transfer(plan, reading, account, workplace, sender)
                    await transfer.run(partial(blocking, self.still, wanted, reading.columns))
                finally:
                    with anyio.CancelScope(shield=True):
                        await blocking(reading.close)
                    pool.shutdown(wait=False)

    def still(self, wanted: Wanted, data_sets: Iterable[DatasetCode]) -> None:
        """ScopeChanged, InputWithdrawn, the errors of the token: the caller may read these no more. Blocking."""
        then, now = wanted.caller.scope, wanted.again().scope
        for code in data_sets:
            if now is not then and not _alike(then, now, code):
                raise ScopeChanged
            self._services.sharing.check_inputs(code)

    async def _planned(self, wanted: Wanted) -> tuple[Wanted, ExportPlan]:
        """The plan, and what is wanted with its text."""
        operations, caller, view = self._operations, wanted.caller, wanted.view
        request = await operations.whole(wanted.request, caller)
        note_document(caller.principal.client, request.operation_name, request.query)
        prepared = await operations.prepare(request, caller, view)
        if prepared.errors:
            raise Refused(prepared.errors)
        operation = prepared.operation(request.operation_name)
        values = variables_of(view.schema, operation, request.variables)
        if isinstance(values, list):
            raise Refused(values, variables=True)
        fragments = fragments_of(prepared.document)
        allowed = operations.allowance(caller)
        limit = allowed.page_limit
        asked = Asked(view.schema, fragments, operation, values, view.shapes, limit)
        plan = export_plan(asked, caller.scope, wanted.form, self._services.export_rows)
        sizes = self._sizes.known
        if sizes is None:
            sizes = await blocking(self._sizes.read)
        price = check_export_price(plan, caller.scope, sizes, allowed.budget)
        note_price(price.total)
        check_as_of(Plan({plan.name: _field(plan)}), self._services.clock)
        return replace(wanted, request=request), plan

    @asynccontextmanager
    async def _place(self, client: ClientId) -> AsyncIterator[None]:
        """QueueFull."""
        if self._clients[client] >= CLIENT_EXPORTS:
            raise QueueFull(seconds=RETRY_SECONDS)
        self._clients[client] += 1
        try:
            async with self._under_way.place(client, Weight.HEAVY):
                yield
        finally:
            self._clients[client] -= 1


def _field(plan: ExportPlan) -> PlannedField:
    return PlannedField(plan.name, plan.node, plan.tree, plan.as_of)


def _alike(then: Scope, now: Scope, code: DatasetCode) -> bool:
    """Whether the caller's grant on the data set, and its contract, are what they were."""
    if code not in now.data_sets or now.grant(code) != then.grant(code):
        return False
    return now.catalogue.contracts[code] == then.catalogue.contracts[code]
