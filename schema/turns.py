"""Whose turn it is: places to run in, handed out to clients in rotation and not in order of arrival.

Rules: of the clients that wait, each has one turn before any has its next; cheap and heavy operations
wait apart; heavy ones leave one place free, so a cheap one never waits for them, and where
only cheap ones run, the next place is a heavy one's. A client may keep only so many waiting. Pure: it starts
nothing and knows no time.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from enum import Enum

from catalog.ids import ClientId


class Weight(Enum):
    CHEAP = "cheap"
    HEAVY = "heavy"


@dataclass(slots=True, eq=False)
class Ticket:
    client: ClientId
    weight: Weight


@dataclass(slots=True)
class _Lane:
    """The clients that wait, next one first, each with its tickets in order."""

    waiting: OrderedDict[ClientId, deque[Ticket]] = field(default_factory=OrderedDict)
    running: int = 0

    def add(self, ticket: Ticket) -> None:
        self.waiting.setdefault(ticket.client, deque()).append(ticket)

    def take(self) -> Ticket:
        client, tickets = self.waiting.popitem(last=False)
        ticket = tickets.popleft()
        if tickets:
            self.waiting[client] = tickets
        return ticket

    def drop(self, ticket: Ticket) -> None:
        tickets = self.waiting.get(ticket.client)
        if tickets is not None and ticket in tickets:
            tickets.remove(ticket)
            if not tickets:
                del self.waiting[ticket.client]


class Turns:
    def __init__(self, places: int, kept: int) -> None:
        """At least two places; `kept`: how many operations each client may have waiting."""
        self._places = max(2, places)
        self._for_heavy = self._places - 1
        self._kept = kept
        self._lanes = {weight: _Lane() for weight in Weight}

    @property
    def places(self) -> int:
        return self._places

    def running(self, weight: Weight) -> int:
        return self._lanes[weight].running

    def waiting(self, client: ClientId) -> int:
        return sum(len(lane.waiting.get(client, ())) for lane in self._lanes.values())

    def ask(self, client: ClientId, weight: Weight) -> Ticket | None:
        """A ticket that waits for its turn; None when the client has too many waiting."""
        if self.waiting(client) >= self._kept:
            return None
        ticket = Ticket(client, weight)
        self._lanes[weight].add(ticket)
        return ticket

    def next(self) -> Ticket | None:
        """The ticket that runs from now on; None while nothing may."""
        weight = self._next_weight()
        if weight is None:
            return None
        lane = self._lanes[weight]
        lane.running += 1
        return lane.take()

    def end(self, ticket: Ticket) -> None:
        """What ran has ended."""
        self._lanes[ticket.weight].running -= 1

    def give_up(self, ticket: Ticket) -> None:
        """A ticket that no longer waits for its turn."""
        self._lanes[ticket.weight].drop(ticket)

    def _next_weight(self) -> Weight | None:
        cheap, heavy = self._lanes[Weight.CHEAP], self._lanes[Weight.HEAVY]
        if cheap.running + heavy.running >= self._places:
            return None
        may_heavy = bool(heavy.waiting) and heavy.running < self._for_heavy
        if not cheap.waiting:
            return Weight.HEAVY if may_heavy else None
        starved = may_heavy and not heavy.running and cheap.running
        return Weight.HEAVY if starved else Weight.CHEAP
