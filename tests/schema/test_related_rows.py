"""Filters over related data sets, orders by them and one row of each group, from HTTP to the engine."""

from dataclasses import replace

import pytest

from tests.schema.hub import Hub, whole
from tests.shared_data import READINGS, STATIONS, grant


def stations(hub: Hub, token: str, arguments: str) -> list[str]:
    return [
        row["code"] for row in hub.ask(token, f"{{ station({arguments}) {{ code }} }}")["station"]
    ]


def levels(hub: Hub, token: str, arguments: str) -> list[str]:
    rows = hub.ask(token, f"{{ reading({arguments}) {{ levelM }} }}")["reading"]
    return [row["levelM"] for row in rows]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ('{station: {name: {eq: "磁器口"}}}', ["181.240", "181.300"]),
        ('{not: {station: {name: {eq: "磁器口"}}}}', ["200.230"]),
        ('{station: {readings: {some: {levelM: {gt: "200"}}}}}', ["200.230"]),
        ("{station: {}}", ["181.240", "181.300", "200.230"]),
        ('{or: [{station: {code: {eq: "B"}}}, {levelM: {eq: "181.24"}}]}', ["181.240", "200.230"]),
    ],
)
def test_rows_are_kept_by_the_row_they_belong_to(
    hub: Hub, app: str, where: str, found: list[str]
) -> None:
    assert levels(hub, app, f"where: {where}, orderBy: [{{levelM: ASC}}]") == found


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ('some: {levelM: {lt: "181.25"}}', ["A"]),
        ('every: {levelM: {lt: "181.25"}}', ["C"]),
        ('every: {levelM: {lt: "190"}}', ["A", "C"]),
        ('none: {levelM: {lt: "190"}}', ["B", "C"]),
        ("some: {}", ["A", "B"]),
        ("none: {}", ["C"]),
        ('some: {levelM: {gt: "181.25"}}, none: {levelM: {gt: "200"}}', ["A"]),
    ],
)
def test_rows_are_kept_by_the_rows_that_belong_to_them(
    hub: Hub, app: str, condition: str, found: list[str]
) -> None:
    hub.republish_stations("A", "B", "C")
    assert stations(hub, app, f"where: {{readings: {{{condition}}}}}") == found


def test_related_rows_are_those_that_the_grant_shows(hub: Hub, app: str) -> None:
    hub.granted("app", *whole(places=["500106"]))
    assert stations(hub, app, "where: {readings: {some: {}}}") == ["A"]
    assert stations(hub, app, "orderBy: [{readingsAggregate: {levelM: {max: DESC}}}]") == ["A", "B"]


def test_without_a_grant_on_both_sides_there_is_no_such_filter_or_order(hub: Hub, app: str) -> None:
    hub.granted("app", grant(READINGS, ["station_code", "level_m"], places=["500106"]))
    for arguments in (
        "where: {station: {}}",
        "orderBy: [{station: {code: ASC}}]",
        "orderBy: [{stationAggregate: {count: ASC}}]",
    ):
        query = f"{{ reading({arguments}) {{ levelM }} }}"
        assert set(hub.codes(app, query)) == {"GRAPHQL_VALIDATION_FAILED"}


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("{readingsAggregate: {count: DESC}}", ["A", "B", "C"]),
        ("{readingsAggregate: {count: ASC}}", ["C", "B", "A"]),
        ("{readingsAggregate: {levelM: {max: DESC}}}", ["B", "A", "C"]),
        ("{readingsAggregate: {levelM: {max: ASC_NULLS_FIRST}}}", ["C", "A", "B"]),
        ("{readingsAggregate: {observedAt: {min: ASC}}}, {code: DESC}", ["B", "A", "C"]),
        ("{readingsAggregate: {levelM: {sum: DESC}}}", ["A", "B", "C"]),
        ("{readingsAggregate: {levelM: {avg: DESC}}}", ["B", "A", "C"]),
    ],
)
def test_rows_are_ordered_by_what_belongs_to_them(
    hub: Hub, app: str, order: str, found: list[str]
) -> None:
    hub.republish_stations("A", "B", "C")
    assert stations(hub, app, f"orderBy: [{order}]") == found


def test_rows_are_ordered_by_the_row_they_belong_to(hub: Hub, app: str) -> None:
    by_name = "orderBy: [{station: {name: %s}}, {levelM: DESC}]"
    assert levels(hub, app, by_name % "ASC") == ["200.230", "181.300", "181.240"]
    assert levels(hub, app, by_name % "DESC") == ["181.300", "181.240", "200.230"]


def test_groups_smaller_than_the_grant_allows_count_as_nothing(hub: Hub, app: str) -> None:
    held_stations, held_readings = whole()
    hub.granted("app", held_stations, replace(held_readings, minimum_group=2))
    order = "orderBy: [{readingsAggregate: {levelM: {max: DESC}}}]"
    assert stations(hub, app, order) == ["A", "B"], "B has one reading, the highest"


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ("latestBy: {keys: [STATION_CODE], at: OBSERVED_AT}", ["181.300", "200.230"]),
        ("latestBy: {keys: [PLACE_CODE], at: LEVEL_M}", ["181.300", "200.230"]),
        (
            "latestBy: {keys: [STATION_CODE], at: OBSERVED_AT}, orderBy: [{levelM: DESC}]",
            ["200.230", "181.300"],
        ),
        (
            'latestBy: {keys: [STATION_CODE], at: OBSERVED_AT}, where: {levelM: {lt: "181.3"}}',
            ["181.240"],
        ),
        ("distinctOn: [STATION_CODE]", ["181.240", "200.230"]),
        ("distinctOn: [STATION_CODE], orderBy: [{levelM: DESC}]", ["200.230", "181.300"]),
        ("distinctOn: [OBSERVED_AT], orderBy: [{station: {code: DESC}}]", ["200.230", "181.300"]),
        ("distinctOn: [STATION_CODE, OBSERVED_AT]", ["181.240", "181.300", "200.230"]),
    ],
)
def test_one_row_of_each_group_is_left(
    hub: Hub, app: str, arguments: str, found: list[str]
) -> None:
    assert levels(hub, app, arguments) == found


def test_nested_lists_take_all_of_it_too(hub: Hub, app: str) -> None:
    query = """{ station {
      newest: readings(latestBy: {keys: [PLACE_CODE], at: OBSERVED_AT}) { levelM }
      first: readings(distinctOn: [PLACE_CODE], orderBy: [{levelM: ASC}]) { levelM }
      there: readings(where: {station: {name: {eq: "磁器口"}}}, orderBy: [{station: {name: ASC}}]) {
        levelM
      }
      ranked: readings(orderBy: [{station: {readingsAggregate: {count: ASC}}}, {levelM: DESC}]) {
        levelM
      }
    } }"""
    here, elsewhere = hub.ask(app, query)["station"]
    shown = {name: [row["levelM"] for row in rows] for name, rows in here.items()}
    assert shown == {
        "newest": ["181.300"],
        "first": ["181.240"],
        "there": ["181.240", "181.300"],
        "ranked": ["181.300", "181.240"],
    }
    assert elsewhere["there"] == []
    assert elsewhere["newest"] == [{"levelM": "200.230"}]


def test_the_usage_log_names_the_columns_of_related_filters_and_orders(hub: Hub, app: str) -> None:
    hub.granted("app", *whole())
    stations(
        hub,
        app,
        'where: {readings: {some: {levelM: {gt: "1"}}}}, '
        "orderBy: [{readingsAggregate: {observedAt: {max: ASC}}}]",
    )
    record = hub.usage_records()[-1]
    read = record["columns"]
    assert read[READINGS] == ["level_m", "observed_at", "station_code"]
    assert read[STATIONS] == ["code"]
