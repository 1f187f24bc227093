"""`report` and `sign-off`: the quality of a load, for the auditor."""

from argparse import Namespace

from commands.client import HubClient
from commands.display import moment, say, sheet, table
from commands.output import write_new

REPORT = """query($load: String!) { qualityReport(loadId: $load) {
  load dataSet contractVersion decision rows good rejected score grade checkedAt digest
  results { rule column dimension severity evaluated failed passed observed engine }
  signOffs { auditor decision comment at valid } } }"""
HTML = "query($load: String!) { qualityReport(loadId: $load) { html } }"
DIGEST = "query($load: String!) { qualityReport(loadId: $load) { digest } }"
AUDIT = "mutation($load: String!) { requestAudit(loadId: $load) }"
SIGN = """mutation($load: String!, $decision: SignOffDecision!, $digest: String!, $comment: String!) {
  signed: signOff(loadId: $load, decision: $decision, digest: $digest, comment: $comment) {
    auditor decision at } }"""
FACTS = {
    "dataSet": "数据集 Data set",
    "contractVersion": "契约版本 Contract",
    "decision": "结论 Decision",
    "rows": "行 Rows",
    "good": "合格 Good",
    "rejected": "隔离 Set apart",
    "score": "得分 Score",
    "grade": "等级 Grade",
    "digest": "摘要 Digest",
}
RESULTS = (
    "规则 Rule",
    "列 Column",
    "维度 Dimension",
    "等级 Severity",
    "检查 Evaluated",
    "不合 Failed",
    "通过 Passed",
    "实测 Observed",
    "引擎 Engine",
)


def report(hub: HubClient, given: Namespace) -> None:
    """On the terminal, or as one self-contained HTML file."""
    if given.out is not None:
        html = hub.execute(HTML, {"load": given.load})["qualityReport"]["html"]
        write_new(given.out, html.encode())
        return
    found = hub.execute(REPORT, {"load": given.load})["qualityReport"]
    found["decision"] = found["decision"].lower()
    facts = [(label, found[name]) for name, label in FACTS.items()]
    sheet(
        f"质量报告 Quality report {found['load']}",
        [*facts, ("检查 Checked", moment(found["checkedAt"]))],
    )
    table(
        "规则 Rules",
        RESULTS,
        (
            (
                r["rule"],
                r["column"],
                r["dimension"].lower(),
                r["severity"].lower(),
                r["evaluated"],
                r["failed"],
                r["passed"],
                r["observed"],
                r["engine"].lower(),
            )
            for r in found["results"]
        ),
    )
    table(
        "签认 Sign-offs",
        ("审计 Auditor", "结论 Decision", "意见 Comment", "时间 At", "有效 Valid"),
        (
            (s["auditor"], s["decision"].lower(), s["comment"], moment(s["at"]), s["valid"])
            for s in found["signOffs"]
        ),
    )


def audit(hub: HubClient, given: Namespace) -> None:
    """Ask for a second opinion on what was published; it joins the report a little later."""
    hub.execute(AUDIT, {"load": given.load})
    say("已请求，结果稍后列入质量报告。Asked for; the results join the report a little later.")


def sign_off(hub: HubClient, given: Namespace) -> None:
    """Sign what the report says now, or only the report whose digest is given."""
    digest = given.digest or hub.execute(DIGEST, {"load": given.load})["qualityReport"]["digest"]
    decision = "ACCEPTED" if given.accept else "REFUSED"
    wanted = {"load": given.load, "decision": decision, "digest": digest, "comment": given.comment}
    signed = hub.execute(SIGN, wanted)["signed"]
    say(f"{signed['auditor']}：{signed['decision'].lower()}，摘要 digest {digest}")
