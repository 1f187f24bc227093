"""From a request to rows, and back to nothing: approval is enforcement."""

from dataclasses import dataclass
from typing import Any

import pytest

from access.roles import Role
from tests.schema.hub import HIGH_WATER, Hub

DRAFT = """mutation ($t: TermsInput!) { draftShareRequest(terms: $t) { id state provider scope {
  columns { name visibility } places rowFilter } } }"""
STEP = "mutation ($id: String!) { %s(id: $id) { state stateLabel } }"
DECIDE = """mutation ($id: String!, $d: DecisionInput!) {
  decideShareRequest(id: $id, decision: $d) { state reason } }"""
READ = "{ reading(orderBy: [{observedAt: ASC}]) { stationCode levelM } }"
TERMS = {
    "dataSet": "reading",
    "purpose": "防汛研判",
    "basis": "《防洪法》第三十八条",
    "scenario": "沿江场所预警",
    "scope": [
        {"columns": ["stationCode", "observedAt", "levelM", "placeCode"], "places": ["500106"]}
    ],
    "mode": "接口",
    "expires": "2027-08-01T00:00:00+08:00",
    "derivation": True,
}


@dataclass
class Parties:
    hub: Hub
    app: str
    requester: str
    provider: str

    def step(self, token: str, name: str, request: str) -> str:
        return str(self.hub.ask(token, STEP % name, id=request)[name]["state"])

    def drafted(self, **terms: object) -> str:
        reply = self.hub.ask(self.app, DRAFT, t=TERMS | terms)
        return str(reply["draftShareRequest"]["id"])

    def submitted(self, **terms: object) -> str:
        request = self.drafted(**terms)
        self.step(self.requester, "signShareRequest", request)
        assert self.step(self.app, "submitShareRequest", request) == "SUBMITTED"
        return request

    def decided(self, request: str, decision: dict[str, Any]) -> str:
        self.step(self.provider, "signShareRequest", request)
        reply = self.hub.ask(self.provider, DECIDE, id=request, d=decision)
        return str(reply["decideShareRequest"]["state"])


@pytest.fixture
def parties(hub: Hub) -> Parties:
    return Parties(
        hub,
        hub.secrets["token"],
        hub.client("shapingba-steward", Role.STEWARD),
        hub.client("water-steward", Role.STEWARD, of="cq_water"),
    )


def test_an_approved_request_is_what_the_schema_shows(parties: Parties) -> None:
    hub, app = parties.hub, parties.app
    assert hub.codes(app, READ) == ["GRAPHQL_VALIDATION_FAILED"]
    assert parties.decided(parties.submitted(), {"approve": {}}) == "APPROVED"
    rows = hub.ask(app, READ)["reading"]
    assert [row["levelM"] for row in rows] == ["181.240", "181.300"]
    held = hub.ask(app, "{ grants { id dataSet state scope { places } } }")["grants"]
    assert [(g["dataSet"], g["state"]) for g in held] == [("reading", "ACTIVE")]


def test_revoking_a_grant_hides_the_field_and_closes_what_was_derived(parties: Parties) -> None:
    hub, app = parties.hub, parties.app
    derived = "{ highWater { code peakM } }"
    assert hub.codes(app, derived) == ["INPUT_WITHDRAWN"]
    parties.decided(parties.submitted(), {"approve": {}})
    assert hub.ask(app, derived) == {"highWater": [{"code": "A", "peakM": "181.300"}]}
    (held,) = hub.ask(app, "{ grants { id } }")["grants"]
    revoke = 'mutation ($id: String!) { revokeGrant(id: $id, reason: "滥用") { state } }'
    assert hub.ask(parties.provider, revoke, id=held["id"]) == {"revokeGrant": {"state": "REVOKED"}}
    assert hub.codes(app, READ) == ["GRAPHQL_VALIDATION_FAILED"]
    body = hub.post(app, "{ me { clientId } highWater { code } }").json()
    assert body["data"] is None
    assert body["errors"][0]["extensions"]["code"] == "INPUT_WITHDRAWN"
    assert body["errors"][0]["path"] == ["highWater"]
    assert HIGH_WATER in hub.store.load().derivations


def test_a_decision_may_grant_less_with_masks_and_conditions(parties: Parties) -> None:
    request = parties.submitted()
    less = {
        "columns": ["observedAt", "levelM"],
        "masked": ["stationCode"],
        "places": ["500106004"],
        "conditions": [{"column": "levelM", "op": "GT", "values": ["181.25"]}],
    }
    assert parties.decided(request, {"approve": {"scope": [less]}}) == "PARTLY_APPROVED"
    rows = parties.hub.ask(parties.app, READ)["reading"]
    assert [row["levelM"] for row in rows] == ["181.300"]
    assert len(rows[0]["stationCode"]) == 16


def test_a_refusal_states_reason_and_basis(parties: Parties) -> None:
    request = parties.submitted()
    parties.step(parties.provider, "signShareRequest", request)
    empty = {"reject": {"reason": " ", "legalBasis": ""}}
    assert parties.hub.codes(parties.provider, DECIDE, id=request, d=empty) == [
        "DECISION_UNFOUNDED"
    ]
    neither: dict[str, Any] = {}
    assert parties.hub.codes(parties.provider, DECIDE, id=request, d=neither) == [
        "DECISION_UNCLEAR"
    ]
    refusal = {"reject": {"reason": "无关", "legalBasis": "条例第十五条"}}
    assert parties.decided(request, refusal) == "REJECTED"


def test_an_incomplete_request_lists_all_that_is_missing(parties: Parties) -> None:
    request = parties.drafted(basis="", scenario=" ")
    body = parties.hub.post(
        parties.app, STEP % "submitShareRequest", variables={"id": request}
    ).json()
    error = body["errors"][0]
    assert error["extensions"]["code"] == "REQUEST_INCOMPLETE"
    assert "使用依据" in error["message"]
    assert "使用场景" in error["message"]
    assert body["data"] is None


def test_strangers_see_neither_a_request_nor_a_grant(parties: Parties) -> None:
    request = parties.submitted()
    stranger = parties.hub.client("stranger", of="cq_hightech")
    query = "query ($id: String!) { shareRequest(id: $id) { id } }"
    assert parties.hub.codes(stranger, query, id=request) == ["UNKNOWN_REQUEST"]
    assert parties.hub.ask(stranger, "{ shareRequests { id } grants { id } }") == {
        "shareRequests": [],
        "grants": [],
    }
    auditor = parties.hub.client("auditor", Role.AUDITOR, of="cq_bigdata")
    assert parties.hub.ask(auditor, "{ shareRequests { id } }") == {
        "shareRequests": [{"id": request}]
    }


def test_an_app_has_no_field_to_decide_with(parties: Parties) -> None:
    request = parties.submitted()
    variables = {"id": request, "d": {"approve": {}}}
    assert set(parties.hub.codes(parties.app, DECIDE, **variables)) == {"GRAPHQL_VALIDATION_FAILED"}
    assert parties.hub.codes(parties.requester, DECIDE, **variables) == ["NOT_ALLOWED"]


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"dataSet": "nothing"}, "UNKNOWN_DATA_SET"),
        ({"scope": [{"columns": ["phone"]}]}, "UNKNOWN_FIELD"),
        (
            {
                "scope": [
                    {
                        "columns": ["levelM"],
                        "conditions": [{"column": "levelM", "op": "CONTAINS", "values": ["1"]}],
                    }
                ]
            },
            "FILTER_INVALID",
        ),
        (
            {
                "scope": [
                    {
                        "columns": ["levelM"],
                        "conditions": [{"column": "levelM", "op": "GT", "values": ["x"]}],
                    }
                ]
            },
            "FILTER_INVALID",
        ),
    ],
)
def test_terms_that_cannot_be_meant_are_refused(
    parties: Parties, terms: dict[str, Any], code: str
) -> None:
    assert parties.hub.codes(parties.app, DRAFT, t=TERMS | terms) == [code]


LIMITS = "quota { calls rows bytes } minimumGroup scope { columns { name visibility } }"


def test_limits_go_from_the_request_through_the_decision_into_the_grant(parties: Parties) -> None:
    columns = {"columns": ["stationCode", "observedAt", "placeCode"], "aggregate": ["levelM"]}
    quota = {"calls": 1000, "bytes": str(2**40)}
    request = parties.submitted(
        scope=[columns | {"places": ["500106"]}], quota=quota, minimumGroup=2
    )
    shown = f"query($id: String!) {{ shareRequest(id: $id) {{ {LIMITS} }} }}"
    asked = parties.hub.ask(parties.app, shown, id=request)["shareRequest"]
    assert asked["quota"] == {"calls": "1000", "rows": None, "bytes": str(2**40)}
    assert {"name": "levelM", "visibility": "AGGREGATE"} in asked["scope"][0]["columns"]
    narrower = {"approve": {"quota": {"rows": 50}, "minimumGroup": 4}}
    assert parties.decided(request, narrower) == "PARTLY_APPROVED"
    (held,) = parties.hub.ask(parties.app, f"{{ grants {{ {LIMITS} }} }}")["grants"]
    assert held["quota"] == {"calls": "1000", "rows": "50", "bytes": str(2**40)}
    assert held["minimumGroup"] == 4
    assert parties.hub.codes(parties.app, "{ reading { levelM } }") == ["GRAPHQL_VALIDATION_FAILED"]


def test_a_decision_cannot_widen_a_limit(parties: Parties) -> None:
    request = parties.submitted(quota={"calls": 10}, minimumGroup=5)
    parties.step(parties.provider, "signShareRequest", request)
    for wider in ({"quota": {"calls": 11}}, {"minimumGroup": 4}):
        codes = parties.hub.codes(parties.provider, DECIDE, id=request, d={"approve": wider})
        assert codes == ["DECISION_TOO_WIDE"]
