"""Who sees what on the running hub: another district before, during and after its grant, and
Shapingba when the ministry takes its grant back.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import get_introspection_query

from tests.acceptance.calls import Caller, People
from tests.acceptance.sharing import active_grant, draft, revoke

INTROSPECTION = get_introspection_query(input_value_deprecation=True)
GENERIC = {
    "limit",
    "offset",
    "name",
    "level",
    "kind",
    "datum",
    "premises",
    "and",
    "or",
    "not",
    "id",
    "places",
    "at",
    "by",
    "column",
    "TOWNSHIP",
    "DISTRICT",
}
"""Words of every schema, which some column happens to be called, too."""
COLUMNS = ("stationCode", "observedAt", "levelM", "datum", "placeCode")
DERIVED = (
    "{ floodExposure { premisesName } }",
    '{ floodExposure(asOf: "%s") { premisesName } }',
    '{ floodExposureByKey(premisesId: "SPB-000001") { premisesName } }',
    "{ riversidePremises(limit: 1) { exposures { peakLevelM } } }",
    "{ administrativePlace(limit: 1) { floodExposures { premisesName } } }",
    "{ riverSituation(limit: 1) { levelM } }",
    "{ riverStation(limit: 1) { situations { levelM } } }",
)


@pytest.fixture
def granted(people: People) -> Iterator[str]:
    """The second district's grant on the municipal readings of its own area, from draft to approval."""
    app, own, bureau = (people[n] for n in ("hightech-flood", "hightech-steward", "water-steward"))
    request = draft(app, "riverRegimeMunicipal", COLUMNS, ["500172"])
    assert request.try_step("submitShareRequest", app).codes == ["REQUEST_INCOMPLETE"]
    assert request.step("signShareRequest", own) == "DRAFT"
    assert request.step("submitShareRequest", app) == "SUBMITTED"
    assert request.decide(own).codes == ["NOT_ALLOWED"]
    assert request.decide(people["mwr-steward"]).codes == ["NOT_ALLOWED"]
    assert request.decide(bureau).codes == ["SIGNATURE_MISSING"]
    request.step("signShareRequest", bureau)
    assert request.decide(bureau).data["decideShareRequest"]["state"] == "APPROVED"
    grant = active_grant(app, "riverRegimeMunicipal", "cq_hightech")
    yield grant
    if {"id": grant, "state": "ACTIVE"} in app.ask("{ grants { id state } }")["grants"]:
        revoke(bureau, grant)


def introspected(caller: Caller) -> dict[str, Any]:
    """The caller's whole schema: its types by name."""
    schema = caller.ask(INTROSPECTION)["__schema"]
    return {one["name"]: one for one in schema["types"]}


def fields(types: dict[str, Any], name: str) -> set[str]:
    return {field["name"] for field in types[name]["fields"]}


def strings(node: object, key: str) -> Iterator[str]:
    """Every text under a key, at any depth."""
    if isinstance(node, dict):
        if isinstance(node.get(key), str):
            yield node[key]
        for inner in node.values():
            yield from strings(inner, key)
    elif isinstance(node, list):
        for inner in node:
            yield from strings(inner, key)


def made_up(name: str) -> str:
    """A name of the same length that nobody has."""
    return name[:-2] + "qx"


def test_another_district_s_schema_names_nothing_of_what_it_was_not_granted(people: People) -> None:
    whole, narrow = introspected(people["shapingba-flood"]), introspected(people["hightech-flood"])
    hidden_types = {name: one for name, one in whole.items() if name not in narrow}
    hidden_roots = [f for f in whole["Query"]["fields"] if f["name"] not in fields(narrow, "Query")]
    assert {
        "RiverRegimeNational",
        "RiverRegimeMunicipal",
        "FloodPeakForecast",
        "FloodExposure",
    } <= (hidden_types.keys())
    named = {field["name"] for field in hidden_roots}
    assert {"floodExposure", "floodExposureByKey", "floodExposureAggregate"} <= named
    assert {"enterpriseRegistration", "waterloggingPoints"} <= named
    hidden = [*hidden_types.values(), *hidden_roots]
    seen = set(strings(list(narrow.values()), "name"))
    assert seen & set(strings(hidden, "name")) <= GENERIC | names_of_scalars(narrow)
    text = json.dumps(list(narrow.values()), ensure_ascii=False)
    for told in set(strings(hidden, "description")):
        assert told not in text
    for word in ("水情", "水位", "洪峰", "流量", "场所", "riverRegime", "river_regime", "flood"):
        assert word not in text


def names_of_scalars(types: dict[str, Any]) -> set[str]:
    return {name for name, one in types.items() if one["kind"] == "SCALAR"}


def asked_about(field: str, kind: str) -> tuple[str, ...]:
    return (
        f"{{ {field} {{ levelM }} }}",
        f'{{ {field}ByKey(stationCode: "x") {{ levelM }} }}',
        f"{{ {field}(where: {{levelM: {{gt: 1}}}}, orderBy: [{{levelM: ASC}}]) {{ levelM }} }}",
        f"{{ ...F }} fragment F on Query {{ {field} {{ levelM }} }}",
        f"{{ me {{ ...F }} }} fragment F on {kind} {{ levelM }}",
        f"query ($w: {kind}Filter) {{ {field}(where: $w) {{ levelM }} }}",
        f'{{ __type(name: "{kind}") {{ name fields {{ name }} }} }}',
        f"mutation {{ {field} {{ levelM }} }}",
        f"subscription {{ {field} {{ levelM }} }}",
    )


def answers_about(caller: Caller, field: str, kind: str) -> list[str]:
    """What is said to each way of asking, without the request's id."""
    told = []
    for query in asked_about(field, kind):
        reply = caller.call(query)
        told.append(json.dumps([reply.body.get("data"), *reply.errors], ensure_ascii=False))
    return told


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ("riverRegimeMunicipal", "RiverRegimeMunicipal"),
        ("riverRegimeNational", "RiverRegimeNational"),
        ("floodExposure", "FloodExposure"),
    ],
)
def test_a_hidden_name_reads_like_one_that_nobody_has(
    people: People, field: str, kind: str
) -> None:
    app = people["hightech-flood"]
    wanted = [
        text.replace(made_up(field), field).replace(made_up(kind), kind)
        for text in answers_about(app, made_up(field), made_up(kind))
    ]
    told = answers_about(app, field, kind)
    assert told == wanted
    assert not re.search("did you mean|suggest", "".join(told), re.IGNORECASE)
    near = app.call(f"{{ {field[:-1]} {{ levelM }} }}").text
    assert field not in near


@pytest.mark.usefixtures("granted")
def test_a_grant_shows_its_columns_and_nothing_else(people: People) -> None:
    app = people["hightech-flood"]
    types = introspected(app)
    assert fields(types, "RiverRegimeMunicipal") == set(COLUMNS)
    assert {f for f in fields(types, "Query") if f.startswith(("river", "flood"))} == {
        "riverRegimeMunicipal",
        "riverRegimeMunicipalByKey",
        "riverRegimeMunicipalAggregate",
        "riverRegimeMunicipalConnection",
    }
    text = json.dumps(list(types.values()), ensure_ascii=False)
    for hidden in ("flowM3s", "scenarioId", "RiverStation", "流量", "场次"):
        assert hidden not in text
    for name in ("flowM3s", "scenarioId", "station"):
        query = "{ riverRegimeMunicipal { levelM %s } }"
        (told,) = app.call(query % name).errors
        (wanted,) = app.call(query % made_up(name)).errors
        assert told == json.loads(json.dumps(wanted).replace(made_up(name), name))


@pytest.mark.usefixtures("granted")
def test_places_follow_the_governing_centre_not_the_code(people: People) -> None:
    query = """query ($where: RiverRegimeMunicipalFilter) {
      riverRegimeMunicipal(where: $where, limit: 1000) { stationCode placeCode } }"""

    def seen(name: str, where: object = None) -> set[tuple[str, str]]:
        rows = people[name].ask(query, where=where)["riverRegimeMunicipal"]
        return {(row["stationCode"], row["placeCode"]) for row in rows}

    assert seen("hightech-flood") == {("CQ-HUXI", "500106016")}
    assert seen("hightech-flood", {"placeCode": {"eq": "500106004"}}) == set()
    assert seen("hightech-flood", {"not": {"stationCode": {"eq": "CQ-HUXI"}}}) == set()
    assert seen("shapingba-flood") == {
        ("CQ-CIQIKOU", "500106004"),
        ("CQ-BEIBEI3", "500109"),
        ("60105400", "500105"),
    }
    nested = """{ riverStation(where: {stationCode: {eq: "CQ-HUXI"}}) {
      municipalReadings { levelM } situations { levelM } } }"""
    assert people["shapingba-flood"].ask(nested)["riverStation"] == [
        {"municipalReadings": [], "situations": []}
    ]


def test_after_revocation_the_field_is_unknown_again(people: People, granted: str) -> None:
    app, field, kind = people["hightech-flood"], "riverRegimeMunicipal", "RiverRegimeMunicipal"
    assert app.ask("{ riverRegimeMunicipal(limit: 1) { levelM } }")["riverRegimeMunicipal"]
    revoke(people["water-steward"], granted)
    wanted = answers_about(app, made_up(field), made_up(kind))
    wanted = [t.replace(made_up(field), field).replace(made_up(kind), kind) for t in wanted]
    assert answers_about(app, field, kind) == wanted
    assert kind not in introspected(app)
    held = [g["state"] for g in app.ask("{ grants { id state } }")["grants"]]
    assert "ACTIVE" not in held


def test_derived_data_need_the_consent_of_every_input_s_provider(people: People) -> None:
    app, own = people["hightech-flood"], people["hightech-steward"]
    owner, ministry, bureau = (
        people[n] for n in ("shapingba-steward", "mwr-steward", "water-steward")
    )
    request = draft(app, "floodExposure", ["premisesId", "peakLevelM"], ["500172"])
    request.step("signShareRequest", own)
    request.step("submitShareRequest", app)
    request.step("signShareRequest", owner)
    assert request.decide(owner).codes == ["SIGNATURE_MISSING"]
    request.step("signShareRequest", ministry)
    assert request.decide(owner).codes == ["SIGNATURE_MISSING"]
    assert request.decide(ministry).codes == ["NOT_ALLOWED"]
    request.step("signShareRequest", bureau)
    assert request.decide(owner).data["decideShareRequest"]["state"] == "APPROVED"
    assert app.ask("{ floodExposure { premisesId } }") == {"floodExposure": []}
    assert "premises" not in fields(introspected(app), "FloodExposure")
    revoke(owner, active_grant(app, "floodExposure", "cq_hightech"))
    assert "FloodExposure" not in introspected(app)


@pytest.mark.parametrize("data_set", ["leveeSurvey", "leveeRisk"])
def test_what_the_law_withholds_is_given_to_nobody_and_not_through_what_is_derived_from_it(
    people: People, data_set: str
) -> None:
    app, own = people["hightech-flood"], people["hightech-steward"]
    request = draft(app, data_set, ["stationCode", "issuedAt", "peakLevelM"])
    request.step("signShareRequest", own)
    assert request.step("submitShareRequest", app) == "REJECTED"
    assert request.decide(people["water-steward"]).codes == ["REQUEST_STATE"]
    query = "query ($id: String!) { shareRequest(id: $id) { reason legalBasis } }"
    told = app.ask(query, id=request.id)["shareRequest"]
    assert "不予共享" in told["reason"]
    assert "809" in told["legalBasis"]
    for name in ("hightech-flood", "shapingba-flood"):
        assert data_set not in fields(introspected(people[name]), "Query")


def test_what_was_derived_closes_when_an_input_s_grant_is_revoked(people: People) -> None:
    app, ministry = people["shapingba-flood"], people["mwr-steward"]
    reply = app.call("{ floodExposure(limit: 1) { premisesName } }")
    assert reply.data["floodExposure"]
    before = reply.provenance("floodExposure")["publishedAt"]
    queries = [query % before if "%s" in query else query for query in DERIVED]
    revoke(ministry, active_grant(app, "riverRegimeNational", "cq_shapingba"))
    for query in queries:
        closed = app.call(query)
        assert closed.codes == ["INPUT_WITHDRAWN"], query
        assert "riverRegimeNational" not in closed.text
    field, kind = "riverRegimeNational", "RiverRegimeNational"
    wanted = answers_about(app, made_up(field), made_up(kind))
    wanted = [t.replace(made_up(field), field).replace(made_up(kind), kind) for t in wanted]
    assert answers_about(app, field, kind) == wanted
    assert "nationalReadings" not in fields(introspected(app), "RiverStation")
    assert app.ask("{ floodPeakForecast(limit: 1) { peakLevelM } }")["floodPeakForecast"]
    again(people)
    assert app.ask("{ floodExposure(limit: 1) { premisesName } }")["floodExposure"]


def again(people: People) -> None:
    """Shapingba applies anew and the ministry grants it."""
    app, own, ministry = (
        people[n] for n in ("shapingba-flood", "shapingba-steward", "mwr-steward")
    )
    entry = app.ask('{ catalogueEntry(code: "river_regime_national") { columns { name } } }')
    columns = [column["name"] for column in entry["catalogueEntry"]["columns"]]
    request = draft(app, "riverRegimeNational", columns, derivation=True)
    request.step("signShareRequest", own)
    request.step("submitShareRequest", app)
    request.step("signShareRequest", ministry)
    assert request.decide(ministry).data["decideShareRequest"]["state"] == "APPROVED"
