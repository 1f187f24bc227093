"""`document`: the persisted documents of a client, registered from files at deploy."""

from argparse import Namespace
from pathlib import Path

from commands.client import HubClient
from commands.display import moment, say, table
from commands.errors import CommandFailed

REGISTER = """mutation($text: String!, $client: String) {
  document: registerDocument(text: $text, client: $client) { id } }"""
REMOVE = """mutation($id: String!, $client: String) {
  removed: removeDocument(id: $id, client: $client) }"""
LIST = "query($client: String) { documents(client: $client) { id text registeredAt } }"
LIMIT = """mutation($id: String!, $documentsOnly: Boolean!, $priceBudget: Int, $pageLimit: Int) {
  limits: limitClient(id: $id, documentsOnly: $documentsOnly, priceBudget: $priceBudget,
    pageLimit: $pageLimit) { documentsOnly priceBudget pageLimit } }"""
BEGINNING = 60


def register(hub: HubClient, given: Namespace) -> None:
    """One line a file: the id, then the file."""
    for file in given.files:
        variables = {"text": _text(file), "client": given.client}
        say(f"{hub.execute(REGISTER, variables)['document']['id']} {file}")


def list_documents(hub: HubClient, given: Namespace) -> None:
    known = hub.execute(LIST, {"client": given.client})["documents"]
    rows = (
        (one["id"], moment(one["registeredAt"]), " ".join(one["text"].split())[:BEGINNING])
        for one in known
    )
    table("已登记的查询 Persisted documents", ("编号 Id", "登记 Registered", "内容 Text"), rows)


def remove(hub: HubClient, given: Namespace) -> None:
    if not hub.execute(REMOVE, {"id": given.id, "client": given.client})["removed"]:
        raise CommandFailed(f"没有登记过 {given.id}。There is no document {given.id}.")
    say(f"{given.id}：已撤销 removed")


def limit(hub: HubClient, given: Namespace) -> None:
    """All limits at once: what is not given returns to the hub's default."""
    variables = {
        "id": given.client,
        "documentsOnly": given.documents_only,
        "priceBudget": given.price_budget,
        "pageLimit": given.page_limit,
    }
    limits = hub.execute(LIMIT, variables)["limits"]
    only = "是 yes" if limits["documentsOnly"] else "否 no"
    budget = limits["priceBudget"] or "缺省 default"
    page = limits["pageLimit"] or "缺省 default"
    say(
        f"{given.client}：仅已登记的查询 persisted documents only: {only}；预算 budget: {budget}；"
        f"每页 page: {page}"
    )


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise CommandFailed(
            f"无法按 UTF-8 读取 {file}。Cannot read {file} as UTF-8 text."
        ) from None
