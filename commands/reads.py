"""`usage list` and `replay`: who read what, and whether it can be made again."""

from argparse import Namespace

from commands.client import HubClient
from commands.display import moment, say, sheet, table
from commands.errors import CommandFailed

LIST = """query($where: UsageWhere, $limit: Int!, $before: String) {
  usage(where: $where, limit: $limit, before: $before) { next records {
    id startedAt client purposes case dataSets { dataSet } rows bytes outcome version } } }"""
REPLAY = """query($id: String!) { replay(usageId: $id) {
  usage equal recordedDigest replayedDigest recordedRows replayedRows version purposes grants } }"""
WHERE = {
    "client": "client",
    "data_set": "dataSet",
    "grant": "grant",
    "purpose": "purpose",
    "case": "case",
    "outcome": "outcome",
    "since": "since",
    "until": "until",
}
"""Options by the names that the API has for them."""


def list_usage(hub: HubClient, given: Namespace) -> None:
    where = {name: value for option, name in WHERE.items() if (value := getattr(given, option))}
    wanted = {"where": where, "limit": given.limit, "before": given.before}
    found = hub.execute(LIST, wanted)["usage"]
    table(
        "使用记录 Usage",
        (
            "编号 Id",
            "时间 At",
            "应用 Client",
            "用途 Purpose",
            "事由 Case",
            "数据集 Data sets",
            "行 Rows",
            "字节 Bytes",
            "结果 Outcome",
            "版本 Version",
        ),
        (
            (
                one["id"],
                moment(one["startedAt"]),
                one["client"],
                one["purposes"],
                one["case"],
                [each["dataSet"] for each in one["dataSets"]],
                one["rows"],
                one["bytes"],
                one["outcome"],
                one["version"],
            )
            for one in found["records"]
        ),
    )
    if found["next"]:
        say(f"更早的 Older: --before {found['next']}")


def replay(hub: HubClient, given: Namespace) -> None:
    """CommandFailed when the answer came out different."""
    found = hub.execute(REPLAY, {"id": given.usage})["replay"]
    sheet(
        f"重放 Replay {found['usage']}",
        [
            ("一致 Equal", found["equal"]),
            ("版本 Version", found["version"]),
            ("用途 Purpose", found["purposes"]),
            ("授权 Grants", found["grants"]),
            ("行 Rows", f"{found['recordedRows']} / {found['replayedRows']}"),
            ("当时摘要 Digest then", found["recordedDigest"]),
            ("重放摘要 Digest now", found["replayedDigest"]),
        ],
    )
    if not found["equal"]:
        raise CommandFailed("重放的结果与当时不一致。The answer came out different from then.")
