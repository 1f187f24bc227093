"""`request`: share requests, from draft to decision."""

from argparse import Namespace
from collections.abc import Iterator, Mapping
from typing import Any

from commands.client import HubClient
from commands.display import moment, say, sheet, table
from commands.errors import WrongUsage
from commands.scope import narrowed
from commands.terms import read_terms

SCOPE = "scope { columns { name visibility } places rowFilter }"
LIST = """query($state: RequestState, $dataSet: String, $limit: Int!) {
  shareRequests(state: $state, dataSet: $dataSet, limit: $limit) {
    id state stateLabel dataSet organisation client purpose submittedAt dueAt overdue } }"""
SHOW = f"""query($id: String!) {{ shareRequest(id: $id) {{
  id state stateLabel dataSet provider organisation client purpose basis scenario mode derivation
  minimumGroup quota {{ calls rows bytes }}
  notBefore expires dueAt overdue missing decidedBy decidedAt reason legalBasis {SCOPE}
  signatures {{ side organisation head current at }}
  steps {{ action state by organisation why at }} }} }}"""
DRAFT = """mutation($terms: TermsInput!, $client: String) {
  request: draftShareRequest(terms: $terms, client: $client) { id state stateLabel dataSet } }"""
STEPS = {
    step: f"""mutation($id: String!) {{
  request: {step}ShareRequest(id: $id) {{ id state stateLabel dataSet }} }}"""
    for step in ("sign", "submit")
}
DECIDE = """mutation($id: String!, $decision: DecisionInput!) {
  request: decideShareRequest(id: $id, decision: $decision) { id state stateLabel dataSet } }"""
FACTS = {
    "dataSet": "数据集 Data set",
    "provider": "提供部门 Provider",
    "organisation": "申请部门 Requester",
    "client": "使用的应用 Client",
    "purpose": "用途 Purpose",
    "basis": "使用依据 Basis",
    "scenario": "使用场景 Scenario",
    "mode": "共享方式 Mode",
    "derivation": "用于融合 Derivation",
    "quota": "每日配额 Daily quota",
    "minimumGroup": "最小分组 Smallest group",
    "overdue": "超期 Overdue",
    "missing": "待补正 Missing",
    "decidedBy": "办理人 Decided by",
    "reason": "理由 Reason",
    "legalBasis": "法律依据 Legal basis",
}
SEEN = {"CLEAR": "", "MASKED": "（脱敏 masked）", "AGGREGATE": "（仅供统计 aggregates only）"}
INSTANTS = {
    "notBefore": "起 From",
    "expires": "止 Until",
    "dueAt": "答复期限 Due",
    "decidedAt": "办理时间 Decided",
}


def list_requests(hub: HubClient, given: Namespace) -> None:
    state = given.state.upper() if given.state else None
    wanted = {"state": state, "dataSet": given.data_set, "limit": given.limit}
    table(
        "共享申请 Share requests",
        (
            "编号 Id",
            "数据集 Data set",
            "申请部门 Requester",
            "应用 Client",
            "用途 Purpose",
            "状态 State",
            "提交 Submitted",
            "期限 Due",
        ),
        (
            (
                one["id"],
                one["dataSet"],
                one["organisation"],
                one["client"],
                one["purpose"],
                _state(one),
                moment(one["submittedAt"]),
                f"{moment(one['dueAt']) or '—'}{'（超期 overdue）' if one['overdue'] else ''}",
            )
            for one in hub.execute(LIST, wanted)["shareRequests"]
        ),
    )


def show(hub: HubClient, given: Namespace) -> None:
    request = hub.execute(SHOW, {"id": given.id})["shareRequest"]
    request["quota"] = quota_text(request["quota"])
    facts = [(label, request[name]) for name, label in FACTS.items()]
    facts += [(label, moment(request[name])) for name, label in INSTANTS.items()]
    sheet(f"申请 Request {request['id']}：{_state(request)}", facts)
    scope_table(request["scope"])
    table(
        "签字 Signatures",
        ("部门 Organisation", "一方 Side", "负责人 Head", "有效 Current", "时间 At"),
        (
            (s["organisation"], s["side"].lower(), s["head"], s["current"], moment(s["at"]))
            for s in request["signatures"]
        ),
    )
    table(
        "办理记录 Steps",
        ("时间 At", "步骤 Step", "办理人 By", "部门 Organisation", "说明 Why"),
        (
            (moment(s["at"]), s["action"].lower(), s["by"], s["organisation"], s["why"])
            for s in request["steps"]
        ),
    )


def draft(hub: HubClient, given: Namespace) -> None:
    terms = read_terms(given.file)
    client = given.client or terms.pop("client", None)
    _told(hub.execute(DRAFT, {"terms": terms, "client": client}))


def sign(hub: HubClient, given: Namespace) -> None:
    _told(hub.execute(STEPS["sign"], {"id": given.id}))


def submit(hub: HubClient, given: Namespace) -> None:
    _told(hub.execute(STEPS["submit"], {"id": given.id}))


def decide(hub: HubClient, given: Namespace) -> None:
    """Approve as asked, approve less, or refuse with reason and basis."""
    decision = _refusal(given) if given.reject else _approval(hub, given)
    reply = hub.execute(DECIDE, {"id": given.id, "decision": decision})
    _told(reply)
    if reply["request"]["state"] == "UNDER_REVIEW":
        say(
            "已记录您的同意；含重要数据列，另一名数据管理员还须同意。"
            "Your approval is recorded; important columns need another steward's too."
        )


def scope_table(parts: list[Mapping[str, Any]]) -> None:
    def rows() -> Iterator[tuple[object, ...]]:
        for number, part in enumerate(parts, start=1):
            named = [f"{c['name']}{SEEN[c['visibility']]}" for c in part["columns"]]
            yield number, named, part["places"], part["rowFilter"]

    table("范围 Scope", ("部分 Part", "列 Columns", "区划 Places", "行条件 Rows"), rows())


def quota_text(quota: Mapping[str, Any]) -> str:
    """`1000 次 calls、2 行 rows`; a dash where nothing is limited."""
    units = {"calls": "次 calls", "rows": "行 rows", "bytes": "字节 bytes"}
    return "、".join(f"{quota[n]} {unit}" for n, unit in units.items() if quota[n] is not None)


def _limits(given: Namespace) -> dict[str, object]:
    """What the decision limits further than was asked."""
    quota = {
        name: limit
        for name in ("calls", "rows", "bytes")
        if (limit := getattr(given, f"quota_{name}")) is not None
    }
    limits: dict[str, object] = {"quota": quota} if quota else {}
    if given.minimum_group is not None:
        limits["minimumGroup"] = given.minimum_group
    return limits


def _approval(hub: HubClient, given: Namespace) -> dict[str, object]:
    if given.basis:
        raise WrongUsage("--basis 只与 --reject 同用。--basis goes with --reject only.")
    approval: dict[str, object] = {"reason": given.reason or "", **_limits(given)}
    if given.columns is not None or given.places is not None:
        request = hub.execute(SHOW, {"id": given.id})["shareRequest"]
        approval["scope"] = narrowed(hub, request, given.columns, given.places)
    return {"approve": approval}


def _refusal(given: Namespace) -> dict[str, object]:
    if given.columns is not None or given.places is not None or _limits(given):
        raise WrongUsage(
            "--columns、--places、--quota-… 与 --minimum-group 只与 --approve 同用。"
            "--columns, --places, --quota-... and --minimum-group go with --approve only."
        )
    if not (given.reason and given.basis):
        raise WrongUsage(
            "不予同意须写明理由与依据（--reason、--basis）。"
            "A refusal states reason and basis: --reason, --basis."
        )
    return {"reject": {"reason": given.reason, "legalBasis": given.basis}}


def _told(reply: Mapping[str, Any]) -> None:
    request = reply["request"]
    say(f"{request['id']} {request['dataSet']}：{_state(request)}")


def _state(request: Mapping[str, Any]) -> str:
    return f"{request['stateLabel']} {request['state'].lower()}"
