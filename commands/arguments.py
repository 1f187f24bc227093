"""The commands of `server.py` and what each takes: the one list of them.

Exit codes: 0 done, 1 refused (with the hub's own words), 2 wrong usage.
"""

from argparse import SUPPRESS, ArgumentParser, Namespace, _SubParsersAction
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from access.roles import Role
from catalog.directories import EntryState
from catalog.errors import UserError
from catalog.sharing.request import RequestState
from commands import (
    catalogue,
    document,
    entry,
    grant,
    load,
    quarantine,
    reads,
    registration,
    report,
    request,
    schema,
    token,
    usage,
)
from commands.caller import hub_of
from commands.client import HubClient
from commands.display import complain
from commands.errors import CommandFailed, WrongUsage

Run: TypeAlias = Callable[[Namespace], int | None]
Call: TypeAlias = Callable[[HubClient, Namespace], None]
Commands: TypeAlias = "_SubParsersAction[ArgumentParser]"
REFUSED, WRONG = 1, 2
NOT_OFFERED = "GRAPHQL_VALIDATION_FAILED"
"""Who may not use a field has a schema without it."""


def arguments(serve: Run, scenarios: type[StrEnum]) -> ArgumentParser:
    parser = ArgumentParser(
        prog="server.py",
        description="Vitalhub: 数据共享枢纽 data-sharing hub",
        parents=[_everywhere()],
    )
    parser.set_defaults(hub=None, caller=None, home=None)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _serve(commands, serve, scenarios)
    _catalogue(_noun(commands, "catalogue", "目录 the catalogue"))
    _entry(_noun(commands, "entry", "目录项 an entry and its steps"))
    _request(_noun(commands, "request", "共享申请 share requests"))
    _grant(_noun(commands, "grant", "授权 grants"))
    _load(_noun(commands, "load", "装载 loads"))
    _quarantine(_noun(commands, "quarantine", "隔离区 rows set apart"))
    _document(_noun(commands, "document", "已登记的查询 persisted documents"))
    _audit(commands)
    _access(commands)
    _people(commands)
    return parser


def run(given: Namespace) -> int:
    """The exit code; what went wrong is told on the standard error output."""
    try:
        return given.run(given) or 0
    except WrongUsage as wrong:
        complain(str(wrong))
        return WRONG
    except CommandFailed as refused:
        complain(str(refused))
        if NOT_OFFERED in refused.codes:
            complain(
                "此客户端的角色没有这项操作，请换一个客户端（--as）。"
                "This client's roles do not offer the command; call it as another one (--as)."
            )
    except UserError as refused:
        complain(f"{refused.code}: {refused.message_zh} {refused.message_en}")
    return REFUSED


def _serve(commands: Commands, run: Run, scenarios: type[StrEnum]) -> None:
    command = _command(commands, "serve", "运行枢纽 run the hub", run)
    command.add_argument("--demo", action="store_true", help="with the demo city and its sources")
    command.add_argument("--scenario", type=scenarios, default=next(iter(scenarios)))
    command.add_argument("--port", type=int, help="the port to listen on (VITALHUB_PORT)")


def _catalogue(verbs: Commands) -> None:
    taken = _call(verbs, "import", "导入编目表 import the Excel template", catalogue.import_file)
    taken.add_argument("file", type=Path, metavar="FILE.xlsx")
    given = _call(verbs, "export", "导出编目表 export the Excel template", catalogue.export_file)
    given.add_argument("file", type=Path, metavar="FILE.xlsx")
    given.add_argument("--provider", help="an organisation's code; default: the own one")
    listed = _call(verbs, "list", "目录清单 list entries", catalogue.list_entries)
    listed.add_argument("--search", help="a part of code or name")
    _state(listed, EntryState)
    _limit(listed)


def _entry(verbs: Commands) -> None:
    show = _call(verbs, "show", "一个目录项 one entry with its steps", entry.show)
    assess = _call(verbs, "assess", "登记两项评估 record the two assessments", entry.assess)
    approve = _call(verbs, "approve", "部门审定 the head signs it off", entry.approve)
    submit = _call(verbs, "submit", "送审 submit to the authority", entry.submit)
    publish = _call(verbs, "publish", "发布 publish", entry.publish)
    back = _call(verbs, "return", "退回 return with a reason", entry.send_back)
    for verb in (show, assess, approve, submit, publish, back):
        verb.add_argument("code", metavar="CODE")
    assess.add_argument("--secrecy", required=True, help="保密审查")
    assess.add_argument("--personal-information", required=True, help="个人信息评估")
    back.add_argument("--why", required=True)


def _request(verbs: Commands) -> None:
    listed = _call(verbs, "list", "申请清单 list requests", request.list_requests)
    _state(listed, RequestState)
    listed.add_argument("--data-set")
    _limit(listed)
    draft = _call(verbs, "draft", "起草 draft from a YAML or JSON file", request.draft)
    draft.add_argument("file", type=Path, metavar="FILE.yaml")
    draft.add_argument("--client", help="the application that is to read; default: the caller")
    show = _call(verbs, "show", "一件申请 one request", request.show)
    sign = _call(verbs, "sign", "登记负责人签字 record the head's signature", request.sign)
    submit = _call(verbs, "submit", "提交 submit", request.submit)
    decide = _call(verbs, "decide", "办理 approve, approve less, or refuse", request.decide)
    for verb in (show, sign, submit, decide):
        verb.add_argument("id", metavar="ID")
    answer = decide.add_mutually_exclusive_group(required=True)
    answer.add_argument("--approve", action="store_true")
    answer.add_argument("--reject", action="store_true")
    decide.add_argument("--columns", type=_names, help="only these: a,b,c")
    decide.add_argument("--places", type=_names, help="only these codes: 500106004,500106005")
    for name in ("calls", "rows", "bytes"):
        about = f"每日配额 at most so many {name} a day"
        decide.add_argument(f"--quota-{name}", type=int, metavar="N", help=about)
    decide.add_argument(
        "--minimum-group", type=int, metavar="N", help="aggregates of no fewer rows"
    )
    decide.add_argument("--reason", help="理由")
    decide.add_argument("--basis", help="不予同意的依据 legal basis of a refusal")


def _grant(verbs: Commands) -> None:
    listed = _call(verbs, "list", "授权清单 list grants", grant.list_grants)
    listed.add_argument("--data-set")
    _limit(listed)
    suspend = _call(verbs, "suspend", "暂停 suspend", grant.suspend)
    resume = _call(verbs, "resume", "恢复 resume", grant.resume)
    revoke = _call(verbs, "revoke", "终止 revoke, at once and for good", grant.revoke)
    for verb in (suspend, resume, revoke):
        verb.add_argument("id", metavar="ID")
        verb.add_argument("--reason", required=True)


def _load(verbs: Commands) -> None:
    listed = _call(verbs, "list", "装载清单 list loads, newest first", load.list_loads)
    listed.add_argument("--data-set")
    _limit(listed)


def _quarantine(verbs: Commands) -> None:
    show = _call(verbs, "show", "隔离的行 the rows set apart", quarantine.show)
    show.add_argument("load", metavar="LOAD")
    _limit(show)
    release = _call(verbs, "release", "放行 release rows", quarantine.release)
    discard = _call(verbs, "discard", "作废 discard rows", quarantine.discard)
    for verb in (release, discard):
        verb.add_argument("load", metavar="LOAD")
        verb.add_argument("--rows", type=quarantine.positions, required=True, help="file:line[,..]")
        verb.add_argument("--why", required=True)


def _audit(commands: Commands) -> None:
    shown = _call(commands, "report", "质量报告 the quality of a load", report.report)
    shown.add_argument("load", metavar="LOAD")
    shown.add_argument("--out", type=Path, metavar="FILE.html", help="as one self-contained file")
    audited = _call(commands, "audit", "独立审计 have a second engine look", report.audit)
    audited.add_argument("load", metavar="LOAD")
    signed = _call(commands, "sign-off", "签认质量报告 sign a quality report", report.sign_off)
    signed.add_argument("load", metavar="LOAD")
    answer = signed.add_mutually_exclusive_group(required=True)
    answer.add_argument("--accept", action="store_true")
    answer.add_argument("--refuse", action="store_true")
    signed.add_argument("--comment", default="", help="意见；拒绝时必填 needed with --refuse")
    signed.add_argument("--digest", help="of the report that was read; default: today's")
    verbs = _noun(commands, "usage", "使用记录 the usage log")
    listed = _call(verbs, "list", "使用记录清单 usage records, newest first", reads.list_usage)
    for name in reads.WHERE:
        listed.add_argument(f"--{name.replace('_', '-')}")
    listed.add_argument("--before", metavar="ID", help="only those before this record")
    _limit(listed)
    again = _call(commands, "replay", "重放一次读取 do a read again, compare", reads.replay)
    again.add_argument("usage", metavar="ID")
    verified = _command(verbs, "verify", "离线核验 verify the chain, offline", usage.verify)
    verified.add_argument("folder", type=Path, nargs="?", help="default: the home's")


def _access(commands: Commands) -> None:
    verbs = _noun(commands, "client", "客户端 clients of the hub")
    add = _command(
        verbs, "add", "登记，显示密钥一次 register; shows the secret once", registration.add
    )
    renew = _command(verbs, "renew", "更换密钥 a new secret, shown once", registration.renew)
    revoke = _command(verbs, "revoke", "吊销 end a client for good", registration.revoke)
    for verb in (add, renew, revoke):
        verb.add_argument("client", metavar="CLIENT")
    _registered(add)
    link = _command(verbs, "link", "对应外部身份 link an outside identity", registration.link)
    link.add_argument("client", metavar="CLIENT")
    unlink = _command(verbs, "unlink", "解除对应 unlink an outside identity", registration.unlink)
    for verb in (link, unlink):
        verb.add_argument("--issuer", required=True, metavar="ADDRESS")
        meant = verb.add_mutually_exclusive_group(required=True)
        meant.add_argument("--subject", metavar="SUB", help="令牌的 sub：人员或服务账号")
        meant.add_argument("--application", metavar="ID", help="对方的客户端编号，仅限其自身的令牌")
    _command(verbs, "links", "外部身份清单 list linked identities", registration.list_links)
    limit = _call(verbs, "limit", "设定限额 set its limits", document.limit)
    limit.add_argument("client", metavar="CLIENT")
    limit.add_argument("--documents-only", action="store_true", help="只能运行已登记的查询")
    limit.add_argument("--price-budget", type=int, metavar="ROWS", help="单次查询的预算")
    limit.add_argument("--page-limit", type=int, metavar="ROWS", help="每页最多行数，至多 10000")
    text = _call(commands, "schema", "所见模式（SDL） the schema a client sees", schema.schema)
    text.add_argument("--out", type=Path, metavar="FILE.graphql", help="default: printed")
    shown = _command(commands, "token", "演示客户端的令牌 a demo client's token", token.token)
    shown.add_argument("client", metavar="CLIENT")


def _people(commands: Commands) -> None:
    verbs = _noun(commands, "person", "人员 people who log in to the console")
    add = _command(
        verbs,
        "add",
        "登记，显示密码一次 register; shows the password once",
        registration.add_person,
    )
    renew = _command(verbs, "renew", "更换密码 a new password", registration.renew_person)
    disable = _command(verbs, "disable", "停用 end for good", registration.disable_person)
    for verb in (add, renew, disable):
        verb.add_argument("person", metavar="ACCOUNT")
    _registered(add)
    _command(verbs, "list", "人员清单 list people", registration.list_people)
    keys = _noun(commands, "key", "签名密钥 the signing keys")
    _command(keys, "rotate", "更换签名密钥 a new signing key", registration.rotate_key)


def _registered(add: ArgumentParser) -> None:
    add.add_argument("--organisation", required=True, metavar="CODE")
    add.add_argument("--role", required=True, action="append", choices=[r.value for r in Role])
    add.add_argument("--title", default="", help="名称或姓名 for people to read")


def _document(verbs: Commands) -> None:
    register = _call(verbs, "register", "登记查询文本 register documents", document.register)
    register.add_argument("files", type=Path, nargs="+", metavar="FILE.graphql")
    listed = _call(verbs, "list", "已登记的查询 those registered", document.list_documents)
    remove = _call(verbs, "remove", "撤销登记 remove one", document.remove)
    remove.add_argument("id", metavar="ID")
    for verb in (register, listed, remove):
        verb.add_argument("--client", help="another client's, as an operator")


def _noun(commands: Commands, name: str, about: str) -> Commands:
    return commands.add_parser(name, help=about).add_subparsers(required=True, metavar="COMMAND")


def _call(commands: Commands, name: str, about: str, call: Call) -> ArgumentParser:
    """A command that speaks to a running hub."""

    def run(given: Namespace) -> None:
        with hub_of(given) as hub:
            call(hub, given)

    return _command(commands, name, about, run)


def _command(commands: Commands, name: str, about: str, run: Run) -> ArgumentParser:
    command = commands.add_parser(name, help=about, description=about, parents=[_everywhere()])
    command.set_defaults(run=run)
    return command


def _everywhere() -> ArgumentParser:
    """Options that may stand before a command as well as behind it."""
    options = ArgumentParser(add_help=False, argument_default=SUPPRESS)
    options.add_argument("--hub", metavar="ADDRESS", help="default: as the settings say")
    options.add_argument("--as", dest="caller", metavar="CLIENT", help="a client of the demo")
    options.add_argument("--home", type=Path, help="the folder of all state (VITALHUB_HOME)")
    return options


def _state(command: ArgumentParser, states: type[StrEnum]) -> None:
    """In small letters, or in capitals as the API has it."""
    command.add_argument("--state", type=str.lower, choices=[state.value for state in states])


def _limit(command: ArgumentParser) -> None:
    command.add_argument("--limit", type=int, default=100, help="at most so many lines (100)")


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
