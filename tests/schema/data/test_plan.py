import anyio
import pytest

from catalog.ids import DatasetCode
from query.relation import Scope
from query.tree import Leaf, Read
from schema.data.plan import RawJson, Reading, objects_in
from tests.moved_loop import MovedLoop
from tests.schema.hub import Hub, whole
from warehouse.errors import QueryTooLong

STATION = DatasetCode("station")
READ = Read(STATION, (Leaf("code", "code"),))
SECONDS = 600.0


def reading(hub: Hub) -> Reading:
    return Reading(
        hub.warehouse,
        Scope(hub.store.load(), whole(), "k"),
        pool=anyio.CapacityLimiter(2),
        seconds=SECONDS,
        check_inputs=hub.sharing.check_inputs,
    )


def test_an_operation_past_its_time_reads_no_further(hub: Hub) -> None:
    loop = MovedLoop()

    async def scenario() -> None:
        under_way = reading(hub)
        try:
            await under_way.answer(READ, None)
            await under_way.answer(READ, None)
            loop.ahead = SECONDS
            await anyio.sleep(0.01)
            with pytest.raises(QueryTooLong):
                await under_way.answer(READ, None)
        finally:
            await under_way.close()

    anyio.run(scenario, backend_options={"loop_factory": lambda: loop})


def test_the_fields_of_an_operation_see_one_version(hub: Hub) -> None:
    async def scenario() -> list[RawJson]:
        under_way = reading(hub)
        try:
            first = await under_way.answer(READ, None)
            hub.republish_stations("C")
            second = await under_way.answer(READ, None)
            return [first, second]
        finally:
            await under_way.close()

    first, second = anyio.run(scenario)
    assert first == second


@pytest.mark.parametrize(
    ("content", "objects"),
    [
        (b"[]", 0),
        (b"null", 0),
        (b'{"a":1}', 1),
        (b'[{"a":[{"b":1},{"b":2}]},{"a":[]}]', 4),
        (rb'[{"a":"{"},{"a":"x{","b":"{\"c"},{"a":["{"]}]', 3),
    ],
)
def test_objects_are_counted_without_parsing(content: bytes, objects: int) -> None:
    assert objects_in(content) == objects
