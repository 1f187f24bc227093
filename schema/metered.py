"""One operation's place in the daily quotas of the grants it is going to read through."""

from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from access.meter import Call, Meter
from catalog.errors import UserError
from catalog.ids import DatasetCode
from catalog.sharing.grant import NO_LIMIT, Grant
from query.compile import compile_read
from schema.caller import Caller
from schema.context import blocking
from schema.data.planning import Plan


class Metered:
    """Holds the place until the operation ends, whether or not it was recorded."""

    def __init__(self, meter: Meter, caller: Caller) -> None:
        self._meter = meter
        self._caller = caller
        self.held: Call | None = None

    async def enter(self, plan: Plan) -> None:
        """QuotaSpent, before anything runs."""
        if any(grant.quota != NO_LIMIT for grant in self._caller.grants):
            grants = await blocking(_grants_of, plan, self._caller)
            self.held = self._meter.enter(grants, datetime.now(UTC))  # as usage, on system time

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self.held is not None:
            self._meter.leave(self.held)


def _grants_of(plan: Plan, caller: Caller) -> list[Grant]:
    """Of every data set that the plan's statements read, and every interface that it asks. What is
    compiled here is kept for the run.
    """
    found: set[DatasetCode] = set(plan.interfaces)
    for planned in plan.fields.values():
        try:
            found |= compile_read(planned.tree, caller.scope).data_sets
        except UserError:
            continue  # told where the field stands
    return [caller.scope.grant(code) for code in sorted(found)]
