"""`quarantine`: the rows that were set apart, and a steward's word on them."""

import re
from argparse import ArgumentTypeError, Namespace

from commands.client import HubClient
from commands.display import say, table

SHOW = """query($load: String!, $limit: Int!) { quarantine(loadId: $load, limit: $limit) { total masked rows {
  file line values { column value } reasons { rule message messageEn } releasable fate } } }"""
DECIDE = {
    step: f"""mutation($load: String!, $rows: [RowPosition!]!, $why: String!) {{
  decided: {step}Rows(loadId: $load, rows: $rows, why: $why) {{ file line decision }} }}"""
    for step in ("release", "discard")
}
FATES = {"RELEASED": "已放行 released", "DISCARDED": "已作废 discarded"}
MASKED = (
    "值已脱敏，只显示形状（字母 x、汉字 字、数字 9）；真值仅提供部门可见。"
    "Values are masked: you see their shape; the values are for the provider's publisher and steward."
)
POSITION = re.compile(r"(?P<file>.+?):(?P<line>[0-9]{1,9})(?:,|$)")
COLUMNS = (
    "位置 File:line",
    "原因 Reasons",
    "值 Values",
    "可放行 Releasable",
    "处置 Decided",
)


def positions(text: str) -> list[dict[str, object]]:
    """`file:line[,file:line]` for argparse; a file's name may hold commas and colons."""
    found = list(POSITION.finditer(text))
    if not found or sum(len(one[0]) for one in found) != len(text):
        raise ArgumentTypeError(f"{text!r}：应为 文件:行[,文件:行] write file:line[,file:line]")
    return [{"file": one["file"], "line": int(one["line"])} for one in found]


def show(hub: HubClient, given: Namespace) -> None:
    page = hub.execute(SHOW, {"load": given.load, "limit": given.limit})["quarantine"]
    table(
        f"隔离区 Quarantine {given.load}",
        COLUMNS,
        (
            (
                f"{row['file']}:{row['line']}",
                "\n".join(f"{r['rule']}: {r['message']} {r['messageEn']}" for r in row["reasons"]),
                "，".join(f"{v['column']}={v['value']}" for v in row["values"]),
                row["releasable"],
                FATES.get(row["fate"] or ""),
            )
            for row in page["rows"]
        ),
    )
    say(f"共 {page['total']} 行 rows in all")
    if page["masked"] and page["rows"]:
        say(MASKED)


def release(hub: HubClient, given: Namespace) -> None:
    _decide(hub, "release", given)


def discard(hub: HubClient, given: Namespace) -> None:
    _decide(hub, "discard", given)


def _decide(hub: HubClient, step: str, given: Namespace) -> None:
    wanted = {"load": given.load, "rows": given.rows, "why": given.why}
    for row in hub.execute(DECIDE[step], wanted)["decided"]:
        say(f"{row['file']}:{row['line']}：{FATES[row['decision']]}")
