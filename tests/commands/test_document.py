"""Persisted documents and limits, at a terminal before a running hub."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands.client import HubClient
from commands.errors import CommandFailed
from tests.commands.terminal import Terminal, typed
from tests.running_hub import RunningHub

APP = "hightech-flood"
OPERATOR = ("deploys", "--organisation", "cq_bigdata", "--role", "operator")


@pytest.fixture(scope="module")
def operator(hub: RunningHub) -> Iterator[HubClient]:
    printed = typed(hub, ["client", "add", *OPERATOR])
    secret = re.search(r"VITALHUB_CLIENT_SECRET=(\S+)", printed.out)
    assert secret is not None, printed.err
    with HubClient(hub.address, "deploys", secret[1]) as client:
        yield client


def as_operator(
    hub: RunningHub, operator: HubClient, monkeypatch: pytest.MonkeyPatch, line: str
) -> str:
    monkeypatch.setenv("VITALHUB_CLIENT_ID", operator.client_id)
    monkeypatch.setenv("VITALHUB_CLIENT_SECRET", operator.secret)
    printed = typed(hub, line.split())
    assert printed.code == 0, printed.err
    return printed.out


def test_documents_are_registered_listed_and_removed(hub: RunningHub, tmp_path: Path) -> None:
    app = Terminal(hub, APP)
    files = [tmp_path / "me.graphql", tmp_path / "more.graphql"]
    files[0].write_text("{ me { clientId } }", "utf-8")
    files[1].write_text("query More { me { organisationName } }  # 部门", "utf-8")
    printed = app.done("document register", *files)
    ids = [line.split()[0] for line in printed.out.splitlines()]
    assert [line.split()[1] for line in printed.out.splitlines()] == list(map(str, files))
    assert app.done("document register", *files).out == printed.out, "a second time changes nothing"
    listed = app.done("document list").out
    assert all(one in listed for one in ids)
    app.done(f"document remove {ids[0]}")
    again = app(f"document remove {ids[0]}")
    assert again.code == 1
    assert ids[0] in again.err
    assert ids[0] not in app.done("document list").out


def test_what_is_no_document_is_refused(hub: RunningHub, tmp_path: Path) -> None:
    app = Terminal(hub, APP)
    broken, foreign = tmp_path / "broken.graphql", tmp_path / "gbk.graphql"
    broken.write_text("{", "utf-8")
    foreign.write_bytes("# 河道站".encode("gb18030"))
    assert "GRAPHQL_PARSE_FAILED" in app("document register", broken).err
    for file in (foreign, tmp_path / "missing.graphql"):
        assert str(file) in app("document register", file).err


def test_an_operator_holds_a_client_to_its_list(
    hub: RunningHub, operator: HubClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = as_operator(
        hub, operator, monkeypatch, f"client limit {APP} --documents-only --price-budget 1000"
    )
    assert "1000" in limited
    with pytest.raises(CommandFailed) as refused:
        hub.clients[APP].execute("{ me { clientId } }")
    assert refused.value.codes == {"DOCUMENT_NOT_ALLOWED"}
    freed = as_operator(hub, operator, monkeypatch, f"client limit {APP}")
    assert "缺省 default" in freed
    hub.clients[APP].execute("{ me { clientId } }")
