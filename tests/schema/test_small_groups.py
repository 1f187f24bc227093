"""Small groups through the API: what a grant with a least group offers, answers and refuses."""

from datetime import timedelta

import anyio
import pytest

from query.aggregate import ROWS, Aggregate, Groups, Told
from query.errors import GroupsOfThePast
from query.relation import Scope
from schema.data.plan import Reading
from tests.schema.hub import READING_COLUMNS, STATION_COLUMNS, Hub
from tests.shared_data import READINGS, START, STATIONS, catalogue, grant, reading_rows

HERE, THERE = 500106004000000, 500106016000000
SMALL = grant(
    READINGS,
    READING_COLUMNS,
    places=["500106", "500172"],
    aggregate=["level_m"],
    minimum_group=3,
)
COUNTED = Aggregate(READINGS, Groups((Told("n", ROWS),)))


@pytest.fixture
def statistics(hub: Hub) -> str:
    """The token of an application that is told of three readings and more; there are four and two."""
    rows = [("A", START + n * timedelta(hours=1), str(100 + n), HERE) for n in range(4)]
    rows += [("B", START + n * timedelta(hours=1), "7", THERE) for n in range(2)]
    hub.clock.advance(timedelta(hours=1))
    hub.publish(catalogue("snapshot").contracts[READINGS], reading_rows(*rows), "six readings")
    token = hub.client("statistics")
    hub.granted("statistics", SMALL, grant(STATIONS, STATION_COLUMNS))
    return token


def test_small_cells_are_in_no_total_no_group_and_no_condition(hub: Hub, statistics: str) -> None:
    found = hub.ask(
        statistics,
        """{
          all: readingAggregate { count levelM { sum avg } }
          groups: readingAggregate(groupBy: [{column: PLACE_CODE}]) { key { placeCode } count }
          having: readingAggregate(groupBy: [{column: PLACE_CODE}], having: {count: {lt: 3}}) { count }
          there: readingAggregate(where: {placeCode: {within: "500172"}}) { count levelM { sum } }
          only: readingAggregate { only(where: {placeCode: {within: "500172"}}) { count levelM { sum } } }
        }""",
    )
    nothing = {"count": 0, "levelM": {"sum": None}}
    assert found == {
        "all": [{"count": 4, "levelM": {"sum": "406.000", "avg": "101.500000000"}}],
        "groups": [{"key": {"placeCode": "500106004"}, "count": 4}],
        "having": [],
        "there": [nothing],
        "only": [{"only": nothing}],
    }


def test_rows_are_read_beside_a_relation_to_a_set_without_cells(hub: Hub, app: str) -> None:
    """No key leads to the stations, for they have no column to group by."""
    small = grant(STATIONS, STATION_COLUMNS, minimum_group=3)
    hub.granted("app", grant(READINGS, READING_COLUMNS, places=["500106"]), small)
    assert hub.ask(app, "{ reading(limit: 1) { station { code } } }")
    by_station = "{ readingAggregate(groupBy: [{station: {column: CODE}}]) { count } }"
    assert set(hub.codes(app, by_station)) == {"GRAPHQL_VALIDATION_FAILED"}


def test_rows_show_what_they_are_granted_and_nothing_more(hub: Hub, statistics: str) -> None:
    assert len(hub.ask(statistics, "{ reading { stationCode placeCode } }")["reading"]) == 6
    for query in (
        "{ reading { levelM } }",
        '{ reading(where: {levelM: {gt: "1"}}) { stationCode } }',
        "{ reading(orderBy: [{levelM: ASC}]) { stationCode } }",
        "{ reading(distinctOn: [LEVEL_M]) { stationCode } }",
        "{ reading(latestBy: {keys: [STATION_CODE], at: LEVEL_M}) { stationCode } }",
        '{ station(where: {readings: {some: {levelM: {gt: "1"}}}}) { code } }',
        "{ station(orderBy: [{readingsAggregate: {levelM: {max: ASC}}}]) { code } }",
    ):
        assert set(hub.codes(statistics, query)) == {"GRAPHQL_VALIDATION_FAILED"}, query


@pytest.mark.parametrize(
    "asked",
    [
        "levelM { min }",
        "levelM { median }",
        "levelM { percentile(p: 0.5) }",
        "levelM { countDistinct }",
        "levelM { count }",
        "key { stationCode }",
        'only(where: {stationCode: {eq: "A"}}) { count }',
    ],
)
def test_what_would_tell_of_a_row_is_not_in_the_schema(
    hub: Hub, statistics: str, asked: str
) -> None:
    query = f"{{ readingAggregate {{ {asked} }} }}"
    assert set(hub.codes(statistics, query)) == {"GRAPHQL_VALIDATION_FAILED"}


@pytest.mark.parametrize(
    "arguments",
    [
        'where: {stationCode: {eq: "A"}}',
        'where: {station: {code: {eq: "A"}}}',
        "groupBy: [{column: STATION_CODE}]",
        "groupBy: [{station: {column: NAME}}]",
        'having: {levelM: {max: {gt: "1"}}}',
        "orderBy: [{levelM: {max: DESC}}]",
        'asOf: "2026-08-01T10:00:00+08:00"',
    ],
)
def test_what_would_part_a_cell_is_not_in_the_schema(
    hub: Hub, statistics: str, arguments: str
) -> None:
    query = f"{{ readingAggregate({arguments}) {{ count }} }}"
    assert set(hub.codes(statistics, query)) == {"GRAPHQL_VALIDATION_FAILED"}


def test_groups_below_a_row_would_part_cells_by_the_key(hub: Hub, statistics: str) -> None:
    query = "{ station { readingsAggregate { count } } }"
    assert set(hub.codes(statistics, query)) == {"GRAPHQL_VALIDATION_FAILED"}


@pytest.mark.parametrize("live", [True, False])
def test_small_groups_have_no_past_and_are_not_live(hub: Hub, live: bool) -> None:
    """Two versions may differ by one row."""

    async def scenario() -> None:
        under_way = Reading(
            hub.warehouse,
            Scope(catalogue(), [SMALL], "k"),
            pool=anyio.CapacityLimiter(1),
            seconds=600,
            check_inputs=hub.sharing.check_inputs,
            live=live,
        )
        try:
            with pytest.raises(GroupsOfThePast):
                await under_way.answer(COUNTED, None if live else START + timedelta(hours=1))
        finally:
            await under_way.close()

    anyio.run(scenario)
