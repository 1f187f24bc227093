"""`entry`: one catalogue entry and its steps to publication."""

from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from commands.client import HubClient
from commands.display import moment, say, sheet, table

SHOWN = "{ code name state stateLabel }"
ASSESS = f"""mutation($code: String!, $secrecy: String!, $personal: String!) {{
  entry: assessEntry(code: $code, secrecy: $secrecy, personalInformation: $personal) {SHOWN} }}"""
STEPS = {
    step: f"mutation($code: String!) {{ entry: {step}Entry(code: $code) {SHOWN} }}"
    for step in ("approve", "submit", "publish")
}
SHOW = """query($code: String!) { entry: catalogueEntry(code: $code) {
  code name state stateLabel level sharingKind dataItems dataSet provider { name code }
  catalogued attached collected shared
  steps { action state by organisation why at } } }"""
RETURN = f"""mutation($code: String!, $why: String!) {{
  entry: returnEntry(code: $code, why: $why) {SHOWN} }}"""


FACTS = {
    "catalogued": "已编目 Catalogued",
    "attached": "已挂接 Attached",
    "collected": "已归集 Collected",
    "shared": "已共享 Shared",
}


def show(hub: HubClient, given: Namespace) -> None:
    entry = hub.execute(SHOW, {"code": given.code})["entry"]
    provider = entry["provider"]
    sheet(
        f"目录项 Entry {_told(entry)}",
        [
            ("提供部门 Provider", f"{provider['name']} {provider['code']}"),
            ("共享属性 Sharing", entry["sharingKind"].lower()),
            ("数据集 Data set", entry["dataSet"]),
            ("数据项 Data items", entry["dataItems"]),
            *((label, entry[name]) for name, label in FACTS.items()),
        ],
    )
    table(
        "办理记录 Steps",
        ("时间 At", "步骤 Step", "办理人 By", "部门 Organisation", "说明 Why"),
        (
            (moment(s["at"]), s["action"].lower(), s["by"], s["organisation"], s["why"])
            for s in entry["steps"]
        ),
    )


def assess(hub: HubClient, given: Namespace) -> None:
    assessments = {"secrecy": given.secrecy, "personal": given.personal_information}
    _step(hub, ASSESS, {"code": given.code, **assessments})


def approve(hub: HubClient, given: Namespace) -> None:
    _step(hub, STEPS["approve"], {"code": given.code})


def submit(hub: HubClient, given: Namespace) -> None:
    _step(hub, STEPS["submit"], {"code": given.code})


def publish(hub: HubClient, given: Namespace) -> None:
    _step(hub, STEPS["publish"], {"code": given.code})


def send_back(hub: HubClient, given: Namespace) -> None:
    _step(hub, RETURN, {"code": given.code, "why": given.why})


def _step(hub: HubClient, document: str, variables: dict[str, object]) -> None:
    say(_told(hub.execute(document, variables)["entry"]))


def _told(entry: Mapping[str, Any]) -> str:
    return f"{entry['code']} {entry['name']}：{entry['stateLabel']} {entry['state'].lower()}"
