"""Answers interface fields: coerced arguments -> one call of the live service -> the granted members.

Rules: the calls of an operation are made side by side before anything else of it runs, so that nobody
waits for a live service while holding a place in the engine; hidden members never enter the reply and
masked ones only as their keyed hash, applied to each reply anew, because answers are shared between
callers; every call is noted for `extensions.data` and the usage log, also one that failed; together
with asOf none is made.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

import anyio.to_thread
import orjson
from graphql import GraphQLResolveInfo

from catalog.clock import CITY_ZONE
from catalog.contracts import Column, Contract, Kind, camel
from catalog.errors import VitalhubError
from catalog.ids import DatasetCode, PlaceCode
from catalog.places import padded
from catalog.predicate import Scalar
from catalog.sharing.grant import Visibility
from connectors.calling.answer import Row, Value
from connectors.calling.errors import InterfaceLiveOnly
from connectors.calling.service import Answered, InterfaceService
from query.relation import Scope
from schema.data.filters import scalar_of
from schema.data.granted import grants_of
from schema.data.interface_types import interface_of, visible_members
from schema.data.planning import Plan, PlannedCall
from schema.provenance import LiveSource
from schema.purpose import check_one_purpose

CALLED, CACHED = "CALLED", "CACHED"


@dataclass(slots=True)
class Noted:
    """What one operation has asked of an interface."""

    columns: set[str] = field(default_factory=set)
    outcomes: list[str] = field(default_factory=list)
    """Of each call: CALLED, CACHED or the error's code."""
    called_at: datetime | None = None
    """Of the oldest answer."""


@dataclass(slots=True)
class Calls:
    """The live side of one operation."""

    service: InterfaceService
    scope: Scope
    noted: dict[DatasetCode, Noted] = field(default_factory=dict)
    rows: int = 0
    _came: dict[str, Answered | Exception] = field(default_factory=dict)
    """What each field came to, by its name in the reply."""

    async def settle(self, plan: Plan) -> None:
        """Make all calls of an operation, side by side; what goes wrong waits for its field.
        PurposeRequired before any where the operation would serve several purposes.
        """
        if plan.calls:
            check_one_purpose(await anyio.to_thread.run_sync(grants_of, plan, self.scope))
            asking = (self._settled(plan, call) for call in plan.calls.values())
            self._came = dict(zip(plan.calls, await asyncio.gather(*asking), strict=True))

    def came(self, name: str) -> Answered:
        """The field's answer, or its error."""
        found = self._came[name]
        if isinstance(found, Exception):
            raise found
        return found

    async def _settled(self, plan: Plan, call: PlannedCall) -> Answered | Exception:
        contract = self.scope.catalogue.contracts[call.interface]
        noted = self.noted.setdefault(call.interface, Noted())
        if plan.as_of is not None:
            noted.outcomes.append(InterfaceLiveOnly.code)
            return InterfaceLiveOnly(interface=camel(call.interface))
        try:
            answered = await self.service.ask(contract, _asked(contract, call))
        except Exception as wrong:  # noqa: BLE001 - raised again where its field stands
            kind = wrong if isinstance(wrong, VitalhubError) else VitalhubError
            noted.outcomes.append(kind.code)
            return wrong
        noted.outcomes.append(CACHED if answered.cached else CALLED)
        at = answered.answer.called_at
        noted.called_at = at if noted.called_at is None else min(at, noted.called_at)
        self.rows += len(answered.answer.rows)
        return answered

    def sources(self) -> tuple[LiveSource, ...]:
        return tuple(
            LiveSource(
                interface=code,
                called_at=noted.called_at,
                from_cache=CACHED in noted.outcomes,
                outcomes=tuple(noted.outcomes),
                source_level=self.scope.catalogue.contracts[code].level.value,
            )
            for code, noted in sorted(self.noted.items())
        )


class LiveContext:
    """What the resolvers below need of an operation's context."""

    calls: Calls
    plan: Plan


@dataclass(frozen=True, slots=True)
class MemberField:
    """The resolver of a member; what is selected is what leaves."""

    interface: DatasetCode
    name: str

    def __call__(self, row: object, info: GraphQLResolveInfo[LiveContext]) -> object:
        info.context.calls.noted[self.interface].columns.add(self.name)
        return row[self.name] if isinstance(row, dict) else None


@dataclass(frozen=True, slots=True)
class InterfaceField:
    """The resolver of an interface's field."""

    contract: Contract

    @property
    def interface(self) -> DatasetCode:
        return self.contract.data_set

    def __call__(
        self, _root: object, info: GraphQLResolveInfo[LiveContext], **_given: object
    ) -> object:
        name = str(info.path.key)
        refused = info.context.plan.refused.get(name)
        if refused is not None:
            raise refused
        calls = info.context.calls
        answer = calls.came(name).answer
        rows = [shown_row(row, self.contract, calls.scope) for row in answer.rows]
        if interface_of(self.contract).many:
            return rows if answer.found else None
        return rows[0] if rows else None


def _asked(contract: Contract, call: PlannedCall) -> dict[str, Scalar]:
    """The arguments by their names in the contract; an explicit null asks nothing."""
    return {
        argument.name: scalar_of(value)
        for argument in interface_of(contract).arguments
        if (value := call.arguments.get(camel(argument.name))) is not None
    }


def shown_row(row: Row, contract: Contract, scope: Scope) -> dict[str, Value]:
    """The granted members of a row, masked ones as text."""
    return {
        name: _mask(row[name], contract.column(name), scope)
        if seen is Visibility.MASKED
        else row[name]
        for name, seen in visible_members(scope, contract.data_set).items()
    }


def _mask(value: Value, column: Column, scope: Scope) -> str | None:
    if value is None:
        return None
    if column.type.kind is Kind.PLACE:
        return scope.mask(str(padded(PlaceCode(str(value)))))
    return scope.mask(text_of(value))


def text_of(value: Value) -> str:
    """The text a mask is made of: as the engine casts a column of a data set, so that equal values
    have equal masks in both; objects and lists as JSON.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        local = value.astimezone(CITY_ZONE)
        fraction = f".{local.microsecond:06d}".rstrip("0") if local.microsecond else ""
        return f"{local:%Y-%m-%d %H:%M:%S}{fraction}+08"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str | int | float):
        return str(value)
    return orjson.dumps(value, default=str, option=orjson.OPT_SORT_KEYS).decode()
