"""Of each client so many requests go on in a round of the event loop."""

import asyncio
from collections.abc import Iterator
from itertools import pairwise

import pytest

from catalog.ids import ClientId
from schema import http
from schema.rounds import Rounds
from tests.schema.hub import Hub

A, B = ClientId("a"), ClientId("b")


async def request(rounds: Rounds, client: ClientId, told: list[str], name: str) -> None:
    turn = rounds.wait(client)
    if turn is not None:
        await turn
    told.append(name)


def names(client: str, number: int) -> Iterator[str]:
    return (f"{client}{n}" for n in range(number))


def test_who_comes_behind_a_crowd_of_another_client_goes_on_before_most_of_it() -> None:
    async def scenario() -> list[str]:
        rounds, told = Rounds(share=3), list[str]()
        async with asyncio.TaskGroup() as tasks:
            for name in names("a", 30):
                tasks.create_task(request(rounds, A, told, name))
            tasks.create_task(request(rounds, B, told, "b"))
        return told

    told = asyncio.run(scenario())
    assert told.index("b") == 3
    assert [name for name in told if name != "b"] == list(names("a", 30)), "in their order"


def test_a_crowd_goes_on_round_by_round() -> None:
    async def scenario() -> list[int]:
        rounds, told, seen = Rounds(share=3), list[str](), list[int]()
        async with asyncio.TaskGroup() as tasks:
            for name in names("a", 10):
                tasks.create_task(request(rounds, A, told, name))
            while len(told) < 10:
                seen.append(len(told))
                await asyncio.sleep(0)
        return seen

    seen = asyncio.run(scenario())
    steps = [after - before for before, after in pairwise(seen)]
    assert max(steps) <= 3


def test_who_is_gone_while_waiting_takes_no_turn() -> None:
    async def scenario() -> list[str]:
        rounds, told = Rounds(share=1), list[str]()
        tasks = [asyncio.create_task(request(rounds, A, told, name)) for name in names("a", 4)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.wait(tasks)
        return told

    assert asyncio.run(scenario()) == ["a0", "a2", "a3"]


@pytest.mark.parametrize("share", [1, 8])
def test_nothing_is_left_when_all_have_gone_on(share: int) -> None:
    async def scenario() -> None:
        rounds = Rounds(share=share)
        for _ in range(3):
            async with asyncio.TaskGroup() as tasks:
                for name in names("a", 20):
                    tasks.create_task(request(rounds, A, [], name))
                tasks.create_task(request(rounds, B, [], "b"))
        for _ in range(5):
            await asyncio.sleep(0)
        assert rounds.wait(A) is None

    asyncio.run(scenario())


def test_every_request_of_a_caller_takes_its_turn(
    hub: Hub, app: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    came: list[ClientId] = []

    class Counted(Rounds):
        def wait(self, client: ClientId) -> asyncio.Future[None] | None:
            came.append(client)
            return super().wait(client)

    monkeypatch.setattr(http, "Rounds", Counted)
    hub.serve()
    for _ in range(3):
        assert hub.post(app, "{ station { code } }").status_code == 200
    assert len(came) == 3
    assert len(set(came)) == 1
