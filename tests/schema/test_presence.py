"""Work for a caller who has gone away ends."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import anyio
import pytest
from starlette.requests import ClientDisconnect

from catalog.ids import DatasetCode
from query.relation import Scope
from query.tree import Leaf, Nested, Read
from schema.data.plan import Reading
from schema.presence import Begun, Receive, while_connected
from tests.schema.hub import Hub, whole

STATION = DatasetCode("station")


def until(gone: asyncio.Event) -> Receive:
    async def receive() -> MutableMapping[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    return receive


def test_the_works_result_and_its_error_are_the_callers() -> None:
    async def scenario() -> None:
        here = until(asyncio.Event())
        assert await while_connected(here, asyncio.sleep(0, "done")) == "done"

        async def fails() -> None:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await while_connected(here, fails())

    anyio.run(scenario)


def test_work_that_was_begun_goes_on_where_it_waits() -> None:
    async def scenario() -> None:
        said = asyncio.get_running_loop().create_future()
        steps: list[str] = []

        async def work() -> str:
            steps.append("begun")
            told = await said
            await asyncio.sleep(0)
            try:
                await failing
            except ZeroDivisionError:
                steps.append("failed")
            return str(told)

        failing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        begun = Begun(work())
        assert (steps, begun.waits) == (["begun"], True)
        asyncio.get_running_loop().call_soon(said.set_result, "told")
        asyncio.get_running_loop().call_later(0.01, failing.set_exception, ZeroDivisionError())
        assert await begun == "told"
        assert steps == ["begun", "failed"]

    anyio.run(scenario)


def test_work_that_waits_for_nothing_is_done_when_it_is_begun() -> None:
    async def scenario() -> None:
        async def work() -> str:
            return "done"

        begun = Begun(work())
        assert not begun.waits
        assert await begun == "done"

    anyio.run(scenario)


def test_begun_work_is_cancelled_with_its_task() -> None:
    async def scenario() -> None:
        waiting, ended = asyncio.Event(), asyncio.Event()

        async def work() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        async def outer() -> None:
            begun = Begun(work())
            waiting.set()
            await begun

        task = asyncio.create_task(outer())
        await waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended.is_set()

    anyio.run(scenario)


def test_a_caller_who_leaves_cancels_the_work() -> None:
    async def scenario() -> None:
        gone, ended = asyncio.Event(), asyncio.Event()

        async def work() -> None:
            gone.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        with pytest.raises(ClientDisconnect):
            await while_connected(until(gone), work())
        assert ended.is_set()

    anyio.run(scenario)


def test_a_statement_that_nobody_waits_for_is_ended(hub: Hub) -> None:
    """The thread that reads is not left behind: whoever cancels waits for its end."""
    below = (Nested("s", "station", (Nested("r", "readings", (Leaf("l", "level_m"),)),)),)
    tree = Read(STATION, (Nested("r", "readings", below),), limit=1000)

    async def scenario() -> None:
        reading = Reading(
            hub.warehouse,
            Scope(hub.store.load(), whole(), "k"),
            pool=anyio.CapacityLimiter(1),
            seconds=600,
            check_inputs=lambda _: None,
        )
        reading_on = asyncio.Event()

        async def read_on() -> None:
            while True:
                await reading.answer(tree, None)
                reading_on.set()

        task = asyncio.create_task(read_on())
        await reading_on.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await reading.close()

    anyio.run(scenario)
    assert hub.ask(hub.secrets["token"], "{ me { clientId } }")
