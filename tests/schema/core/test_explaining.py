import json
from typing import Any

import pytest

from catalog.predicate import Compare, Op
from tests.schema.hub import READING_COLUMNS, Hub
from tests.shared_data import READINGS, STATIONS, grant

EXPLAIN = """query($d: String!, $v: String, $n: String) {
  explain(document: $d, variables: $v, operationName: $n) {
    budget price { looked brought total }
    fields { name sql plan price { total } reads { dataSet columns version publishedAt }
      refusal { code messageEn } } } }"""
QUERY = """query($c: String!) {
  station(where: {code: {eq: $c}, name: {ne: "秘密"}}, orderBy: [{name: DESC}], limit: 7) {
    name readings(where: {levelM: {gt: "170.5"}}, limit: 3) { observedAt levelM } } }"""


def explained(hub: Hub, token: str, document: str, **options: Any) -> Any:
    return hub.ask(token, EXPLAIN, d=document, **options)["explain"]


def test_it_tells_sql_steps_columns_versions_and_price(hub: Hub, app: str) -> None:
    told = explained(hub, app, QUERY, v=json.dumps({"c": "A"}))
    (field,) = told["fields"]
    assert field["name"] == "station"
    assert 'FROM "station" AS "r1"' in field["sql"]
    assert 'FROM "reading" AS "r2"' in field["sql"]
    steps = field["plan"].splitlines()
    assert steps[0] == "at most ? rows"
    assert any(step.strip().startswith("keep rows where") for step in steps)
    assert any(step.strip() == "read reading as r2" for step in steps)
    reads = {read["dataSet"]: read for read in field["reads"]}
    assert reads["station"]["columns"] == ["code", "name"]
    assert set(reads["reading"]["columns"]) >= {"levelM", "observedAt", "stationCode"}
    assert reads["station"]["version"] == 1
    ran = hub.post(app, QUERY, variables={"c": "A"}).json()["extensions"]["price"]
    assert told["price"]["total"] == str(ran) == field["price"]["total"]


def test_no_value_of_the_caller_or_of_its_grant_is_in_it(hub: Hub, app: str) -> None:
    hub.granted(
        "app",
        grant(
            STATIONS, ["code", "name"], masked=["name"], row_filter=Compare("phone", Op.EQ, "023")
        ),
        grant(READINGS, READING_COLUMNS, places=["500106"]),
    )
    told = json.dumps(explained(hub, app, QUERY, v='{"c": "A"}'), ensure_ascii=False)
    for hidden in (
        "秘密",
        "170.5",
        "'A'",
        "023",
        "phone",
        "500106",
        "mask_key",
        "sha2",
        "shared",
        "_seq",
    ):
        assert hidden not in told, hidden


def test_equal_grants_over_other_rows_read_the_same(hub: Hub, app: str) -> None:
    one = explained(hub, app, QUERY, v='{"c": "A"}')["fields"][0]
    hub.granted(
        "app",
        grant(STATIONS, ["code", "name"], row_filter=Compare("code", Op.EQ, "B")),
        grant(READINGS, READING_COLUMNS, places=["500172"]),
    )
    other = explained(hub, app, QUERY, v='{"c": "A"}')["fields"][0]
    assert one == other


def test_it_runs_nothing_and_records_nothing(hub: Hub, app: str) -> None:
    before = len(hub.usage_records())
    reply = hub.post(app, EXPLAIN, variables={"d": "{ station { code } }"})
    assert "x-usage-id" not in reply.headers
    assert len(hub.usage_records()) == before


def test_what_costs_too_much_is_told_with_its_price(hub: Hub, app: str) -> None:
    hub.serve(price_budget=1)
    told = explained(hub, app, "{ station { code } }")
    assert (told["budget"], int(told["price"]["total"]) > 1) == ("1", True)


@pytest.mark.parametrize(
    ("document", "options", "code"),
    [
        ("{ nope }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("{", {}, "GRAPHQL_PARSE_FAILED"),
        (QUERY, {}, "VARIABLES_INVALID"),
        (QUERY, {"v": "[1]"}, "REQUEST_MALFORMED"),
        ("query A { station { code } } query B { station { code } }", {}, "OPERATION_NAME_REQUIRED"),
    ],
)  # fmt: skip
def test_a_document_that_could_not_run_is_refused_as_if_it_did(
    hub: Hub, app: str, document: str, options: dict[str, str], code: str
) -> None:
    assert hub.codes(app, EXPLAIN, d=document, **options) == [code]


def test_a_field_that_would_not_answer_says_why_beside_the_others(hub: Hub, app: str) -> None:
    told = explained(hub, app, "{ a: station(limit: -1) { code } b: station { code } }")
    fields = {field["name"]: field for field in told["fields"]}
    assert fields["a"]["refusal"]["code"] == "PAGE_OUT_OF_RANGE"
    assert fields["a"]["sql"] is None
    assert fields["b"]["refusal"] is None


def test_one_of_several_operations_is_named(hub: Hub, app: str) -> None:
    document = "query A { station { code } } query B { one: station { name } }"
    (field,) = explained(hub, app, document, n="B")["fields"]
    assert field["name"] == "one"
