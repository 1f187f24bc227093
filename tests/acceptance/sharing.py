"""The way of a share request through the API, each step by whoever makes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.acceptance.calls import Caller, Reply

DRAFT = "mutation ($terms: TermsInput!) { draftShareRequest(terms: $terms) { id state } }"
STEP = "mutation ($id: String!) {{ {step}(id: $id) {{ state }} }}"
APPROVE = """mutation ($id: String!) {
  decideShareRequest(id: $id, decision: {approve: {}}) { state reason legalBasis } }"""
GRANTS = """query ($dataSet: String!) { grants(dataSet: $dataSet) {
  id state organisation scope { columns { name visibility } places } } }"""
REVOKE = """mutation ($id: String!) {
  revokeGrant(id: $id, reason: "用途已经结束") { state } }"""


@dataclass(frozen=True, slots=True)
class Request:
    """One request on its way."""

    id: str

    def step(self, name: str, by: Caller) -> str:
        """The state after it; AssertionError when it is refused."""
        return str(self.try_step(name, by).data[name]["state"])

    def try_step(self, name: str, by: Caller) -> Reply:
        return by.call(STEP.format(step=name), id=self.id)

    def decide(self, by: Caller) -> Reply:
        return by.call(APPROVE, id=self.id)


def draft(
    by: Caller,
    data_set: str,
    columns: Sequence[str],
    places: Sequence[str] | None = None,
    *,
    derivation: bool = False,
) -> Request:
    part = {"columns": list(columns), "places": None if places is None else list(places)}
    terms = {
        "dataSet": data_set,
        "purpose": "防汛避险",
        "basis": "《中华人民共和国防洪法》第四十二条",
        "scenario": "研判水势，提前转移沿河群众",
        "scope": [part],
        "mode": "接口",
        "expires": (datetime.now(UTC) + timedelta(days=90)).isoformat(),
        "derivation": derivation,
    }
    return Request(by.ask(DRAFT, terms=terms)["draftShareRequest"]["id"])


def active_grant(by: Caller, data_set: str, organisation: str) -> str:
    """The id of the grant that an organisation holds now."""
    held = by.ask(GRANTS, dataSet=data_set)["grants"]
    (grant,) = (
        g["id"] for g in held if g["state"] == "ACTIVE" and g["organisation"] == organisation
    )
    return str(grant)


def revoke(by: Caller, grant: str) -> None:
    assert by.ask(REVOKE, id=grant)["revokeGrant"]["state"] == "REVOKED"
