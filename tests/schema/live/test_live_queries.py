from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from access.limits import ClientLimits
from access.roles import Role
from catalog.ids import ClientId, GrantId
from catalog.predicate import Compare, Op
from catalog.sharing.grant import Quota
from schema.observation import Call
from tests.schema.hub import whole
from tests.schema.live.served import Client, Served, admitted, holds, run
from tests.shared_data import STATIONS, grant

LIST = "subscription { station(orderBy: [{code: ASC}]) { code name } }"
READERS = 60


def codes(payload: dict[str, dict[str, list[dict[str, str]]]]) -> list[str]:
    return [row["code"] for row in payload["data"]["station"]]


def test_a_live_query_answers_at_once_and_again_when_its_data_change(
    live: Served, app: str
) -> None:
    async def test() -> None:
        async with admitted(live, app) as client:
            await client.subscribe("1", LIST)
            assert codes(await client.next()) == ["A", "B"]
            live.hub.republish_stations("A", "C")
            second = await client.next()
            assert codes(second) == ["A", "C"]
            assert second["extensions"]["data"]["station"]["version"] == 4

    run(test)


def test_a_row_by_its_key_with_variables_and_what_is_nested_is_live_too(
    live: Served, app: str
) -> None:
    asked = "subscription($c: String!) { stationByKey(code: $c) { name readings { levelM } } }"

    async def test() -> None:
        async with admitted(live, app) as client:
            await client.subscribe("1", asked, c="B")
            assert (await client.next())["data"]["stationByKey"]["readings"] == [
                {"levelM": "200.230"}
            ]
            live.hub.republish_stations("A")
            assert (await client.next())["data"] == {"stationByKey": None}

    run(test)


def test_a_version_that_changes_nothing_of_the_answer_is_not_told(live: Served, app: str) -> None:
    async def test() -> None:
        async with admitted(live, app) as client:
            await client.subscribe("1", 'subscription { stationByKey(code: "A") { code } }')
            await client.next()
            live.hub.republish_stations("A", "D")
            await holds(lambda: live.executions == 2 and not live.live.is_busy)
            assert await client.is_quiet()

    run(test)


def test_a_data_set_it_does_not_read_costs_no_execution(live: Served, app: str) -> None:
    async def test() -> None:
        async with admitted(live, app) as client, admitted(live, app) as other:
            await client.subscribe("1", "subscription { reading { levelM } }")
            await other.subscribe("1", LIST)
            await client.next()
            await other.next()
            live.hub.republish_stations("D")
            await other.next()
            assert live.executions == 3

    run(test)


def test_all_readers_of_one_live_query_cost_one_execution_for_a_change(
    live: Served, app: str
) -> None:
    async def test() -> None:
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(admitted(live, app)) for _ in range(6)]
            for client in clients:
                for number in range(READERS // 6):
                    await client.subscribe(str(number), LIST)
            assert await told(clients) == [["A", "B"]] * READERS
            assert (len(live.live.queries), live.executions) == (1, 1)
            for expected in (["C"], ["D"]):
                live.hub.republish_stations(*expected)
                assert await told(clients) == [expected] * READERS
            assert live.executions == 3

    run(test)


def test_a_burst_of_publications_is_one_change(live: Served, app: str) -> None:
    async def test() -> None:
        async with admitted(live, app) as client:
            await client.subscribe("1", LIST)
            await client.next()
            with live.held():
                for code in "CDE":
                    live.hub.republish_stations(code)
            assert codes(await client.next()) == ["E"]
            assert live.executions == 2

    run(test)


def test_who_joins_later_gets_the_present_state_without_an_execution(
    live: Served, app: str
) -> None:
    async def test() -> None:
        async with admitted(live, app) as first, admitted(live, app) as second:
            await first.subscribe("1", LIST)
            await first.next()
            await second.subscribe("1", LIST)
            assert codes(await second.next()) == ["A", "B"]
            assert live.executions == 1

    run(test)


def test_clients_never_share_an_execution_even_where_their_grants_say_the_same(
    live: Served, app: str
) -> None:
    hub = live.hub
    tokens = [hub.client(name) for name in ("same", "filtered")]
    hub.granted("same", *whole())
    only_b = grant(STATIONS, ("code", "name"), row_filter=Compare("code", Op.EQ, "B"))
    hub.granted("filtered", only_b)

    async def test() -> None:
        async with AsyncExitStack() as stack:
            clients = [
                await stack.enter_async_context(admitted(live, token)) for token in (app, *tokens)
            ]
            for client in clients:
                await client.subscribe("1", LIST)
            seen = [codes(await client.next()) for client in clients]
            assert seen == [["A", "B"], ["A", "B"], ["B"]]
            assert (len(live.live.queries), live.executions) == (3, 3)

    run(test)
    assert [r["client"] for r in hub.usage_records() if "client" in r][-3:].count("filtered") == 1


def test_each_delivery_to_each_reader_leaves_a_record_of_its_own(live: Served, app: str) -> None:
    token = live.hub.client("second")
    live.hub.granted("second", *whole())

    async def test() -> None:
        async with admitted(live, app) as first, admitted(live, token) as second:
            await first.subscribe("1", LIST)
            await first.next()
            await second.subscribe("9", LIST)
            await second.next("9")
            live.hub.republish_stations("C")
            await first.next()
            await second.next("9")

    run(test)
    records = [r for r in live.hub.usage_records() if "client" in r]
    assert sorted((r["client"], r["rows"]) for r in records) == [
        ("app", 1),
        ("app", 2),
        ("second", 1),
        ("second", 2),
    ]
    assert {r["columns"]["station"][0] for r in records} == {"code"}


def test_an_auditor_can_have_a_delivery_read_again(live: Served) -> None:
    auditor = live.hub.client("auditor", Role.AUDITOR, of="cq_bigdata")
    owner = live.hub.client("owner", of="cq_water")

    async def test() -> None:
        async with admitted(live, owner) as client:
            await client.subscribe("1", LIST)
            await client.next()
            live.hub.republish_stations("C")
            await client.next()

    run(test)
    records = live.hub.ask(auditor, "{ usage(limit: 5) { records { id rows } } }")["usage"][
        "records"
    ]
    assert [record["rows"] for record in records] == ["1", "2"]
    asked = "query($id: String!) { replay(usageId: $id) { equal replayedRows } }"
    for record in records:
        again = live.hub.ask(auditor, asked, id=record["id"])["replay"]
        assert again == {"equal": True, "replayedRows": record["rows"]}


def test_each_execution_is_a_line_of_the_operation_log_however_many_it_is_for(
    live: Served, app: str
) -> None:
    calls: list[Call] = []
    live.hub.services.observer.log = calls.append

    async def test() -> None:
        async with admitted(live, app) as first, admitted(live, app) as second:
            for client in (first, second):
                await client.subscribe("1", LIST)
                await client.next()

    run(test)
    assert [(call.over, call.client, call.code) for call in calls] == [("live", "app", "OK")]
    assert calls[0].document is not None
    assert calls[0].rows == 2


def test_a_live_query_over_http_is_refused_and_named(live: Served, app: str) -> None:
    assert live.hub.codes(app, LIST) == ["SUBSCRIPTION_NEEDS_SOCKET"]


def test_a_live_query_is_of_now_and_takes_no_other_time(live: Served, app: str) -> None:
    async def test() -> None:
        async with admitted(live, app) as client:
            asked = 'subscription { station(asOf: "2026-08-01T00:00:00Z") { code } }'
            await client.subscribe("1", asked)
            assert await client.error() == "GRAPHQL_VALIDATION_FAILED"

    run(test)


def test_a_first_answer_with_errors_refuses_the_live_query(live: Served, app: str) -> None:
    async def test() -> None:
        async with admitted(live, app) as client:
            await client.subscribe("1", "subscription { station(limit: 100000) { code } }")
            assert await client.error() == "PAGE_OUT_OF_RANGE"
            await client.subscribe("2", "subscription($n: Int!) { station(limit: $n) { code } }")
            assert await client.error("2") == "VARIABLES_INVALID"
            assert not live.live.queries

    run(test)


def test_places_that_a_grant_adds_are_told_without_a_new_subscription(
    live: Served, app: str
) -> None:
    hub = live.hub
    hub.granted("app", *whole(places=("500106",)))

    async def test() -> None:
        async with admitted(live, app) as client:
            await client.subscribe("1", "subscription { reading { levelM } }")
            assert len((await client.next())["data"]["reading"]) == 2
            hub.granted("app", *whole())
            assert len((await client.next())["data"]["reading"]) == 3

    run(test)


def test_without_a_record_nothing_is_delivered(live: Served, app: str) -> None:
    async def test() -> None:
        async with admitted(live, app) as client:
            live.hub.usage.close()
            await client.subscribe("1", LIST)
            assert await client.error() == "USAGE_LOG_UNAVAILABLE"

    run(test)


@pytest.mark.usefixtures("one_day")
def test_deliveries_count_on_the_quota_of_their_own_reader_and_end_with_it(
    live: Served, app: str
) -> None:
    hub = live.hub
    token = hub.client("frugal")
    few = (replace(g, id=GrantId(f"few {g.data_set}"), quota=Quota(calls=2)) for g in whole())
    hub.granted("frugal", *few)

    async def test() -> None:
        async with admitted(live, token) as frugal, admitted(live, app) as other:
            await frugal.subscribe("1", LIST)
            await frugal.next()
            await other.subscribe("1", LIST)
            await other.next()
            assert live.executions == 2
            hub.republish_stations("C")
            assert codes(await frugal.next()) == ["C"]
            assert codes(await other.next()) == ["C"]
            hub.republish_stations("D")
            assert await frugal.error() == "QUOTA_SPENT"
            assert codes(await other.next()) == ["D"]
            await frugal.subscribe("2", LIST)
            assert await frugal.error("2") == "QUOTA_SPENT"
            assert live.executions == 3

    run(test)


def test_a_persisted_document_is_live_and_an_allow_list_holds_for_sockets_too(
    live: Served, app: str
) -> None:
    hub = live.hub
    document = hub.services.documents.register(ClientId("app"), LIST).id
    hub.services.limits.set(ClientId("app"), ClientLimits(documents_only=True))

    async def test() -> None:
        async with admitted(live, app) as client:
            await client.send("subscribe", id="1", payload={"documentId": document})
            assert codes(await client.next()) == ["A", "B"]
            await client.subscribe("2", LIST)
            assert await client.error("2") == "DOCUMENT_NOT_ALLOWED"

    run(test)


def test_a_stated_purpose_chooses_the_grants_of_the_socket(live: Served, app: str) -> None:
    async def test() -> None:
        async with admitted(live, app, purpose="防汛", case="汛-1") as client:
            await client.subscribe("1", LIST)
            await client.next()

    run(test)
    assert live.hub.usage_records()[-1]["case"] == "汛-1"


def test_when_the_last_socket_is_gone_no_query_and_no_task_is_left(live: Served, app: str) -> None:
    async def test() -> None:
        async with admitted(live, app) as client:
            await client.subscribe("1", LIST)
            await client.next()
        await holds(lambda: not live.live.sessions)

    run(test)
    assert not live.live.queries
    live.hub.republish_stations("C")
    assert not live.live.is_busy


async def told(clients: list[Client]) -> list[list[str]]:
    """What each reader of each client was told next."""
    return [codes((await c.frame())["payload"]) for c in clients for _ in range(READERS // 6)]


def test_what_a_live_query_told_replays_equal(live: Served) -> None:
    owner = live.hub.client("owner", of="cq_water")
    auditor = live.hub.client("auditor", Role.AUDITOR, of="cq_bigdata")

    async def test() -> None:
        async with admitted(live, owner) as client:
            await client.subscribe("1", LIST)
            await client.next()
            live.hub.republish_stations("A", "C")
            await client.next()

    run(test)
    listed = "{ usage(limit: 2) { records { id } } }"
    for record in live.hub.ask(auditor, listed)["usage"]["records"]:
        asked = "query($id: String!) { replay(usageId: $id) { equal } }"
        assert live.hub.ask(auditor, asked, id=record["id"])["replay"]["equal"]
