"""Long reads of the mirror take turns with all other operations."""

import threading
from collections.abc import Callable

import anyio
import anyio.lowlevel
import pytest

from catalog.ids import ClientId
from schema.errors import QueueFull
from schema.long_reads import LongReads
from schema.places import Places
from schema.turns import Weight

A, B = ClientId("a"), ClientId("b")


async def settled() -> None:
    for _ in range(20):
        await anyio.lowlevel.checkpoint()


def test_a_long_read_waits_for_a_place_and_runs_beside_the_event_loop() -> None:
    async def scenario() -> None:
        places, let, found = Places(2), anyio.Event(), list[str]()
        reads = LongReads(places)

        async def other() -> None:
            async with places.place(A, Weight.CHEAP):
                await let.wait()

        async def long(client: ClientId) -> None:
            found.append(await reads.run(client, lambda: threading.current_thread().name))

        async with anyio.create_task_group() as tasks:
            for _ in range(2):
                tasks.start_soon(other)
            await settled()
            tasks.start_soon(long, B)
            await settled()
            assert places.waiting == 1
            assert not found
            let.set()
        assert len(found) == 1
        assert found[0].startswith("mirror")

    anyio.run(scenario)


def test_a_client_whose_queue_is_full_is_told_so() -> None:
    async def scenario() -> None:
        places, never = Places(2, kept=1), anyio.Event()
        reads = LongReads(places)

        async def other() -> None:
            async with places.place(A, Weight.CHEAP):
                await never.wait()

        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(other)
                await settled()
            with pytest.raises(QueueFull):
                await reads.run(A, lambda: None)
            tasks.cancel_scope.cancel()

    anyio.run(scenario)


def test_a_read_that_nobody_waits_for_keeps_its_place_until_it_ends() -> None:
    begun, let = threading.Event(), threading.Event()

    def read() -> None:
        begun.set()
        let.wait(60)

    async def scenario() -> None:
        places = Places(2)
        reads, left = LongReads(places), list[bool]()

        async def long(done: Callable[[bool], None]) -> None:
            try:
                await reads.run(A, read)
            finally:
                done(let.is_set())

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(long, left.append)
            await anyio.to_thread.run_sync(begun.wait, 60)
            tasks.cancel_scope.cancel()
            threading.Timer(0.05, let.set).start()
        assert left == [True]

    anyio.run(scenario)
