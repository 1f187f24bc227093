"""Groups through the API, beside the same questions in SQL written by hand."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.schema.hub import READING_COLUMNS, STATION_COLUMNS, Hub
from tests.shared_data import READINGS, START, STATIONS, catalogue, grant, reading_rows

HERE, VILLAGE, THERE = 500106004000000, 500106004001000, 500106016000000
HOURS = 60


@pytest.fixture
def readings(hub: Hub) -> Hub:
    """Three stations over sixty hours; one of them in the zone that governs a moved township."""
    rows = [
        (code, START + hour * timedelta(hours=1), level(code, hour), place)
        for code, place in (("A", HERE), ("B", THERE), ("C", VILLAGE))
        for hour in range(HOURS)
        if code != "C" or hour < 7
    ]
    hub.clock.advance(timedelta(hours=1))
    hub.publish(catalogue("snapshot").contracts[READINGS], reading_rows(*rows), "many readings")
    return hub


def level(code: str, hour: int) -> str | None:
    if hour % 11 == 5:
        return None
    return str(Decimal(180 if code == "A" else 200) + Decimal(hour * hour % 97) / 8)


def by_hand(hub: Hub, sql: str) -> list[tuple[Any, ...]]:
    cursor = hub.warehouse._cursor()  # noqa: SLF001 - the tables themselves are asked
    return cursor.execute(sql).fetchall()


def test_the_mean_level_of_each_station_and_day(readings: Hub, app: str) -> None:
    found = readings.ask(
        app,
        """{ readingAggregate(
             groupBy: [{column: STATION_CODE}, {bucket: {field: OBSERVED_AT, by: DAY}}]
           ) { key { stationCode observedAt } count levelM { count avg max } } }""",
    )["readingAggregate"]
    assert [
        (g["key"]["stationCode"], g["key"]["observedAt"], g["count"], g["levelM"]["count"])
        for g in found
    ] == by_hand(
        readings,
        """SELECT station_code, strftime(date_trunc('day', observed_at), '%Y-%m-%dT%H:%M:%S+08:00'),
                  count(*), count(level_m)
           FROM shared.reading GROUP BY ALL ORDER BY 1, 2""",
    )
    means = by_hand(
        readings,
        """SELECT avg(level_m), max(level_m) FROM shared.reading
           GROUP BY station_code, date_trunc('day', observed_at)
           ORDER BY station_code, date_trunc('day', observed_at)""",
    )
    assert len(means) > 6
    for group, (mean, highest) in zip(found, means, strict=True):
        assert abs(Decimal(group["levelM"]["avg"]) - Decimal(mean)) < Decimal("0.000001")
        assert group["levelM"]["max"] == str(highest)


def test_rows_of_each_district_by_who_governs(readings: Hub, app: str) -> None:
    """The moved township counts for the zone, not for the district of its digits."""
    found = readings.ask(
        app,
        """{ readingAggregate(groupBy: [{place: {field: PLACE_CODE, to: DISTRICT}}]) {
             key { placeCode } count } }""",
    )["readingAggregate"]
    assert {g["key"]["placeCode"]: g["count"] for g in found} == {"500106": 67, "500172": 60}
    townships = readings.ask(
        app,
        """{ readingAggregate(groupBy: [{place: {field: PLACE_CODE, to: TOWNSHIP}}],
             orderBy: [{count: ASC}]) { key { placeCode } count } }""",
    )["readingAggregate"]
    assert [(g["key"]["placeCode"], g["count"]) for g in townships] == [
        ("500106016", 60),
        ("500106004", 67),
    ]
    villages = readings.ask(
        app,
        """{ readingAggregate(groupBy: [{place: {field: PLACE_CODE, to: VILLAGE}}]) {
             key { placeCode } count } }""",
    )["readingAggregate"]
    assert {g["key"]["placeCode"]: g["count"] for g in villages} == {None: 120, "500106004001": 7}


def test_stations_with_more_than_some_readings(readings: Hub, app: str) -> None:
    found = readings.ask(
        app,
        """{ readingAggregate(groupBy: [{column: STATION_CODE}], having: {count: {gt: 7}},
             orderBy: [{levelM: {avg: DESC}}]) { key { stationCode } } }""",
    )["readingAggregate"]
    assert [g["key"]["stationCode"] for g in found] == ["B", "A"]


def test_percentiles_stand_beside_each_other(readings: Hub, app: str) -> None:
    found = readings.ask(
        app,
        """{ readingAggregate { levelM { median p90: percentile(p: 0.9) p10: percentile(p: 0.1) } } }""",
    )["readingAggregate"]
    ((median, high, low),) = by_hand(
        readings,
        """SELECT median(level_m::DOUBLE), quantile_cont(level_m::DOUBLE, 0.9),
                  quantile_cont(level_m::DOUBLE, 0.1) FROM shared.reading""",
    )
    told = found[0]["levelM"]
    assert (float(told["median"]), float(told["p90"]), float(told["p10"])) == pytest.approx(
        (median, high, low)
    )


def test_filtered_measures_stand_beside_each_other(readings: Hub, app: str) -> None:
    found = readings.ask(
        app,
        """{ readingAggregate(groupBy: [{column: STATION_CODE}]) {
             count
             high: only(where: {levelM: {gt: "190"}}) { count levelM { min } }
             low: only(where: {levelM: {lte: "190"}}) { count
               early: only(where: {observedAt: {lt: "2026-08-02T00:00:00+08:00"}}) { count } }
           } }""",
    )["readingAggregate"]
    assert [
        (g["count"], g["high"]["count"], g["high"]["levelM"]["min"], g["low"]["count"],
         g["low"]["early"]["count"])
        for g in found
    ] == by_hand(
        readings,
        """SELECT count(*), count_if(level_m > 190), (min(level_m) FILTER (level_m > 190))::VARCHAR,
                  count_if(level_m <= 190), count_if(level_m <= 190
                  AND observed_at < '2026-08-02 00:00:00+08'::TIMESTAMPTZ)
           FROM shared.reading GROUP BY station_code ORDER BY station_code""",
    )  # fmt: skip


def test_without_keys_there_is_one_group_even_of_nothing(readings: Hub, app: str) -> None:
    found = readings.ask(
        app,
        """{ readingAggregate(where: {stationCode: {eq: "no such"}}) {
             __typename count levelM { sum avg count min } } }""",
    )
    nothing = {"sum": None, "avg": None, "count": 0, "min": None}
    assert found["readingAggregate"] == [
        {"__typename": "ReadingAggregateRow", "count": 0, "levelM": nothing}
    ]
    assert readings.ask(app, "{ readingAggregate { __typename } }")["readingAggregate"] == [
        {"__typename": "ReadingAggregateRow"}
    ]
    none = '{ readingAggregate(where: {stationCode: {eq: "x"}}, groupBy: [{column: STATION_CODE}]) { count } }'
    assert readings.ask(app, none) == {"readingAggregate": []}


def test_groups_have_pages_in_a_total_order(readings: Hub, app: str) -> None:
    query = """query ($offset: Int) { readingAggregate(limit: 10, offset: $offset,
      groupBy: [{bucket: {field: OBSERVED_AT, by: HOUR}}], orderBy: [{count: DESC}]) {
        count key { observedAt } } }"""
    pages = [readings.ask(app, query, offset=n)["readingAggregate"] for n in range(0, 60, 10)]
    groups = [group for page in pages for group in page]
    assert len({g["key"]["observedAt"] for g in groups}) == HOURS
    assert groups == sorted(groups, key=lambda g: (-g["count"], g["key"]["observedAt"]))


def test_a_key_may_be_of_the_one_related_row(readings: Hub, app: str) -> None:
    found = readings.ask(
        app,
        """{ readingAggregate(groupBy: [{station: {column: NAME}}],
             orderBy: [{key: {station: {name: DESC}}}]) { key { station { name } } count } }""",
    )["readingAggregate"]
    assert [(g["key"]["station"]["name"], g["count"]) for g in found] == by_hand(
        readings,
        """SELECT s.name, count(*) FROM shared.reading r LEFT JOIN shared.station s
           ON r.station_code = s.code GROUP BY 1 ORDER BY 1 DESC NULLS LAST""",
    )


def test_related_rows_are_told_of_in_groups_below_a_row(readings: Hub, app: str) -> None:
    found = readings.ask(
        app,
        """{ station(orderBy: [{code: ASC}]) { code
             readingsAggregate { count levelM { max } }
             days: readingsAggregate(groupBy: [{bucket: {field: OBSERVED_AT, by: DAY}}], limit: 2,
               where: {levelM: {isNull: false}}, orderBy: [{count: DESC}]) { count } } }""",
    )["station"]
    assert [
        (s["code"], s["readingsAggregate"][0]["count"], s["readingsAggregate"][0]["levelM"]["max"])
        for s in found
    ] == by_hand(
        readings,
        """SELECT s.code, count(r.station_code), max(level_m)::VARCHAR FROM shared.station s
           LEFT JOIN shared.reading r ON r.station_code = s.code GROUP BY 1 ORDER BY 1""",
    )
    assert [len(s["days"]) for s in found] == [2, 2]


def test_having_compares_each_measure_by_its_type(readings: Hub, app: str) -> None:
    def kept(having: str) -> list[str]:
        query = f"""{{ readingAggregate(groupBy: [{{column: STATION_CODE}}], having: {having}) {{
          key {{ stationCode }} }} }}"""
        groups = readings.ask(app, query)["readingAggregate"]
        return [group["key"]["stationCode"] for group in groups]

    assert kept('{levelM: {max: {gte: "200"}}}') == ["B", "C"]
    assert kept('{observedAt: {max: {lt: "2026-08-01T20:00:00+08:00"}}}') == ["C"]
    assert kept('{stationCode: {min: {startsWith: "A"}}}') == ["A"]
    assert kept('{levelM: {percentile: {p: 0.5, is: {lt: "195"}}}}') == ["A"]
    assert kept("{or: [{count: {lt: 10}}, {not: {levelM: {countDistinct: {gt: 40}}}}]}") == ["C"]
    assert kept("{}") == ["A", "B", "C"]
    assert kept('{levelM: {avg: {between: ["200", "300"]}}, count: {gt: 7}}') == ["B"]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("readingAggregate { key { stationCode } count }", "GROUP_KEY_MISSING"),
        ("readingAggregate(orderBy: [{key: {stationCode: ASC}}]) { count }", "GROUP_KEY_MISSING"),
        (
            "readingAggregate(groupBy: [{column: LEVEL_M}, {column: LEVEL_M}]) { count }",
            "GROUP_KEY_UNFIT",
        ),
        (
            "readingAggregate(groupBy: [{bucket: {field: LEVEL_M, by: DAY}}]) { count }",
            "GROUP_KEY_UNFIT",
        ),
        (
            "readingAggregate(groupBy: [{place: {field: STATION_CODE, to: DISTRICT}}]) { count }",
            "GROUP_KEY_UNFIT",
        ),
        (
            'readingAggregate(groupBy: [{bucket: {field: OBSERVED_AT, by: DAY, zone: "Mars/Base"}}]) { count }',
            "WRONG_VALUE",
        ),
        ("readingAggregate { levelM { percentile(p: 1.5) } }", "FILTER_INVALID"),
        ("readingAggregate(having: {or: []}) { count }", "FILTER_INVALID"),
        ("readingAggregate(having: {count: {gt: null}}) { count }", "FILTER_INVALID"),
        ("readingAggregate(limit: 1001) { count }", "PAGE_OUT_OF_RANGE"),
        ("readingAggregate(offset: 100001) { count }", "PAGE_OUT_OF_RANGE"),
        (
            f"readingAggregate(groupBy: [{', '.join(['{column: LEVEL_M}'] * 9)}]) {{ count }}",
            "FILTER_INVALID",
        ),
        ("readingAggregate { stationCode { sum } }", "GRAPHQL_VALIDATION_FAILED"),
        ("readingAggregate { placeCode { max } }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
def test_what_cannot_be_grouped_or_measured_is_refused(
    hub: Hub, app: str, asked: str, code: str
) -> None:
    assert hub.codes(app, f"{{ {asked} }}") == [code]


def test_a_refusal_names_columns_as_the_schema_does(hub: Hub, app: str) -> None:
    query = "{ readingAggregate { key { stationCode } count } }"
    (error,) = hub.post(app, query).json()["errors"]
    assert "stationCode" in error["extensions"]["messageEn"]
    (error,) = hub.post(
        app, "{ readingAggregate(groupBy: [{bucket: {field: LEVEL_M, by: DAY}}]) { count } }"
    ).json()["errors"]
    assert "levelM in groupBy" in error["extensions"]["messageEn"]


def test_the_usage_record_names_all_that_groups_depend_on(readings: Hub, app: str) -> None:
    readings.ask(
        app,
        """{ readingAggregate(groupBy: [{station: {column: NAME}}], having: {levelM: {max: {gt: "1"}}},
             where: {observedAt: {isNull: false}}) { count only(where: {placeCode: {within: "500106"}}) { count } } }""",
    )
    record = readings.usage_records()[-1]
    assert record["columns"] == {
        "reading": ["level_m", "observed_at", "place_code", "station_code"],
        "station": ["code", "name"],
    }
    assert record["rows"] == 3, "a group with no station, too"


def test_places_and_masks_of_the_grant_hold_in_groups(readings: Hub) -> None:
    token = readings.client("narrow")
    readings.granted(
        "narrow",
        grant(STATIONS, STATION_COLUMNS),
        grant(READINGS, READING_COLUMNS, places=["500106"], masked=("level_m",)),
    )
    found = readings.ask(token, "{ readingAggregate { count levelM { countDistinct } } }")
    assert found["readingAggregate"][0]["count"] == 67
    assert readings.codes(token, "{ readingAggregate { levelM { max } } }") == [
        "GRAPHQL_VALIDATION_FAILED"
    ]
    below = readings.ask(
        token, "{ station(orderBy: [{code: ASC}]) { readingsAggregate { count } } }"
    )
    assert [s["readingsAggregate"][0]["count"] for s in below["station"]] == [60, 0]


def test_groups_of_the_past_are_of_what_was_published_then(readings: Hub, app: str) -> None:
    query = "query ($at: DateTime) { readingAggregate(asOf: $at) { count } }"
    then = (START + timedelta(hours=1)).isoformat()
    assert readings.ask(app, query, at=then)["readingAggregate"] == [{"count": 3}]
    assert readings.ask(app, query)["readingAggregate"] == [{"count": 127}]
