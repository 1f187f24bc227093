"""A grant's daily quota at the API: refused before anything runs, told by `me`, counted from the log."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import anyio
import httpx
import pytest

from catalog.clock import CITY_ZONE
from catalog.ids import DatasetCode
from catalog.sharing.grant import Grant, Quota
from tests.schema.hub import ADDRESS, READING_COLUMNS, STATION_COLUMNS, Hub
from tests.shared_data import grant

pytestmark = pytest.mark.usefixtures("one_day")
STATIONS = "{ station { code name } }"
BOTH = "{ station { code readings { levelM } } }"
LEFT = "{ me { quotas { grant dataSet quota { calls rows bytes } left { calls rows bytes } renewsAt } } }"


def grants(**limits: int) -> tuple[Grant, Grant]:
    """On both data sets; the limits are the stations'."""
    return (
        replace(grant(DatasetCode("station"), STATION_COLUMNS), quota=Quota(**limits)),
        grant(DatasetCode("reading"), READING_COLUMNS, places=["500106", "500172"]),
    )


@pytest.fixture
def app(hub: Hub) -> str:
    return hub.secrets["token"]


def test_a_spent_quota_refuses_says_what_and_when_and_runs_nothing(hub: Hub, app: str) -> None:
    hub.granted("app", *grants(calls=2))
    for _ in range(2):
        assert hub.ask(app, STATIONS)
    records = len(hub.usage_records())
    for query in (STATIONS, BOTH, '{ stationByKey(code: "A") { code } }'):
        reply = hub.post(app, query)
        assert reply.status_code == 429
        assert int(reply.headers["retry-after"]) > 0
        (error,) = reply.json()["errors"]
        assert error["extensions"]["code"] == "QUOTA_SPENT"
        assert "station" in error["message"]
        assert "2 calls" in error["extensions"]["messageEn"]
    assert len(hub.usage_records()) == records
    assert hub.ask(app, "{ reading { levelM } me { clientId } }")


@pytest.mark.parametrize(("what", "query"), [("rows", STATIONS), ("bytes", BOTH)])
def test_the_answer_that_passes_a_limit_is_the_last_one(
    hub: Hub, app: str, what: str, query: str
) -> None:
    hub.granted("app", *grants(**{what: 1}))
    assert len(hub.ask(app, query)["station"]) == 2
    assert hub.codes(app, query) == ["QUOTA_SPENT"]


def test_me_tells_what_is_left(hub: Hub, app: str) -> None:
    hub.granted("app", *grants(calls=5, rows=100))
    hub.ask(app, STATIONS)
    (quota,) = hub.ask(app, LEFT)["me"]["quotas"]
    assert (quota["grant"], quota["dataSet"]) == ("grant-station", "station")
    assert quota["quota"] == {"calls": "5", "rows": "100", "bytes": None}
    assert quota["left"] == {"calls": "4", "rows": "98", "bytes": None}
    renews = datetime.fromisoformat(quota["renewsAt"]).astimezone(CITY_ZONE)
    assert (renews.hour, renews.minute) == (0, 0)


def test_a_refused_document_spends_nothing(hub: Hub, app: str) -> None:
    hub.granted("app", *grants(calls=1))
    for wrong in ("{ station { nothing } }", "{ station(limit: 5000) { code } }", "{"):
        assert hub.codes(app, wrong)
    assert hub.ask(app, STATIONS)


def test_a_hundred_calls_at_once_bring_ten_answers_where_ten_are_granted(
    hub: Hub, app: str
) -> None:
    hub.granted("app", *grants(calls=10))

    async def all_at_once() -> Sequence[int]:
        found: list[int] = []
        async with (
            httpx.AsyncClient(transport=httpx.ASGITransport(hub.app), base_url=ADDRESS) as http,
            anyio.create_task_group() as tasks,
        ):

            async def one() -> None:
                headers = {"Authorization": f"Bearer {app}"}
                reply = await http.post("/graphql", json={"query": STATIONS}, headers=headers)
                found.append(reply.status_code)

            for _ in range(100):
                tasks.start_soon(one)
        return found

    statuses = anyio.run(all_at_once)
    assert sorted(statuses) == [200] * 10 + [429] * 90
