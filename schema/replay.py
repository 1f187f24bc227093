"""Runs a recorded operation again, as it was: its text, its grants, its version; never shows a row.

Rules: the grants are those of the record, ended ones too, read from the registry by their ids; the
version is the recorded one; nothing is read but the data fields, so no resolver of the core runs. What
comes out is whether the answer is equal, with both digests and counts.
"""

from concurrent.futures import Executor
from dataclasses import dataclass

import orjson

from access.readback import record_at, text_of
from access.record import Kept, Replayed, UsageId, UsageRecord, number_of
from access.roles import Capability
from catalog.errors import UserError
from catalog.ids import ClientId, DatasetCode, GrantId, Seq
from catalog.sharing.errors import UnknownGrant
from catalog.sharing.grant import Grant
from catalog.sharing.provision import OWN, own_grant
from query.relation import Scope
from schema.context import Services, blocking
from schema.data.plan import Reading
from schema.data.planning import MAX_ROWS, Plan, plan_of, variables_of
from schema.errors import NotReplayable, UnknownKey
from schema.outcome import answer_of
from schema.places import Places
from schema.reply import Request
from schema.turns import Weight
from schema.view import build_view


@dataclass(frozen=True, slots=True)
class _Prepared:
    record: UsageRecord
    scope: Scope
    plan: Plan


class Replays:
    def __init__(self, services: Services, places: Places, heavy: Executor) -> None:
        self._services = services
        self._places = places
        self._heavy = heavy

    async def replay(self, usage: str, auditor: ClientId) -> Replayed:
        """UnknownKey, NotReplayable. It waits for a turn of the auditor's own."""
        prepared = await blocking(self._prepared, usage)
        record = prepared.record
        async with self._places.place(auditor, Weight.HEAVY):
            reading = Reading(
                self._services.engine,
                prepared.scope,
                pool=self._heavy,
                version=None if record.version is None else Seq(record.version),
                seconds=self._services.query_seconds,
                check_inputs=lambda _: None,
            )
            try:
                answer = {
                    name: orjson.Fragment((await reading.answer(f.tree, f.as_of)).content)
                    for name, f in prepared.plan.fields.items()
                }
            finally:
                await reading.close()
        recorded = record.answer or ""
        return Replayed(UsageId(usage), record, recorded, answer_of(answer), reading.rows)

    def _prepared(self, usage: str) -> _Prepared:
        folder, number = self._services.usage.folder, number_of(usage)
        record = None if number is None else record_at(folder, number)
        if record is None:
            raise UnknownKey(key=usage[:40], what="usage record", what_zh="使用记录")
        if record.media is not None:
            raise _not(
                usage,
                "它是一次导出，行的先后不固定",
                "it was an export, whose rows have no fixed order",
            )
        if record.outcome != "OK":
            raise _not(usage, f"当时的结果是 {record.outcome}", f"it came to {record.outcome}")
        if record.calls:
            raise _not(
                usage,
                "它调用了实时服务接口，应答无法重现",
                "it asked a live service, which has no past",
            )
        text = text_of(folder, record.asked) if isinstance(record.asked, Kept) else None
        if text is None or record.answer is None or not isinstance(record.asked, Kept):
            raise _not(usage, "当时未保存操作的文本", "its operation was not kept")
        request = Request(text, orjson.loads(record.asked.variables), record.asked.operation_name)
        if request.digest != record.operation:
            raise _not(usage, "保存的操作与摘要不符", "the kept operation differs from its digest")
        scope = Scope(self._services.catalogue(), self._grants(record), self._services.mask_key)
        return _Prepared(record, scope, _plan(usage, request, scope))

    def _grants(self, record: UsageRecord) -> list[Grant]:
        """As they were won; a contract that has moved on leaves its data set out of the scope."""
        return [grant for code in record.grants if (grant := self._grant(code, record)) is not None]

    def _grant(self, code: GrantId, record: UsageRecord) -> Grant | None:
        catalogue = self._services.catalogue()
        if code.startswith(OWN):
            data_set = DatasetCode(code.removeprefix(OWN))
            known = data_set in catalogue.contracts
            return own_grant(catalogue, data_set, record.client) if known else None
        try:
            return self._services.sharing.grant(code).grant
        except UnknownGrant:
            return None


def _plan(usage: str, request: Request, scope: Scope) -> Plan:
    """The data fields as they are planned today."""
    moved = _not(
        usage,
        "数据集的契约或接口在此后有不兼容的变化",
        "a contract, or the API, has changed since so that it no longer fits",
    )
    view = build_view(frozenset(Capability), scope)
    try:
        prepared = view.documents.prepare(request.query)
        operation = prepared.operation(request.operation_name)
    except UserError:
        raise moved from None
    if prepared.errors:
        raise moved
    values = variables_of(view.schema, operation, request.variables)
    if isinstance(values, list):
        raise moved
    document = prepared.document
    plan = plan_of(view.schema, view.shapes, document, operation, values, MAX_ROWS)
    if plan.refused or not plan.fields:
        raise moved
    return plan


def _not(usage: str, problem_zh: str, problem: str) -> NotReplayable:
    return NotReplayable(usage=usage, problem_zh=problem_zh, problem=problem)
