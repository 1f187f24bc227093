"""One operation's place in the daily quotas of the grants it is going to read through."""

from collections.abc import Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from access.meter import Call, Meter
from catalog.sharing.grant import Grant
from schema.caller import Caller
from schema.context import blocking
from schema.data.granted import grants_of
from schema.data.planning import Plan


class Metered:
    """Holds the place until the operation ends, whether or not it was recorded."""

    def __init__(self, meter: Meter, caller: Caller) -> None:
        self._meter = meter
        self._caller = caller
        self.held: Call | None = None

    async def enter(self, plan: Plan, known: Sequence[Grant] | None = None) -> None:
        """QuotaSpent, before anything runs. `known`: the grants that the plan reads through."""
        if self._caller.metered:
            if known is None:
                known = await blocking(grants_of, plan, self._caller.scope)
            self.held = self._meter.enter(known, datetime.now(UTC))  # as usage, on system time

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
