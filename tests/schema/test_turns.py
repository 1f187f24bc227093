"""Places are handed out in rotation, whatever the order in which clients ask."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from catalog.ids import ClientId
from schema.turns import Ticket, Turns, Weight

A, B, C = (ClientId(name) for name in "abc")
CLIENTS = st.sampled_from([A, B, C, ClientId("d")])
WEIGHTS = st.sampled_from(Weight)
KEPT = 5


class Rotation(RuleBasedStateMachine):
    """Any history of asking, ending and giving up."""

    def __init__(self) -> None:
        super().__init__()
        self.running: list[Ticket] = []
        self.waiting: list[Ticket] = []
        self.passed: dict[Ticket, Counter[ClientId]] = {}
        """For the oldest ticket that a client has waiting: the turns of others since it became that."""

    @initialize(places=st.integers(1, 4))
    def start(self, places: int) -> None:
        self.turns = Turns(places, KEPT)

    @rule(client=CLIENTS, weight=WEIGHTS)
    def ask(self, client: ClientId, weight: Weight) -> None:
        before = sum(ticket.client == client for ticket in self.waiting)
        ticket = self.turns.ask(client, weight)
        assert (ticket is None) == (before >= KEPT)
        if ticket is not None:
            self.waiting.append(ticket)
        self.go_on()

    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        if self.running:
            ticket = data.draw(st.sampled_from(self.running))
            self.running.remove(ticket)
            self.turns.end(ticket)
            self.go_on()

    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        if self.waiting:
            ticket = data.draw(st.sampled_from(self.waiting))
            self.waiting.remove(ticket)
            self.turns.give_up(ticket)
            self.go_on()

    def go_on(self) -> None:
        self.mark_heads()
        while (ticket := self.turns.next()) is not None:
            self.waiting.remove(ticket)
            self.running.append(ticket)
            for head, counts in self.passed.items():
                if head.weight is ticket.weight and head.client != ticket.client:
                    counts[ticket.client] += 1
            self.mark_heads()

    def mark_heads(self) -> None:
        heads: dict[tuple[ClientId, Weight], Ticket] = {}
        for ticket in self.waiting:
            heads.setdefault((ticket.client, ticket.weight), ticket)
        self.passed = {head: self.passed.get(head, Counter()) for head in heads.values()}

    @invariant()
    def nobody_waits_for_more_than_one_turn_of_each_other_client(self) -> None:
        assert all(max(c.values(), default=0) <= 1 for c in self.passed.values())

    @invariant()
    def no_more_run_than_there_are_places_and_heavy_ones_leave_one(self) -> None:
        heavy = sum(ticket.weight is Weight.HEAVY for ticket in self.running)
        assert len(self.running) <= self.turns.places
        assert heavy < self.turns.places

    @invariant()
    def no_place_stays_empty_that_somebody_may_have(self) -> None:
        if len(self.running) < self.turns.places:
            assert not any(ticket.weight is Weight.CHEAP for ticket in self.waiting)

    @invariant()
    def neither_weight_waits_while_the_other_has_every_place(self) -> None:
        weights = {ticket.weight for ticket in self.running}
        if any(t.weight is Weight.CHEAP for t in self.waiting):
            assert Weight.CHEAP in weights


TestRotation = Rotation.TestCase


def test_one_clients_queue_does_not_hold_up_another() -> None:
    turns = Turns(2, 64)
    for _ in range(64):
        turns.ask(A, Weight.HEAVY)
    turns.ask(B, Weight.HEAVY)
    order = []
    for _ in range(3):
        ticket = turns.next()
        assert ticket is not None
        order.append(ticket.client)
        turns.end(ticket)
    assert order == [A, B, A]


def test_cheap_ones_never_wait_for_heavy_ones() -> None:
    turns = Turns(2, 64)
    for _ in range(3):
        turns.ask(A, Weight.HEAVY)
    first = turns.next()
    assert first is not None
    assert turns.next() is None  # this place is not for heavy ones
    turns.ask(B, Weight.CHEAP)
    cheap = turns.next()
    assert cheap is not None
    assert cheap.client == B


def test_a_heavy_one_waits_for_one_cheap_one_at_most() -> None:
    turns = Turns(2, 64)
    for _ in range(4):
        turns.ask(A, Weight.CHEAP)
    running = [turns.next(), turns.next()]
    turns.ask(B, Weight.HEAVY)
    assert turns.next() is None
    assert running[0] is not None
    turns.end(running[0])
    heavy = turns.next()
    assert heavy is not None
    assert heavy.client == B


@given(kept=st.integers(0, 5))
def test_a_client_keeps_only_so_many_waiting(kept: int) -> None:
    turns = Turns(2, kept)
    asked = [turns.ask(A, Weight.CHEAP) for _ in range(kept + 2)]
    assert asked[kept:] == [None, None]
    assert (turns.ask(C, Weight.CHEAP) is None) == (kept == 0)


@pytest.mark.parametrize("weight", list(Weight))
def test_who_gives_up_has_no_turn(weight: Weight) -> None:
    turns = Turns(2, 5)
    ticket = turns.ask(A, weight)
    assert ticket is not None
    turns.give_up(ticket)
    turns.give_up(ticket)
    assert turns.next() is None
    assert turns.waiting(A) == 0
