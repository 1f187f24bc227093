"""Leaks that others shipped, each asked of this hub through its API.

Some stand elsewhere: stored markup in `tests/quality/test_report.py`, line breaks for the log in
`tests/schema/test_http.py`, files and addresses of sources in `tests/connectors/`, SQL of derived data in
`tests/query/test_derived.py`. Subscriptions are not there yet.
"""

import logging
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from access.roles import Role
from catalog.ids import DatasetCode, GrantId
from catalog.predicate import Compare, Op
from catalog.sharing.grant import Grant, Part
from query.compile import compile_read
from query.errors import UnknownField
from query.relation import Scope
from query.tree import Leaf, Order, Read
from tests.schema.hub import READING_COLUMNS, STATION_COLUMNS, Hub, whole
from tests.shared_data import (
    READINGS,
    START,
    STATIONS,
    catalogue,
    grant,
    station,
    station_rows,
)

NARROW = ("station_code", "observed_at")
HIDDEN = ("levelM", "placeCode", "phone", "_seq", "rowid")


def with_parts(*parts: Part) -> Grant:
    return replace(grant(READINGS, ()), parts=parts)


def part(place: str, columns: tuple[str, ...], masked: tuple[str, ...] = ()) -> Part:
    return grant(READINGS, columns, places=[place], masked=masked).parts[0]


def told(error: dict[str, Any]) -> str:
    """What a client is told, wherever in its text."""
    extensions = error["extensions"]
    return f"{error['message']} {extensions['messageEn']} {extensions['code']}"


def test_a_second_grant_lifts_nothing_of_the_first(hub: Hub) -> None:
    """Inherited roles that united columns and rows: Hasura #10711."""
    token = hub.client("twice")
    first = grant(READINGS, NARROW, places=["500106"])
    later = grant(READINGS, READING_COLUMNS, places=["500172"])
    later = replace(later, id=GrantId("later"), not_before=START + timedelta(minutes=1))
    hub.granted("twice", later, first)
    rows = hub.ask(token, "{ reading { stationCode } }")["reading"]
    assert [row["stationCode"] for row in rows] == ["A", "A"]
    assert hub.codes(token, "{ reading { levelM } }") == ["GRAPHQL_VALIDATION_FAILED"]


def test_a_second_role_lifts_no_limit(hub: Hub) -> None:
    both = hub.client("both", Role.APP, Role.PUBLISHER)
    auditor = hub.client("auditor", Role.AUDITOR)
    for name in ("both", "auditor"):
        hub.granted(name, grant(READINGS, NARROW, places=["500106"]))
    assert len(hub.ask(both, "{ reading { stationCode } }")["reading"]) == 2
    assert hub.codes(both, "{ reading(limit: 1001) { stationCode } }") == ["PAGE_OUT_OF_RANGE"]
    assert hub.codes(auditor, "{ reading { stationCode } }") == ["GRAPHQL_VALIDATION_FAILED"]


def test_a_mask_stays_though_another_part_is_clear(hub: Hub) -> None:
    """Masking skipped for all rows once any policy is full: Cube #10803."""
    token = hub.client("parts")
    masked = part("500106", READING_COLUMNS, masked=("level_m",))
    hub.granted("parts", with_parts(masked, part("500172", READING_COLUMNS)))
    levels = [row["levelM"] for row in hub.ask(token, "{ reading { levelM } }")["reading"]]
    assert len(levels) == 3
    assert all(len(level) == 16 for level in levels)


def test_a_column_of_one_part_is_empty_in_the_rows_of_another(hub: Hub) -> None:
    """Columns times rows of united policies: Cube #10803, Hasura #10711."""
    token = hub.client("parts")
    hub.granted("parts", with_parts(part("500106", NARROW), part("500172", READING_COLUMNS)))
    query = "{ reading(orderBy: [{observedAt: ASC}, {stationCode: ASC}]) { stationCode levelM } }"
    assert [(r["stationCode"], r["levelM"]) for r in hub.ask(token, query)["reading"]] == [
        ("A", None),
        ("B", "200.230"),
        ("A", None),
    ]
    assert hub.ask(token, '{ reading(where: {levelM: {lt: "190"}}) { levelM } }') == {"reading": []}


def test_the_order_of_a_nested_list_sees_only_what_is_shown(hub: Hub) -> None:
    """Sorting by a child ignored the child's filter: Hasura #1357."""
    token = hub.client("low")
    low = Compare("level_m", Op.LT, Decimal("181.29"))
    hub.granted(
        "low",
        grant(STATIONS, STATION_COLUMNS),
        grant(READINGS, READING_COLUMNS, places=["500106"], row_filter=low),
    )
    query = "{ station { code readings(orderBy: [{levelM: DESC}], limit: 1) { levelM } } }"
    assert hub.ask(token, query)["station"] == [
        {"code": "A", "readings": [{"levelM": "181.240"}]},
        {"code": "B", "readings": []},
    ]


@pytest.mark.parametrize(
    "query",
    [
        "{ reading { stationCode %s } }",
        "{ reading(where: {%s: {isNull: false}}) { stationCode } }",
        "{ reading(where: {not: {or: [{%s: {isNull: true}}]}}) { stationCode } }",
        "{ reading(orderBy: [{%s: DESC}]) { stationCode } }",
        "{ station { readings { %s } } }",
        "{ station { readings(where: {%s: {isNull: false}}) { stationCode } } }",
        "{ station { readings(orderBy: [{stationCode: ASC}, {%s: ASC}]) { stationCode } } }",
        "{ reading { station { %s } } }",
        '{ stationByKey(code: "A") { readings { ... on Reading { %s } } } }',
    ],
)
def test_no_place_in_a_query_takes_a_hidden_column(hub: Hub, query: str) -> None:
    """Allow-lists skipped in order, group and filter: WaveHouse #223, Frappe #40515, prisma1 #711."""
    token = hub.client("narrow")
    hub.granted("narrow", grant(STATIONS, ("code",)), grant(READINGS, NARROW, places=["500106"]))
    for hidden in HIDDEN:
        errors = []
        for name in (hidden, "unheardOf"):
            body = hub.post(token, query.replace("%s", name)).json()
            assert "data" not in body
            errors.append([told(error).replace(name, "X") for error in body["errors"]])
        assert errors[0] == errors[1]


def test_who_names_no_column_gets_none(hub: Hub) -> None:
    """Omitted columns and `*` meant all: WaveHouse #223."""
    token = hub.client("narrow")
    hub.granted("narrow", grant(STATIONS, ("code",)))
    for query in ("{ station }", "{ station { } }", "{ station { * } }"):
        assert hub.post(token, query).json().get("data") is None
    assert hub.ask(token, "{ station { __typename } }")["station"][0] == {"__typename": "Station"}


def test_sorting_by_a_masked_column_sorts_the_masks(hub: Hub) -> None:
    """The order of rows was an oracle for a value: Frappe #40515."""
    token = hub.client("masked")
    hub.granted("masked", grant(STATIONS, ("code", "phone"), masked=("phone",)))
    phones = [f"1380000{number:04}" for number in range(20)]
    rows = [(phone, phone, phone) for phone in phones]
    hub.publish(station(), station_rows(*rows), "twenty")
    found = hub.ask(token, "{ station(orderBy: [{phone: ASC}]) { code phone } }")["station"]
    masks = [row["phone"] for row in found]
    assert masks == sorted(masks)
    assert [row["code"] for row in found] != sorted(phones)
    above = '{ station(where: {phone: {gt: "13800000010"}}, limit: 1000) { phone } }'
    assert all(row["phone"] > "13800000010" for row in hub.ask(token, above)["station"])


def test_a_condition_that_is_always_true_shows_no_more(hub: Hub) -> None:
    """An OR beside the permission's own condition: Mythic #563."""
    token = hub.client("here")
    hub.granted("here", *whole(places=["500106"]))
    always = "{or: [{stationCode: {isNull: true}}, {stationCode: {isNull: false}}]}"
    never = '{stationCode: {eq: "no such"}}'
    for where in (always, f"{{not: {never}}}", f"{{or: [{never}, {always}]}}"):
        rows = hub.ask(token, f"{{ reading(where: {where}) {{ placeCode }} }}")["reading"]
        assert [row["placeCode"] for row in rows] == ["500106004"] * 2
        below = hub.ask(token, f"{{ station {{ readings(where: {where}) {{ placeCode }} }} }}")
        assert [len(row["readings"]) for row in below["station"]] == [2, 0]


@pytest.mark.parametrize(
    "hostile", ["' OR 1=1 --", '"; DROP TABLE shared.station; --', "%", "\\", "$mask_key", "A\n"]
)
def test_a_text_is_a_value_and_nothing_else(hub: Hub, app: str, hostile: str) -> None:
    """SQL from clients: CKAN CVE-2026-42031, CVE-2026-42032."""
    for op in ("eq", "contains", "startsWith", "lt"):
        query = f"query ($v: String) {{ station(where: {{code: {{{op}: $v}}}}) {{ code }} }}"
        found = [row["code"] for row in hub.ask(app, query, v=hostile)["station"]]
        assert found == [code for code in ("A", "B") if op == "lt" and code < hostile]
    assert len(hub.ask(app, "{ station { code } }")["station"]) == 2


def test_a_fault_says_nothing_of_what_is_inside(
    hub: Hub, app: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Credentials and statements in error texts: CKAN CVE-2024-41674."""
    hub.warehouse._cursor().execute("DROP TABLE shared.station")  # noqa: SLF001 - a fault is wanted
    with caplog.at_level(logging.CRITICAL):
        reply = hub.post(app, '{ station(where: {code: {eq: "secret"}}) { name } }')
    (error,) = reply.json()["errors"]
    assert error["extensions"]["code"] == "WAREHOUSE_FAULT"
    for inside in ("shared", "SELECT", "Catalog", "Table", "secret", "duckdb", str(hub.folder)):
        assert inside not in told(error)


def test_what_is_kept_inside_shows_in_no_repr() -> None:
    scope = Scope(
        catalogue(), [grant(STATIONS, ("code", "phone"), masked=("phone",))], "mask secret"
    )
    statement = compile_read(Read(STATIONS, (Leaf("p", "phone"),)), scope)
    for held in (scope, statement, scope.relation(STATIONS)):
        assert "mask secret" not in repr(held)


@pytest.mark.parametrize("path", ["../../registry.sqlite", "/etc/passwd", "stations/../stations"])
def test_a_path_is_no_load(hub: Hub, path: str) -> None:
    """Files by a made-up id: CKAN CVE-2023-32321."""
    auditor = hub.client("auditor", Role.AUDITOR)
    query = "query ($id: String!) { qualityReport(loadId: $id) { decision } }"
    reply = hub.post(auditor, query, variables={"id": path})
    (error,) = reply.json()["errors"]
    assert error["extensions"]["code"] != "INTERNAL"
    assert str(hub.folder) not in reply.text


def test_clients_with_one_schema_share_no_rows(hub: Hub) -> None:
    """A cache that did not know whom it answered: dotCMS #30319."""
    tokens = {place: hub.client(f"of-{place}") for place in ("500106", "500172")}
    for place in tokens:
        hub.granted(f"of-{place}", grant(READINGS, READING_COLUMNS, places=[place]))
    query = '{ reading { placeCode } readingByKey(stationCode: "B", observedAt: "%s") { levelM } }'
    query %= START.isoformat()
    for _ in range(2):
        here, there = (hub.ask(tokens[place], query) for place in tokens)
        assert {row["placeCode"] for row in here["reading"]} == {"500106004"}
        assert {row["placeCode"] for row in there["reading"]} == {"500106016"}
        assert here["readingByKey"] is None
        assert there["readingByKey"] == {"levelM": "200.230"}


def test_nothing_counts_hidden_rows(hub: Hub) -> None:
    """Counts that took in what was not shown: Hasura #455."""
    token = hub.client("here")
    hub.granted("here", *whole(places=["500106"]))
    assert hub.ask(token, "{ reading(offset: 2) { levelM } }") == {"reading": []}
    lists = hub.ask(token, "{ station { readings { levelM } } }")["station"]
    assert [len(row["readings"]) for row in lists] == [2, 0]
    assert hub.usage_records()[-1]["rows"] == 4


@pytest.mark.parametrize("hidden", ["levelM", "placeCode", "phone", "rowid"])
@pytest.mark.parametrize(
    "query",
    [
        "{ readingAggregate { %s { countDistinct } } }",
        "{ readingAggregate(having: {%s: {count: {gt: 1}}}) { count } }",
        "{ readingAggregate(orderBy: [{%s: {count: DESC}}]) { count } }",
        "{ readingAggregate(orderBy: [{key: {%s: DESC}}]) { count } }",
        "{ readingAggregate(where: {%s: {isNull: false}}) { count } }",
        "{ readingAggregate { only(where: {not: {%s: {isNull: false}}}) { count } } }",
        "{ readingAggregate { key { %s } } }",
        "{ station { readingsAggregate { %s { countDistinct } } } }",
        "{ station { readingsAggregate(where: {%s: {isNull: false}}) { count } } }",
    ],
)
def test_no_aggregate_reads_a_hidden_column(hub: Hub, query: str, hidden: str) -> None:
    """Directus #8575."""
    token = hub.client("narrow")
    hub.granted("narrow", grant(STATIONS, ("code",)), grant(READINGS, NARROW, places=["500106"]))
    errors = []
    for name in (hidden, "unheardOf"):
        body = hub.post(token, query.replace("%s", name)).json()
        assert "data" not in body
        errors.append([told(error).replace(name, "X") for error in body["errors"]])
    assert errors[0] == errors[1]


@pytest.mark.parametrize("hidden", ["LEVEL_M", "PLACE_CODE", "PHONE", "ROWID"])
@pytest.mark.parametrize(
    "key",
    [
        "{column: %s}",
        "{bucket: {field: %s, by: DAY}}",
        "{station: {column: %s}}",
    ],
)
def test_no_group_is_made_by_a_hidden_column(hub: Hub, key: str, hidden: str) -> None:
    """Twenty #25911."""
    token = hub.client("narrow")
    hub.granted("narrow", grant(STATIONS, ("code",)), grant(READINGS, NARROW, places=["500106"]))
    errors = []
    for name in (hidden, "UNHEARD_OF"):
        query = f"{{ readingAggregate(groupBy: [{key.replace('%s', name)}]) {{ count }} }}"
        body = hub.post(token, query).json()
        assert "data" not in body
        errors.append([told(error).replace(name, "X") for error in body["errors"]])
    assert errors[0] == errors[1]


def test_no_aggregate_counts_hidden_rows(hub: Hub) -> None:
    """Counts, groups and conditions on groups over what is not shown: Hasura #455."""
    token = hub.client("here")
    hub.granted("here", *whole(places=["500106"]))
    asked = """{
      readingAggregate { count stationCode { countDistinct } levelM { max } }
      byStation: readingAggregate(groupBy: [{column: STATION_CODE}], having: {count: {gte: 1}}) {
        key { stationCode } }
      station(orderBy: [{code: ASC}]) { readingsAggregate { count levelM { max } } } }"""
    found = hub.ask(token, asked)
    assert found["readingAggregate"] == [
        {"count": 2, "stationCode": {"countDistinct": 1}, "levelM": {"max": "181.300"}}
    ]
    assert found["byStation"] == [{"key": {"stationCode": "A"}}]
    assert [s["readingsAggregate"][0] for s in found["station"]] == [
        {"count": 2, "levelM": {"max": "181.300"}},
        {"count": 0, "levelM": {"max": None}},
    ]


@pytest.mark.parametrize(
    "name",
    [
        "reading__past",
        "hub.publication",
        "publication",
        "information_schema.tables",
        "duckdb_columns",
        "duckdb_tables()",
        "sqlite_master",
        "pragma_table_info('station')",
        "(SUMMARIZE station)",
        "(DESCRIBE station)",
    ],
)
def test_the_engines_own_tables_and_words_are_no_data_sets(name: str) -> None:
    """EXPLAIN, SUMMARIZE and system tables name what is hidden."""
    scope = Scope(catalogue(), [grant(STATIONS, ("code",))], "key")
    with pytest.raises(UnknownField) as refused:
        compile_read(Read(DatasetCode(name), (Leaf("a", "code"),)), scope)
    assert refused.value.details == {"data_set": "Query", "field": name}


@pytest.mark.parametrize("name", ["rowid", "_seq", "current_user", "code, phone", '"', "*"])
def test_the_engines_own_columns_are_no_columns(name: str) -> None:
    scope = Scope(catalogue(), [grant(STATIONS, ("code",))], "key")
    for tree in (
        Read(STATIONS, (Leaf("a", name),)),
        Read(STATIONS, (Leaf("a", "code"),), where=Compare(name, Op.EQ, "x")),
        Read(STATIONS, (Leaf("a", "code"),), order=(Order(name),)),
    ):
        with pytest.raises(UnknownField):
            compile_read(tree, scope)
