"""Places on the event loop: given back whatever happens, and nobody waits without end."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import anyio
import pytest

from catalog.ids import ClientId
from schema.errors import QueueFull
from schema.places import HEAVY, Places, weight_of
from schema.turns import Weight

A, B = ClientId("a"), ClientId("b")
Scenario = Callable[[], Coroutine[Any, Any, None]]


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_heavy_is_what_may_read_many_rows() -> None:
    assert weight_of(HEAVY - 1) is Weight.CHEAP
    assert weight_of(HEAVY) is Weight.HEAVY


def test_a_cheap_operation_runs_while_sixty_heavy_ones_of_another_client_wait() -> None:
    async def scenario() -> None:
        places, never = Places(2), anyio.Event()

        async def heavy() -> None:
            async with places.place(A, Weight.HEAVY):
                await never.wait()

        async with anyio.create_task_group() as tasks:
            for _ in range(60):
                tasks.start_soon(heavy)
            await settled()
            async with places.place(B, Weight.CHEAP):
                pass
            tasks.cancel_scope.cancel()

    anyio.run(scenario)


def test_a_full_queue_is_told_and_another_clients_is_not_touched() -> None:
    async def scenario() -> None:
        places, never = Places(2, kept=3), anyio.Event()

        async def heavy() -> None:
            async with places.place(A, Weight.HEAVY):
                await never.wait()

        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(heavy)
            await settled()
            with pytest.raises(QueueFull) as full:
                async with places.place(A, Weight.CHEAP):
                    pass
            assert full.value.details["seconds"]
            async with places.place(B, Weight.CHEAP):
                pass
            tasks.cancel_scope.cancel()

    anyio.run(scenario)


def test_who_waits_too_long_is_told_and_leaves_no_trace() -> None:
    async def scenario() -> None:
        places = Places(2, patience=0.01)
        async with places.place(A, Weight.HEAVY):
            with pytest.raises(QueueFull):
                async with places.place(B, Weight.HEAVY):
                    pass
        async with places.place(B, Weight.HEAVY):
            pass

    anyio.run(scenario)


def test_a_place_is_given_back_when_its_operation_fails_or_is_cancelled() -> None:
    async def scenario() -> None:
        places = Places(2)
        for _ in range(5):
            with pytest.raises(ZeroDivisionError):
                async with places.place(A, Weight.HEAVY):
                    _ = 1 / 0
        held = asyncio.create_task(_hold(places, A))
        waiting = [asyncio.create_task(_hold(places, B)) for _ in range(3)]
        await settled()
        for task in (*waiting, held):
            task.cancel()
        await asyncio.gather(*waiting, held, return_exceptions=True)
        async with places.place(B, Weight.HEAVY):
            pass

    anyio.run(scenario)


async def _hold(places: Places, client: ClientId) -> None:
    async with places.place(client, Weight.HEAVY):
        await asyncio.Event().wait()
