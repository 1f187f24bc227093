"""graphql-transport-ws as its document says, frame by frame."""

import pytest
from websockets.exceptions import InvalidStatus

from tests.schema.live.served import Served, admitted, opened, run

STATIONS = "subscription { station(orderBy: [{code: ASC}]) { code } }"
CODES = {"data": {"station": [{"code": "A"}, {"code": "B"}]}}


def test_another_subprotocol_or_none_is_closed_with_4406(live: Served) -> None:
    async def test() -> None:
        async with opened(live, protocol=None) as client:
            assert (await client.closed())[0] == 4406

    run(test)


def test_the_authorization_header_of_the_upgrade_counts_too(live: Served, app: str) -> None:
    async def test() -> None:
        async with opened(live, {"Authorization": f"Bearer {app}"}) as client:
            await client.init(None)
            assert await client.frame() == {"type": "connection_ack"}

    run(test)


def test_a_second_initialisation_closes_with_4429(live: Served, app: str) -> None:
    async def test() -> None:
        async with admitted(live, app) as client:
            await client.init(app)
            assert await client.closed() == (4429, "Too many initialisation requests")

    run(test)


def test_a_token_that_is_none_of_ours_closes_with_4403_and_its_code(live: Served) -> None:
    async def test() -> None:
        async with opened(live) as client:
            await client.init("made-up")
            assert await client.closed() == (4403, "Forbidden: TOKEN_INVALID")

    run(test)


def test_an_id_in_use_closes_with_4409(live: Served, app: str) -> None:
    async def test() -> None:
        async with admitted(live, app) as client:
            await client.subscribe("1", STATIONS)
            await client.subscribe("1", STATIONS)
            assert await client.closed() == (4409, "Subscriber for 1 already exists")

    run(test)


@pytest.mark.parametrize(
    "message",
    [
        "no json",
        "[]",
        '{"type":"start"}',
        '{"type":"subscribe"}',
        '{"type":"subscribe","id":"","payload":{"query":"{me{client}}"}}',
        '{"type":"subscribe","id":"1","payload":{"query":1}}',
        '{"type":"subscribe","id":"1","payload":[]}',
        '{"type":"subscribe","id":1,"payload":{"query":"{me{client}}"}}',
        '{"type":"complete"}',
        '{"id":"1"}',
        b'{"type":"ping"}',
    ],
)
def test_what_the_protocol_does_not_describe_closes_with_4400(
    live: Served, app: str, message: str | bytes
) -> None:
    async def test() -> None:
        async with admitted(live, app) as client:
            await client.connection.send(message)
            assert (await client.closed())[0] == 4400

    run(test)


def test_a_ping_is_answered_before_and_after_the_initialisation(live: Served, app: str) -> None:
    async def test() -> None:
        async with opened(live) as client:
            assert await client.is_quiet()
            await client.init(app)
            await client.frame()
            assert await client.is_quiet()
            await client.send("pong", payload={"of": "ours"})
            assert await client.is_quiet()

    run(test)


def test_a_syntax_error_ends_its_operation_and_leaves_the_socket_and_the_others_open(
    live: Served, app: str
) -> None:
    async def test() -> None:
        async with admitted(live, app) as client:
            await client.subscribe("1", STATIONS)
            assert (await client.next())["data"] == CODES["data"]
            await client.subscribe("2", "subscription {")
            assert await client.error("2") == "GRAPHQL_PARSE_FAILED"
            live.hub.republish_stations("Z")
            assert (await client.next())["data"]["station"] == [{"code": "Z"}]

    run(test)


def test_an_operation_that_was_completed_is_silent_and_its_id_is_free(
    live: Served, app: str
) -> None:
    async def test() -> None:
        async with admitted(live, app) as client:
            await client.subscribe("1", STATIONS)
            await client.next()
            await client.send("complete", id="1")
            assert await client.is_quiet()
            live.hub.republish_stations("Z")
            await client.subscribe("1", STATIONS)
            assert (await client.next())["data"]["station"] == [{"code": "Z"}]
            assert await client.is_quiet()

    run(test)


def test_queries_and_mutations_are_answered_once_with_the_same_records(
    live: Served, app: str
) -> None:
    async def test() -> None:
        async with admitted(live, app) as client:
            await client.subscribe("q", "query($n: Int) { station(limit: $n) { code } }", n=1)
            assert (await client.next("q"))["data"] == {"station": [{"code": "A"}]}
            assert await client.frame() == {"type": "complete", "id": "q"}
            await client.subscribe("m", 'mutation { cancelShareRequest(id: "r", why: "") { id } }')
            assert (await client.next("m"))["errors"][0]["extensions"]["code"] == "UNKNOWN_REQUEST"
            assert await client.frame() == {"type": "complete", "id": "m"}

    run(test)
    assert live.hub.usage_records()[-1]["rows"] == 1


def test_a_message_larger_than_a_request_body_may_be_closes_with_1009(
    live: Served, app: str
) -> None:
    async def test() -> None:
        async with admitted(live, app) as client:
            await client.subscribe("1", "{ me { client } }" + " " * 65_536)
            assert (await client.closed())[0] == 1009

    run(test)


@pytest.mark.parametrize(
    "origin", ["https://elsewhere.example", "null", "http://127.0.0.1:1", "http://["]
)
def test_a_page_from_elsewhere_may_not_open_a_socket(live: Served, origin: str) -> None:
    async def test() -> None:
        with pytest.raises(InvalidStatus) as refused:
            async with opened(live, {"Origin": origin}):
                pass
        assert refused.value.response.status_code == 403

    run(test)


def test_the_hubs_own_pages_and_those_of_the_settings_may(live: Served) -> None:
    async def test() -> None:
        live.limit(origins=("https://portal.example",))
        for origin in (f"http://127.0.0.1:{live.port}", "https://portal.example"):
            async with opened(live, {"Origin": origin}) as client:
                assert await client.is_quiet()

    run(test)
