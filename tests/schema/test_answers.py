"""What a department application asks, over the whole way from HTTP to the engine and back."""

from datetime import timedelta

import pytest

from tests.schema.hub import HOUR, Hub
from tests.shared_data import START

LEVELS = "{ station(orderBy: [{code: ASC}]) { code readings(%s) { levelM } } }"


def levels(hub: Hub, token: str, where: str) -> list[str]:
    query = f"{{ reading(where: {{{where}}}, orderBy: [{{levelM: ASC}}]) {{ levelM }} }}"
    return [row["levelM"] for row in hub.ask(token, query)["reading"]]


def test_relations_nest_both_ways(hub: Hub, app: str) -> None:
    assert hub.ask(app, LEVELS % "orderBy: [{observedAt: DESC}], limit: 1") == {
        "station": [
            {"code": "A", "readings": [{"levelM": "181.300"}]},
            {"code": "B", "readings": [{"levelM": "200.230"}]},
        ]
    }
    up = hub.ask(app, "{ reading(limit: 1) { station { name } } }")
    assert up == {"reading": [{"station": {"name": "磁器口"}}]}


def test_a_limit_of_nothing_gives_nothing_at_any_level(hub: Hub, app: str) -> None:
    assert hub.ask(app, "{ station(limit: 0) { code } }") == {"station": []}
    below = hub.ask(app, LEVELS % "limit: 0")["station"]
    assert [row["readings"] for row in below] == [[], []]


@pytest.mark.parametrize(
    "where",
    [
        'levelM: {gt: "99999999999999999999999999999999999999"}',
        'levelM: {in: ["9999999999999999999", "0.0000000000000000001"]}',
        'levelM: {in: ["99999999999999999999999999999999999", "0.00000000000000000000000001"]}',
    ],
)
def test_a_decimal_past_what_the_engine_compares_is_the_callers_error(
    hub: Hub, app: str, where: str
) -> None:
    assert hub.codes(app, f"{{ reading(where: {{{where}}}) {{ levelM }} }}") == ["WRONG_VALUE"]


def test_decimals_of_any_size_it_does_compare_stand_beside_each_other(hub: Hub, app: str) -> None:
    extremes = 'levelM: {in: ["9999999999999999999", "-0.000000000000000001", "181.24"]}'
    assert levels(hub, app, extremes) == ["181.240"]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ('levelM: {eq: "181.3"}', ["181.300"]),
        ("levelM: {gt: 181.3}", ["200.230"]),
        ('levelM: {between: ["181.24", "181.30"]}', ["181.240", "181.300"]),
        ('levelM: {in: ["181.24", "9"]}', ["181.240"]),
        ("levelM: {in: []}", []),
        ('levelM: {notIn: ["181.24"]}', ["181.300", "200.230"]),
        ("levelM: {isNull: true}", []),
        ('stationCode: {startsWith: "A"}, levelM: {lt: 181.3}', ["181.240"]),
        ('placeCode: {within: "500172"}', ["200.230"]),
        ('placeCode: {eq: "500106004"}', ["181.240", "181.300"]),
        ('not: {stationCode: {eq: "A"}}', ["200.230"]),
        (
            'or: [{stationCode: {eq: "B"}}, {and: [{stationCode: {eq: "A"}}, {levelM: {lt: 181.3}}]}]',
            ["181.240", "200.230"],
        ),
        ('observedAt: {gte: "2026-08-01T09:00:00+08:00"}', ["181.300"]),
    ],
)
def test_filters_mean_what_they_say(hub: Hub, app: str, where: str, found: list[str]) -> None:
    assert levels(hub, app, where) == found


def test_aliases_fragments_and_directives_come_out_as_asked(hub: Hub, app: str) -> None:
    query = """
    query ($with: Boolean!) {
      first: stationByKey(code: "A") { ...s __typename }
      none: stationByKey(code: "Z") { code }
      me { clientId }
    }
    fragment s on Station { kind: __typename id: code name @include(if: $with) }
    """
    assert hub.ask(app, query, **{"with": False}) == {
        "first": {"kind": "Station", "id": "A", "__typename": "Station"},
        "none": None,
        "me": {"clientId": "app"},
    }


def test_a_key_of_several_columns_takes_each_as_an_argument(hub: Hub, app: str) -> None:
    query = """query ($at: DateTime!) {
      readingByKey(stationCode: "A", observedAt: $at) { levelM observedAt }
    }"""
    found = hub.ask(app, query, at="2026-08-01T08:00:00+08:00")
    assert found["readingByKey"]["levelM"] == "181.240"
    assert found["readingByKey"]["observedAt"].startswith("2026-08-01T08:00:00+08:00")


def test_pages_are_bounded(hub: Hub, app: str) -> None:
    assert hub.ask(app, "{ station(limit: 1, offset: 1) { code } }") == {"station": [{"code": "B"}]}
    assert hub.ask(app, "{ station(limit: 0) { code } }") == {"station": []}
    for page in ("limit: 1001", "limit: -1", "offset: -1", "offset: 100001"):
        assert hub.codes(app, f"{{ station({page}) {{ code }} }}") == ["PAGE_OUT_OF_RANGE"]
        nested = f"{{ station {{ readings({page}) {{ levelM }} }} }}"
        assert hub.codes(app, nested) == ["PAGE_OUT_OF_RANGE"]


def test_an_operation_sees_one_version_as_of_an_instant(hub: Hub, app: str) -> None:
    before = (START + timedelta(minutes=30)).isoformat()
    after = (START + HOUR).isoformat()
    query = "query ($at: DateTime) { reading(asOf: $at) { levelM } }"
    assert hub.codes(app, query, at=before) == ["AS_OF_TOO_OLD"], "it was not there yet"
    assert hub.ask(app, query.replace("reading", "station").replace("levelM", "code"), at=before)
    assert len(hub.ask(app, query, at=after)["reading"]) == 3
    two = """query ($a: DateTime, $b: DateTime) {
      reading(asOf: $a) { levelM } station(asOf: $b) { code }
    }"""
    assert hub.codes(app, two, a=after, b=before) == ["AS_OF_DIFFERS"]
    assert hub.codes(app, query, at="2020-01-01T00:00:00Z") == ["AS_OF_TOO_OLD"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ reading(where: {levelM: {eq: null}}) { levelM } }", "FILTER_INVALID"),
        ("{ reading(where: {or: []}) { levelM } }", "FILTER_INVALID"),
        ("{ reading(where: {not: {}}) { levelM } }", "FILTER_INVALID"),
        ('{ reading(where: {levelM: {between: ["1"]}}) { levelM } }', "FILTER_INVALID"),
        ('{ reading(where: {placeCode: {within: "599999"}}) { levelM } }', "UNKNOWN_PLACE"),
        ('{ reading(where: {placeCode: {eq: "5"}}) { levelM } }', "GRAPHQL_VALIDATION_FAILED"),
        (
            '{ reading(where: {observedAt: {eq: "2026-08-01T08:00:00"}}) { levelM } }',
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (
            "{ reading(orderBy: [{levelM: ASC, placeCode: ASC}]) { levelM } }",
            "GRAPHQL_VALIDATION_FAILED",
        ),
        ("{ station { a: code A: name } }", "ALIAS_CLASH"),
        ("{ station { code @skip(if: true) } }", "SELECTION_EMPTY"),
    ],
)
def test_a_question_that_cannot_be_meant_is_refused_with_a_reason(
    hub: Hub, app: str, query: str, code: str
) -> None:
    assert hub.codes(app, query) == [code]


@pytest.mark.parametrize(
    "query",
    [
        "{" + " ".join(f"a{i}: __typename" for i in range(31)) + "}",
        "{ station {" + " code" * 301 + "} }",
        "{ station {" + "readings { station {" * 4 + "code" + "}}" * 4 + "} }",
        "{ station { code" + " @include(if: true)" * 11 + "} }",
        "{ station { code } } #" + "\n{ a }" * 700,
        "{" + "a {" * 600 + "b" + "}" * 600 + "}",
    ],
)
def test_a_document_past_a_limit_is_refused_before_it_is_validated(
    hub: Hub, app: str, query: str
) -> None:
    assert hub.codes(app, query) == ["DOCUMENT_TOO_LARGE"]


def test_a_filter_in_variables_cannot_grow_without_end(hub: Hub, app: str) -> None:
    query = "query ($w: ReadingFilter) { reading(where: $w) { levelM } }"
    deep: dict[str, object] = {"levelM": {"gt": "1"}}
    for _ in range(12):
        deep = {"not": deep}
    assert hub.codes(app, query, w=deep) == ["FILTER_INVALID"]
    wide = {"or": [{"levelM": {"gt": "1"}}] * 201}
    assert hub.codes(app, query, w=wide) == ["FILTER_INVALID"]
    long = {"levelM": {"in": ["1"] * 1001}}
    assert hub.codes(app, query, w=long) == ["FILTER_INVALID"]


def test_a_value_is_never_part_of_the_statement(hub: Hub, app: str) -> None:
    hostile = "A' OR 1=1 --"
    query = "query ($v: String) { station(where: {code: {eq: $v}}) { code } }"
    assert hub.ask(app, query, v=hostile) == {"station": []}


def test_lists_within_lists_cannot_multiply_without_end(hub: Hub, app: str) -> None:
    query = "{ station(limit: %d) { readings(limit: 500) { levelM } } }"
    assert hub.codes(app, query % 500) == ["ANSWER_TOO_LARGE"]
    hub.ask(app, query % 400)
    both = "{ a: station(limit: 400) { %s } b: station(limit: 400) { %s } }"
    below = "readings(limit: 400) { levelM }"
    assert "ANSWER_TOO_LARGE" in hub.codes(app, both % (below, below))


def test_nesting_beyond_the_interpreter_is_a_callers_error(hub: Hub, app: str) -> None:
    deep: dict[str, object] = {}
    for _ in range(400):
        deep = {"not": deep}
    query = "query ($w: ReadingFilter) { reading(where: $w) { levelM } }"
    assert hub.codes(app, query, w=deep)[0] in {"VARIABLES_INVALID", "FILTER_INVALID"}
    literal = "{not: " * 400 + "{}" + "}" * 400
    assert hub.codes(app, f"{{ reading(where: {literal}) {{ levelM }} }}")[0] in {
        "DOCUMENT_TOO_LARGE",
        "FILTER_INVALID",
    }


def test_every_answer_tells_its_price_and_what_is_too_dear_is_not_read(hub: Hub, app: str) -> None:
    reply = hub.post(app, "{ station(limit: 5) { code } }").json()
    assert reply["extensions"]["price"] == 2 + 5
    assert "extensions" not in hub.post(app, "{ me { clientId } }").json()
    hub.serve(price_budget=6)
    assert hub.codes(app, "{ station(limit: 5) { code } }") == ["QUERY_TOO_EXPENSIVE"]
    assert "data" not in hub.post(app, "{ station(limit: 5) { code } }").json()
    hub.ask(app, "{ station(limit: 4) { code } }")


def test_nobody_is_told_what_will_be_served_in_the_future(hub: Hub, app: str) -> None:
    query = "query ($at: DateTime) { station(asOf: $at) { code } }"
    later = hub.post(app, query, variables={"at": (hub.clock.now() + HOUR).isoformat()}).json()
    assert [e["extensions"]["code"] for e in later["errors"]] == ["AS_OF_IN_FUTURE"]
    assert later["errors"][0]["locations"]
    hub.ask(app, query, at=hub.clock.now().isoformat())


@pytest.mark.parametrize("query", ["{}", "{ station {} }", "{ station { readings { } } }"])
def test_empty_braces_are_no_document(hub: Hub, app: str, query: str) -> None:
    error = hub.post(app, query).json()["errors"][0]
    assert error["extensions"]["code"] == "GRAPHQL_PARSE_FAILED"
    assert error["locations"]


def test_a_document_with_more_errors_than_are_listed_says_so(hub: Hub, app: str) -> None:
    errors = hub.post(app, "{ a b c d e f g h }").json()["errors"]
    assert {error["extensions"]["code"] for error in errors} == {"GRAPHQL_VALIDATION_FAILED"}
    assert errors[-1]["extensions"]["rule"] == "TOO_MANY_ERRORS"
    query = "query ($v: [DateTime!]) { reading(where: {observedAt: {in: $v}}) { levelM } }"
    assert hub.codes(app, query, v=["x"] * 9) == ["VARIABLES_INVALID"] * 6
