"""What each grant's quota has left today, counted from what the usage log records and nothing else.

Rules: a day is the city's, 00:00 to 24:00, and a read counts on the day it began; an answer that reads
several data sets counts for each of their grants, whole. A call that is under way holds its place, so
no number of calls at once passes a limit of calls. The answer that passes a limit of rows or bytes
still leaves; it is the last one of its day, whatever else is under way. An export counts part by part,
and the part that would pass a limit does not leave.
"""

import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from access.errors import QuotaSpent
from catalog.clock import CITY_ZONE
from catalog.contracts import camel
from catalog.ids import GrantId
from catalog.sharing.grant import NO_LIMIT, Grant, Quota

DAY = timedelta(days=1)
UNITS = {"calls": "次", "rows": "行", "bytes": "字节"}


@dataclass(frozen=True, slots=True)
class Spent:
    calls: int = 0
    rows: int = 0
    bytes: int = 0

    def and_answer(self, calls: int, rows: int, size: int) -> "Spent":
        return Spent(self.calls + calls, self.rows + rows, self.bytes + size)


NOTHING = Spent()


@dataclass(slots=True, eq=False)
class Call:
    """Places held by one operation for the grants it reads through, of which one may stand there several
    times; left once, whatever happened.
    """

    day: date
    grants: tuple[Grant, ...] = ()
    left: bool = field(default=False)


def day_of(at: datetime) -> date:
    return at.astimezone(CITY_ZONE).date()


def renewal(at: datetime) -> datetime:
    """When the quotas of that day end: the city's next midnight."""
    return datetime.combine(day_of(at) + DAY, time(), CITY_ZONE)


class Meter:
    """Thread-safe and quick: it is asked on the event loop and by the log while it appends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._day = date.min
        self._spent: dict[GrantId, Spent] = {}
        self._under_way: dict[GrantId, int] = {}

    def enter(self, grants: Iterable[Grant], at: datetime) -> Call:
        """QuotaSpent names the first of these grants that has nothing left today."""
        limited = tuple(grant for grant in grants if grant.quota != NO_LIMIT)
        before: Counter[GrantId] = Counter()
        with self._lock:
            self._turn_to(day_of(at))
            call = Call(self._day, limited)
            for grant in limited:
                self._check(grant, at, self._under_way.get(grant.id, 0) + before[grant.id])
                before[grant.id] += 1
            for grant in limited:
                self._under_way[grant.id] = self._under_way.get(grant.id, 0) + 1
        return call

    def leave(self, call: Call) -> None:
        with self._lock:
            self._leave(call)

    def check(self, call: Call, at: datetime) -> None:
        """QuotaSpent where another answer has passed a limit of rows or bytes meanwhile."""
        with self._lock:
            if call.day == self._day and not call.left:
                for grant in call.grants:
                    self._check(grant, at, -1)  # its own place among the calls is held

    def check_room(self, call: Call, at: datetime, rows: int, size: int) -> None:
        """QuotaSpent where this part of an answer would pass a limit of rows or bytes."""
        with self._lock:
            if call.day != self._day:
                return
            for grant in call.grants:
                spent, quota = self._spent.get(grant.id, NOTHING), grant.quota
                if quota.rows is not None and spent.rows + rows > quota.rows:
                    raise _spent_error(grant, at, "rows", quota.rows)
                if quota.bytes is not None and spent.bytes + size > quota.bytes:
                    raise _spent_error(grant, at, "bytes", quota.bytes)

    def charge(
        self,
        grants: Sequence[GrantId],
        at: datetime,
        rows: int,
        size: int,
        call: Call | None = None,
        *,
        called: bool = True,
    ) -> None:
        """What was recorded, a grant as often as it was called through; in one step with leaving, so that
        a call never counts twice or not at all. Not `called`: part of a call that was counted.
        """
        with self._lock:
            if call is not None:
                self._leave(call)
            day = day_of(at)
            self._turn_to(day)
            if day == self._day:
                for grant in set(grants):
                    before, calls = self._spent.get(grant, NOTHING), grants.count(grant)
                    self._spent[grant] = before.and_answer(calls if called else 0, rows, size)

    def add(self, day: date, counted: Mapping[GrantId, Spent]) -> None:
        """What was recorded on that day and counted elsewhere."""
        with self._lock:
            self._turn_to(day)
            if day == self._day:
                for grant, more in counted.items():
                    before = self._spent.get(grant, NOTHING)
                    self._spent[grant] = before.and_answer(more.calls, more.rows, more.bytes)

    def left(self, grant: Grant, at: datetime) -> Quota:
        """What the grant's quota has left; None where nothing is limited."""
        with self._lock:
            spent = self._spent.get(grant.id, NOTHING) if day_of(at) == self._day else NOTHING
        quota = grant.quota
        return Quota(
            _rest(quota.calls, spent.calls),
            _rest(quota.rows, spent.rows),
            _rest(quota.bytes, spent.bytes),
        )

    def spent(self) -> tuple[date, dict[GrantId, Spent]]:
        with self._lock:
            return self._day, dict(self._spent)

    def take_up(self, day: date, spent: dict[GrantId, Spent]) -> None:
        """Goes on from what was counted before."""
        with self._lock:
            self._day, self._spent = day, dict(spent)

    def _check(self, grant: Grant, at: datetime, under_way: int) -> None:
        spent, quota = self._spent.get(grant.id, NOTHING), grant.quota
        counted = {"rows": (spent.rows, quota.rows), "bytes": (spent.bytes, quota.bytes)}
        if under_way >= 0:
            counted = {"calls": (spent.calls + under_way, quota.calls)} | counted
        for what, (count, limit) in counted.items():
            if limit is not None and count >= limit:
                raise _spent_error(grant, at, what, limit)

    def _leave(self, call: Call) -> None:
        if call.left:
            return
        call.left = True
        for grant in call.grants:
            held = self._under_way.get(grant.id, 0) - 1
            if held > 0:
                self._under_way[grant.id] = held
            else:
                self._under_way.pop(grant.id, None)

    def _turn_to(self, day: date) -> None:
        if day > self._day:
            self._day = day
            self._spent.clear()


def _spent_error(grant: Grant, at: datetime, what: str, limit: int) -> QuotaSpent:
    renews = renewal(at)
    return QuotaSpent(
        data_set=camel(grant.data_set),
        purpose=grant.purpose,
        what=what,
        unit=UNITS[what],
        limit=limit,
        renews=renews.isoformat(),
        seconds=max(1, int((renews - at).total_seconds())),
    )


def _rest(limit: int | None, spent: int) -> int | None:
    return None if limit is None else max(0, limit - spent)
