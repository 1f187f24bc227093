"""`usage verify`: the chain of the usage log, offline: no hub and no database are asked."""

from argparse import Namespace

from access import usage
from access.chain import Finding
from commands.caller import settings_of
from commands.display import say
from commands.errors import CommandFailed

FINDINGS = {
    Finding.OK: "完好",
    Finding.BROKEN: "有记录被改动",
    Finding.GAP: "有记录或文件缺失",
    Finding.TORN: "末行不完整：写入中断，或枢纽正在写入",
    Finding.REWRITTEN: "与见证的摘要不符",
    Finding.CUT: "末尾被截去",
    Finding.EMPTY: "没有使用记录：请核对目录",
}


def verify(given: Namespace) -> None:
    """CommandFailed when the chain does not hold."""
    folder = given.folder or settings_of(given).home / "usage"
    verdict = usage.verify(folder)
    where = f"{verdict.file}:{verdict.line}" if verdict.file else str(folder)
    told = (
        f"使用记录 Usage log {where}：{FINDINGS[verdict.finding]} {verdict.finding.value}；"
        f"{verdict.count} 条完好 records hold；摘要 head {verdict.head}"
    )
    if not verdict.ok:
        raise CommandFailed(told)
    say(told)
