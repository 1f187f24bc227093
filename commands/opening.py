"""Opens the demo city the way people would: every step is a call of the API by whoever may make it.

The providers' stewards approve and submit their entries, the competent authority publishes them;
Shapingba applies in the Data-Direct Zone, office heads sign, providers decide. What is done already is
left alone, so a second start changes nothing.
"""

import json
import os
import shlex
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from access.clients import ClientStore
from access.errors import ClientExists
from access.issuer import TOKEN_PATH
from access.roles import Role
from catalog.ids import ClientId, OrganisationCode
from commands.client import HubClient


@dataclass(frozen=True, slots=True)
class DemoClient:
    """One line of demo-clients.json; `may` says in words what the client is for."""

    client_id: str
    client_secret: str = field(repr=False)
    organisation: str
    roles: tuple[str, ...]
    may: str


CLIENTS: Sequence[tuple[str, str, Role, str]] = (
    ("shapingba-flood", "cq_shapingba", Role.APP, "沙坪坝区防汛应用：查询已获授权的数据 queries granted data"),
    ("hightech-flood", "cq_hightech", Role.APP, "高新区防汛应用：尚无授权 has no grants yet"),
    ("mwr-steward", "mwr", Role.STEWARD, "水利部：审批对其数据的申请 decides requests"),
    ("samr-steward", "samr", Role.STEWARD, "市场监管总局：审批对其服务接口的申请 decides requests"),
    ("samr-reviewer", "samr", Role.STEWARD, "市场监管总局：重要数据的第二审批人 the second approval of important data"),
    ("water-steward", "cq_water", Role.STEWARD, "市水利局：编目、审批、处理隔离数据 curates and decides"),
    ("bigdata-steward", "cq_bigdata", Role.STEWARD, "主管部门：审核发布目录 reviews and publishes entries"),
    ("bigdata-publisher", "cq_bigdata", Role.PUBLISHER, "市大数据局：本部门编目 keeps its own entries"),
    ("shapingba-steward", "cq_shapingba", Role.STEWARD, "沙坪坝区：编目、处理隔离数据 curates and decides"),
    ("hightech-steward", "cq_hightech", Role.STEWARD, "高新区：申请签字 signs its requests"),
    ("auditor", "cq_bigdata", Role.AUDITOR, "审计：质量报告、隔离数据、使用记录 reads reports and the usage log, signs off"),
    ("operator", "cq_bigdata", Role.OPERATOR, "平台管理员：限额、指标、吊销 limits, metrics, revocations"),
)  # fmt: skip
SUBMITTERS = {
    "mwr": "mwr-steward",
    "samr": "samr-steward",
    "cq_water": "water-steward",
    "cq_bigdata": "bigdata-publisher",
    "cq_shapingba": "shapingba-steward",
}
DECIDERS = SUBMITTERS | {"cq_bigdata": "bigdata-steward"}
SECOND = {"samr": "samr-reviewer"}
"""Who gives the second approval, which important columns need."""
NEEDED: Mapping[str, Sequence[str] | None] = {
    "administrative_place": None,
    "river_station": None,
    "river_regime_national": None,
    "river_regime_municipal": ("500106", "500109", "500105"),
    "flood_peak_forecast": None,
    "enterprise_registration": None,
    "waterlogging_points": None,
}
"""What Shapingba applies for, and where: its own area, 北碚 upstream and 寸滩 for the backwater."""
PERIOD = timedelta(days=365)

ENTRIES = """query($state: EntryState) {
  catalogueEntries(state: $state, limit: 200) { code state provider { code } } }"""
ASSESS = """mutation($code: String!) { assessEntry(code: $code, secrecy: "不涉及国家秘密",
  personalInformation: "不含可识别个人的信息；联系电话按重要数据脱敏") { state } }"""
STEPS = {
    "approve": "mutation($code: String!) { approveEntry(code: $code) { state } }",
    "submit": "mutation($code: String!) { submitEntry(code: $code) { state } }",
    "publish": "mutation($code: String!) { publishEntry(code: $code) { state } }",
}
COLUMNS = """query($code: String!) {
  catalogueEntry(code: $code) { provider { code } columns { name } } }"""
REQUESTS = """query($dataSet: String!) { shareRequests(dataSet: $dataSet) { id state } }"""
DRAFT = """mutation($terms: TermsInput!) { draftShareRequest(terms: $terms) { id } }"""
SIGN = """mutation($id: String!) { signShareRequest(id: $id) { id } }"""
SUBMIT = """mutation($id: String!) { submitShareRequest(id: $id) { state } }"""
APPROVE = """mutation($id: String!) {
  decideShareRequest(id: $id, decision: {approve: {}}) { state } }"""


def demo_clients(clients: ClientStore, file: Path) -> tuple[DemoClient, ...]:
    """The demo's clients, registered at the first start; their secrets stand in `file`, mode 0600."""
    if file.exists():
        return tuple(
            DemoClient(**{**client, "roles": tuple(client["roles"])})
            for client in json.loads(file.read_text("utf-8"))
        )
    made = tuple(
        DemoClient(
            name,
            _secret_of(clients, name, organisation, role, may),
            organisation,
            (role.value,),
            may,
        )
        for name, organisation, role, may in CLIENTS
    )
    part = file.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        json.dump([asdict(client) for client in made], stream, ensure_ascii=False, indent=1)
    part.replace(file)
    return made


def _secret_of(clients: ClientStore, name: str, organisation: str, role: Role, may: str) -> str:
    try:
        return clients.register(ClientId(name), OrganisationCode(organisation), [role], may)
    except ClientExists:  # an earlier start was killed before it had written the secrets down
        return clients.renew_secret(ClientId(name))


def open_city(address: str, clients: Sequence[DemoClient]) -> None:
    """CommandFailed when a step is refused."""
    with ExitStack() as opened:
        known = {
            c.client_id: opened.enter_context(HubClient(address, c.client_id, c.client_secret))
            for c in clients
        }
        publish_entries(known)
        for data_set, places in NEEDED.items():
            apply_for(known, data_set, places)


def publish_entries(known: Mapping[str, HubClient]) -> None:
    """Bring every declared entry from draft to published."""
    for provider, name in SUBMITTERS.items():
        keeper = known[name]
        for code in _entries(keeper, "DRAFT", provider):
            keeper.execute(ASSESS, code)
            keeper.execute(STEPS["approve"], code)
        for code in _entries(keeper, "DEPARTMENT_APPROVED", provider):
            keeper.execute(STEPS["submit"], code)
    authority = known["bigdata-steward"]
    for code in _entries(authority, "IN_REVIEW"):
        authority.execute(STEPS["publish"], code)


def _entries(
    client: HubClient, state: str, provider: str | None = None
) -> Sequence[Mapping[str, str]]:
    """The codes of the entries in a state, as the variables of the next step."""
    found = client.execute(ENTRIES, {"state": state})["catalogueEntries"]
    return [{"code": e["code"]} for e in found if provider in (None, e["provider"]["code"])]


def apply_for(known: Mapping[str, HubClient], data_set: str, places: Sequence[str] | None) -> None:
    """Shapingba's request for a data set, from draft to grant."""
    app, steward = known["shapingba-flood"], known["shapingba-steward"]
    asked = app.execute(REQUESTS, {"dataSet": data_set})["shareRequests"]
    if any(request["state"] == "APPROVED" for request in asked):
        return
    entry = app.execute(COLUMNS, {"code": data_set})["catalogueEntry"]
    request = app.execute(DRAFT, {"terms": _terms(data_set, entry, places)})["draftShareRequest"]
    one = {"id": request["id"]}
    steward.execute(SIGN, one)
    state = app.execute(SUBMIT, one)["submitShareRequest"]["state"]
    if state != "APPROVED":
        provider = known[DECIDERS[entry["provider"]["code"]]]
        provider.execute(SIGN, one)
        state = provider.execute(APPROVE, one)["decideShareRequest"]["state"]
    if state == "UNDER_REVIEW":
        known[SECOND[entry["provider"]["code"]]].execute(APPROVE, one)


def example_call(address: str, client: DemoClient) -> str:
    """A line that works when pasted: the forecast peak, and who lives below the fence."""
    token = (
        f"$(curl -s -u {client.client_id}:{client.client_secret} "
        f"-d grant_type=client_credentials {address}{TOKEN_PATH} "
        '| sed \'s/.*"access_token": *"\\([^"]*\\)".*/\\1/\')'
    )
    query = (
        '{ floodPeakForecast(where: {stationCode: {eq: "CQ-CIQIKOU"}}, '
        "orderBy: [{issuedAt: DESC}], limit: 1) { peakLevelM peakAt station { stationName } } "
        "floodExposure(orderBy: [{townshipCode: ASC}], limit: 5) "
        "{ townshipName premisesName residentCount groundElevationM } }"
    )
    return (
        f'curl -s {address}/graphql -H "Authorization: Bearer {token}" '
        f"-H 'Content-Type: application/json' -d {shlex.quote(json.dumps({'query': query}))}"
    )


def _terms(
    data_set: str, entry: Mapping[str, Any], places: Sequence[str] | None
) -> dict[str, object]:
    part: dict[str, object] = {"columns": [column["name"] for column in entry["columns"]]}
    if places is not None:
        part["places"] = list(places)
    return {
        "dataSet": data_set,
        "purpose": "防汛避险",
        "basis": "《中华人民共和国防洪法》第四十二条；沙坪坝区防汛应急预案",
        "scenario": "研判嘉陵江上游来水与洪峰，提前转移磁器口等沿江镇街的群众与物资",
        "scope": [part],
        "mode": "接口",
        "expires": (datetime.now(UTC) + PERIOD).isoformat(),  # a grant outlives this process
        "derivation": True,
    }
