"""`catalogue`: the department's own tool, the 编目 template in Excel, in and out; and the list of entries."""

import base64
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from commands.client import HubClient
from commands.display import say, table
from commands.errors import CommandFailed, WrongUsage
from commands.output import write_new

IMPORT = """mutation($file: String!) { importCatalogue(file: $file) {
  created updated unchanged refused
  lines { row code outcome problems { cell message messageEn } } } }"""
EXPORT = "mutation($provider: String) { exportCatalogue(provider: $provider) }"
LIST = """query($search: String, $state: EntryState, $limit: Int!) {
  catalogueEntries(search: $search, state: $state, limit: $limit) {
    code name stateLabel state level sharingKind provider { name }
    catalogued attached collected shared } }"""
OUTCOMES = {
    "CREATED": "新增 created",
    "UPDATED": "修改 updated",
    "UNCHANGED": "未变 unchanged",
    "REFUSED": "未采纳 refused",
}
FACTS = {"catalogued": "编目", "attached": "挂接", "collected": "归集", "shared": "共享"}


def import_file(hub: HubClient, given: Namespace) -> None:
    """Report each line; CommandFailed when the hub took some of them only."""
    content = base64.b64encode(content_of(given.file)).decode()
    report = hub.execute(IMPORT, {"file": content})["importCatalogue"]
    table(
        f"{given.file.name} 导入报告 Import report",
        ("行 Row", "编码 Code", "结果 Outcome", "问题与改法 What to mend"),
        (_line(line) for line in report["lines"]),
    )
    told = "，".join(f"{label} {report[name.lower()]}" for name, label in OUTCOMES.items())
    say(told)
    if report["refused"]:
        raise CommandFailed(
            f"{report['refused']} 行未采纳，改正后再导入即可，其余各行已登记。"
            f"{report['refused']} lines were refused; mend them and import again. The rest is taken."
        )


def export_file(hub: HubClient, given: Namespace) -> None:
    """Write the template as a new file."""
    exported = hub.execute(EXPORT, {"provider": given.provider})["exportCatalogue"]
    write_new(given.file, base64.b64decode(exported))


def list_entries(hub: HubClient, given: Namespace) -> None:
    state = given.state.upper() if given.state else None
    wanted = {"search": given.search, "state": state, "limit": given.limit}
    entries = hub.execute(LIST, wanted)["catalogueEntries"]
    table(
        "目录 Catalogue",
        ("编码 Code", "名称 Name", "部门 Provider", "状态 State", "共享 Kind", "事实 Facts"),
        (
            (
                entry["code"],
                entry["name"],
                entry["provider"]["name"],
                f"{entry['stateLabel']} {entry['state'].lower()}",
                entry["sharingKind"].lower(),
                "、".join(f"已{label}" for name, label in FACTS.items() if entry[name]),
            )
            for entry in entries
        ),
    )


def content_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as wrong:
        raise WrongUsage(
            f"无法读取 {file}：{wrong.strerror}。Cannot read {file}: {wrong.strerror}."
        ) from None


def _line(line: Mapping[str, Any]) -> tuple[object, ...]:
    problems = (f"{p['cell']}: {p['message']} {p['messageEn']}" for p in line["problems"])
    return line["row"], line["code"], OUTCOMES[line["outcome"]], "\n".join(problems)
