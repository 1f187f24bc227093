"""`load`: what came from where, and what became of it."""

from argparse import Namespace

from commands.client import HubClient
from commands.display import moment, table

LIST = """query($dataSet: String, $limit: Int!) { loads(dataSet: $dataSet, limit: $limit) {
  id dataSet origin state rows good rejected landedAt version releasedFrom errorCode error errorEn } }"""
COLUMNS = (
    "编号 Id",
    "数据集 Data set",
    "来自 Origin",
    "状态 State",
    "行 Rows",
    "合格 Good",
    "隔离 Set apart",
    "收到 Landed",
    "版本 Version",
    "问题 Problem",
)


def list_loads(hub: HubClient, given: Namespace) -> None:
    found = hub.execute(LIST, {"dataSet": given.data_set, "limit": given.limit})["loads"]
    table(
        "装载 Loads",
        COLUMNS,
        (
            (
                one["id"],
                one["dataSet"],
                one["origin"],
                one["state"].lower(),
                one["rows"],
                one["good"],
                one["rejected"],
                moment(one["landedAt"]),
                one["version"],
                " ".join(filter(None, (one["errorCode"], one["error"], one["errorEn"]))),
            )
            for one in found
        ),
    )
