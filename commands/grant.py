"""`grant`: what was granted to whom, and what may still happen to it."""

from argparse import Namespace

from commands.client import HubClient
from commands.display import moment, say, table
from commands.request import quota_text

LIST = """query($dataSet: String, $limit: Int!) { grants(dataSet: $dataSet, limit: $limit) {
  id state stateLabel dataSet organisation client purpose notBefore expires derivation
  minimumGroup quota { calls rows bytes }
  scope { columns { name } places } } }"""
STEPS = {
    step: f"""mutation($id: String!, $reason: String!) {{
  grant: {step}Grant(id: $id, reason: $reason) {{ id dataSet client state stateLabel }} }}"""
    for step in ("suspend", "resume", "revoke")
}
COLUMNS = (
    "编号 Id",
    "数据集 Data set",
    "部门 Organisation",
    "应用 Client",
    "用途 Purpose",
    "状态 State",
    "列 Columns",
    "区划 Places",
    "至 Until",
    "融合 Derivation",
    "每日配额 Daily quota",
    "最小分组 Smallest group",
)


def list_grants(hub: HubClient, given: Namespace) -> None:
    found = hub.execute(LIST, {"dataSet": given.data_set, "limit": given.limit})["grants"]
    table(
        "授权 Grants",
        COLUMNS,
        (
            (
                one["id"],
                one["dataSet"],
                one["organisation"],
                one["client"],
                one["purpose"],
                f"{one['stateLabel']} {one['state'].lower()}",
                " | ".join(str(len(part["columns"])) for part in one["scope"]),
                " | ".join("、".join(part["places"] or ("—",)) for part in one["scope"]),
                moment(one["expires"]),
                one["derivation"],
                quota_text(one["quota"]),
                one["minimumGroup"],
            )
            for one in found
        ),
    )


def suspend(hub: HubClient, given: Namespace) -> None:
    _step(hub, "suspend", given)


def resume(hub: HubClient, given: Namespace) -> None:
    _step(hub, "resume", given)


def revoke(hub: HubClient, given: Namespace) -> None:
    _step(hub, "revoke", given)


def _step(hub: HubClient, step: str, given: Namespace) -> None:
    grant = hub.execute(STEPS[step], {"id": given.id, "reason": given.reason})["grant"]
    say(
        f"{grant['id']} {grant['dataSet']} → {grant['client']}："
        f"{grant['stateLabel']} {grant['state'].lower()}"
    )
