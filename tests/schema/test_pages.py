"""Pages by cursor, over the whole way from HTTP to the engine and back."""

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice, product
from typing import Any

import pytest

from catalog.ids import GrantId
from tests.schema.hub import HERE, HOUR, THERE, Hub, whole
from tests.shared_data import READINGS, START, grant, reading, reading_rows

INFO = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
ORDERS = (
    "",
    "{levelM: DESC}",
    "{levelM: ASC_NULLS_FIRST}, {observedAt: DESC}",
    "{levelM: DESC_NULLS_FIRST}, {placeCode: ASC}",
    "{station: {name: DESC}}, {levelM: ASC}",
    "{station: {readingsAggregate: {count: DESC}}}",
    "{station: {readingsAggregate: {levelM: {avg: ASC}}}}, {observedAt: DESC}",
    "{station: {readingsAggregate: {levelM: {sum: ASC}}}}",
)


def page(hub: Hub, token: str, arguments: str, selection: str = "") -> Any:
    query = f"""{{ readingConnection({arguments}) {{
      edges {{ cursor node {{ stationCode observedAt levelM }} }} {INFO} {selection}
    }} }}"""
    return hub.ask(token, query)["readingConnection"]


def rows(found: Any) -> list[Any]:
    return [edge["node"] for edge in found["edges"]]


def publish_more(hub: Hub) -> None:
    """Nine readings, three of them without a level, two of a station that is not there."""
    hub.publish(
        reading(),
        reading_rows(
            *(
                (station, START + timedelta(days=number), level, place)
                for number, (station, level, place) in enumerate(
                    [
                        ("A", None, HERE),
                        ("A", "181.240", HERE),
                        ("B", None, THERE),
                        ("B", "200.230", THERE),
                        ("Z", None, HERE),
                        ("Z", "1.000", THERE),
                    ],
                    start=1,
                )
            )
        ),
        "more",
    )


def forward(hub: Hub, token: str, size: int, order: str) -> Iterator[Any]:
    after = ""
    while True:
        found = page(hub, token, f"first: {size}, orderBy: [{order}]{after}")
        yield found
        if not found["pageInfo"]["hasNextPage"]:
            return
        after = f', after: "{found["pageInfo"]["endCursor"]}"'


def backward(hub: Hub, token: str, size: int, order: str) -> Iterator[Any]:
    before = ""
    while True:
        found = page(hub, token, f"last: {size}, orderBy: [{order}]{before}")
        yield found
        if not found["pageInfo"]["hasPreviousPage"]:
            return
        before = f', before: "{found["pageInfo"]["startCursor"]}"'


@pytest.mark.parametrize(("order", "size"), list(product(ORDERS, (1, 2, 4))))
def test_pages_in_either_direction_hold_each_row_once_in_the_order(
    hub: Hub, app: str, order: str, size: int
) -> None:
    publish_more(hub)
    fields = "stationCode observedAt levelM"
    listed = hub.ask(app, f"{{ reading(orderBy: [{order}]) {{ {fields} }} }}")["reading"]
    pages = list(forward(hub, app, size, order))
    assert [row for found in pages for row in rows(found)] == listed
    assert {len(found["edges"]) for found in pages[:-1]} <= {size}
    assert [found["pageInfo"]["hasPreviousPage"] for found in pages] == [
        number > 0 for number in range(len(pages))
    ]
    pages = list(backward(hub, app, size, order))[::-1]
    assert [row for found in pages for row in rows(found)] == listed
    assert [found["pageInfo"]["hasNextPage"] for found in pages[::-1]] == [
        number > 0 for number in range(len(pages))
    ]


def test_instants_of_old_are_paged_to_the_microsecond(hub: Hub, app: str) -> None:
    """Before 1901 the city's clocks were 8 hours, 5 minutes and 43 seconds ahead."""
    first = datetime(1900, 1, 1, tzinfo=UTC)
    at = [first, first + timedelta(microseconds=1), first + timedelta(seconds=42), START]
    hub.publish(reading(), reading_rows(*(("A", instant, None, HERE) for instant in at)), "old")
    for order in ("{observedAt: ASC}", "{observedAt: DESC_NULLS_FIRST}"):
        listed = hub.ask(app, f"{{ reading(orderBy: [{order}]) {{ observedAt }} }}")["reading"]
        for pages in (forward, backward):
            found = [rows(each)[0]["observedAt"] for each in islice(pages(hub, app, 1, order), 9)]
            every = found if pages is forward else found[::-1]
            assert every == [row["observedAt"] for row in listed]


def test_what_stands_between_two_cursors_is_a_page(hub: Hub, app: str) -> None:
    publish_more(hub)
    cursors = [edge["cursor"] for edge in page(hub, app, "first: 9")["edges"]]
    between = page(hub, app, f'after: "{cursors[1]}", before: "{cursors[5]}"')
    assert [edge["cursor"] for edge in between["edges"]] == cursors[2:5]
    assert between["pageInfo"] == {
        "hasNextPage": True,
        "hasPreviousPage": True,
        "startCursor": cursors[2],
        "endCursor": cursors[4],
    }
    last = page(hub, app, f'after: "{cursors[1]}", before: "{cursors[5]}", last: 1')
    assert [edge["cursor"] for edge in last["edges"]] == [cursors[4]]


def test_a_cursor_holds_its_place_when_rows_come_and_go(hub: Hub, app: str) -> None:
    first = page(hub, app, "first: 2")
    publish_more(hub)
    second = page(hub, app, f'first: 2, after: "{first["pageInfo"]["endCursor"]}"')
    assert [row["stationCode"] for row in rows(second)] == ["A", "A"]
    assert rows(second)[0]["observedAt"] > rows(first)[1]["observedAt"]


def test_the_total_counts_what_fits_on_all_pages(hub: Hub, app: str) -> None:
    publish_more(hub)
    arguments = 'first: 1, where: {levelM: {gt: "100"}}'
    assert page(hub, app, arguments, "totalCount")["totalCount"] == 5
    alone = hub.ask(app, "{ readingConnection { totalCount } }")
    assert alone == {"readingConnection": {"totalCount": 9}}
    hub.granted("app", *whole(places=["500106"]))
    alone = hub.ask(app, "{ readingConnection { totalCount } }")
    assert alone == {"readingConnection": {"totalCount": 5}}
    assert hub.usage_records()[-1]["rows"] == 0


def test_one_row_of_each_group_is_paged_and_counted_as_such(hub: Hub, app: str) -> None:
    publish_more(hub)
    newest = "latestBy: {keys: [STATION_CODE], at: OBSERVED_AT}"
    first = page(hub, app, f"{newest}, first: 2", "totalCount")
    assert [(row["stationCode"], row["levelM"]) for row in rows(first)] == [
        ("A", "181.240"),
        ("B", "200.230"),
    ]
    assert first["totalCount"] == 3
    second = page(hub, app, f'{newest}, first: 2, after: "{first["pageInfo"]["endCursor"]}"')
    assert [(row["stationCode"], row["levelM"]) for row in rows(second)] == [("Z", "1.000")]
    assert second["pageInfo"]["hasPreviousPage"]
    assert not second["pageInfo"]["hasNextPage"]


def test_nothing_found_is_an_empty_page(hub: Hub, app: str) -> None:
    for arguments in ('where: {levelM: {gt: "999"}}', "first: 0", "last: 0"):
        found = page(hub, app, arguments, "nodes { levelM }")
        assert found["edges"] == found["nodes"] == []
        assert found["pageInfo"]["startCursor"] is None
        assert found["pageInfo"]["endCursor"] is None
    assert page(hub, app, "first: 0")["pageInfo"]["hasNextPage"]
    assert page(hub, app, "last: 0")["pageInfo"]["hasPreviousPage"]


def test_a_page_is_selected_like_any_object(hub: Hub, app: str) -> None:
    query = """query ($n: Int, $no: Boolean = false) {
      a: readingConnection(first: $n) {
        kind: __typename o0: totalCount
        ...edges
        edges { node { station { name } } }
        more_: edges { __typename node { readings: levelM } c0: cursor @include(if: $no) }
        nodes { o0: levelM station { readings(limit: 1) { levelM } } }
        pageInfo { __typename more: hasNextPage }
      }
    }
    fragment edges on ReadingConnection { edges { node { levelM } } }"""
    assert hub.ask(app, query, n=1)["a"] == {
        "kind": "ReadingConnection",
        "o0": 3,
        "edges": [{"node": {"levelM": "181.240", "station": {"name": "磁器口"}}}],
        "more_": [{"__typename": "ReadingEdge", "node": {"readings": "181.240"}}],
        "nodes": [{"o0": "181.240", "station": {"readings": [{"levelM": "181.240"}]}}],
        "pageInfo": {"__typename": "PageInfo", "more": True},
    }


def test_as_of_pages_read_the_version_of_then(hub: Hub, app: str) -> None:
    publish_more(hub)
    then = (START + 1.5 * HOUR).isoformat()
    arguments = f'first: 2, asOf: "{then}"'
    hub.clock.advance(HOUR)
    first = page(hub, app, arguments, "totalCount")
    assert len(first["edges"]) == 2


def moved(cursor: str) -> str:
    parts = cursor.split(".")
    return ".".join([base64.b64encode(b"B").decode(), *parts[1:]])


CURSOR_FAULTS: Mapping[str, Callable[[str], str]] = {
    "empty": lambda _cursor: "",
    "bogus": lambda _cursor: "bogus",
    "not ASCII": lambda _cursor: "\u202e游标",
    "very long": lambda cursor: cursor * 500,
    "cut": lambda cursor: cursor[:-1],
    "its place moved": moved,
    "without its values": lambda cursor: "." + cursor.rpartition(".")[2],
    "a quote": lambda cursor: cursor + "' OR 1=1 --",
}


@pytest.mark.parametrize("fault", CURSOR_FAULTS)
@pytest.mark.parametrize("argument", ["after", "before"])
def test_a_cursor_that_was_not_given_out_is_refused(
    hub: Hub, app: str, argument: str, fault: str
) -> None:
    cursor = page(hub, app, "first: 1")["pageInfo"]["endCursor"]
    query = f"query ($c: String) {{ readingConnection({argument}: $c) {{ totalCount }} }}"
    assert hub.ask(app, query, c=cursor)
    body = hub.post(app, query, variables={"c": CURSOR_FAULTS[fault](cursor)}).json()
    (error,) = body["errors"]
    assert error["extensions"]["code"] == "CURSOR_INVALID"
    assert argument in error["message"]


@pytest.mark.parametrize(
    "elsewhere",
    [
        'readingConnection(after: "%s", orderBy: [{levelM: ASC}]) { totalCount }',
        'readingConnection(after: "%s", orderBy: [{stationCode: DESC}]) { totalCount }',
        'stationConnection(after: "%s") { totalCount }',
    ],
)
def test_a_cursor_of_another_list_or_order_is_refused(hub: Hub, app: str, elsewhere: str) -> None:
    cursor = page(hub, app, "first: 1")["pageInfo"]["endCursor"]
    assert hub.codes(app, f"{{ {elsewhere % cursor} }}") == ["CURSOR_INVALID"]


def test_a_cursor_of_another_caller_is_refused(hub: Hub, app: str) -> None:
    cursor = page(hub, app, "first: 1")["pageInfo"]["endCursor"]
    neighbour = hub.client("neighbour")
    hub.granted("neighbour", *(replace(g, id=GrantId(f"{g.id}-2")) for g in whole()))
    query = f'{{ readingConnection(after: "{cursor}") {{ totalCount }} }}'
    assert hub.codes(neighbour, query) == ["CURSOR_INVALID"]


def test_a_cursor_tells_visible_values_only(hub: Hub, app: str) -> None:
    held = grant(READINGS, ["level_m", "place_code"], places=["500106"], masked=["place_code"])
    hub.granted("app", held)
    query = "{ readingConnection(orderBy: [{placeCode: ASC}]) { edges { cursor } } }"
    for edge in hub.ask(app, query)["readingConnection"]["edges"]:
        *told, _ = edge["cursor"].split(".")
        texts = [base64.b64decode(part).decode() for part in told]
        assert len(texts) == 2
        assert str(HERE) not in texts
        assert len(texts[0]) == 16


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("first: 1, last: 1", "PAGE_SIZE_TWICE"),
        ("first: -1", "PAGE_OUT_OF_RANGE"),
        ("last: 1001", "PAGE_OUT_OF_RANGE"),
        ("limit: 1", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
def test_a_page_has_one_size_within_bounds(hub: Hub, app: str, arguments: str, code: str) -> None:
    assert hub.codes(app, f"{{ readingConnection({arguments}) {{ totalCount }} }}") == [code]


def test_the_usage_log_counts_rows_and_names_what_cursors_tell(hub: Hub, app: str) -> None:
    hub.ask(app, "{ readingConnection { edges { cursor } } }")
    record = hub.usage_records()[-1]
    assert record["rows"] == 3
    assert record["columns"][READINGS] == ["observed_at", "station_code"]
    hub.ask(
        app,
        "{ stationConnection { edges { cursor node { readings { levelM } } } "
        "pageInfo { hasNextPage } } }",
    )
    assert hub.usage_records()[-1]["rows"] == 2 + 3
