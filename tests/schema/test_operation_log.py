import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from schema.observation import Call, Observer
from schema.operation_log import FILE, OperationLog
from tests.schema.hub import Hub

AT = datetime(2026, 8, 1, 12, tzinfo=UTC)
HOSTILE = 'Zeile\r\n{"forged": 1}\x00\x1b[31m\x7f\u2028\u202e\ud800"\\'


def lines(folder: Path) -> list[dict[str, Any]]:
    text = (folder / FILE).read_bytes().decode("ascii")
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def logged(hub: Hub, tmp_path: Path) -> Any:
    """Asks and gives the log's lines."""
    folder = tmp_path / "operations"
    log = OperationLog(folder)
    hub.serve(observer=Observer(log))

    def after(*asked: Any) -> list[dict[str, Any]]:
        for ask in asked:
            ask()
        log.close()
        return lines(folder)

    return after


def test_each_call_is_a_line_with_what_it_cost_and_nothing_that_it_said(
    hub: Hub, app: str, logged: Any
) -> None:
    query = "query Named($c: String!) { station(where: {code: {eq: $c}}) { code name } }"
    replies = []
    (line,) = logged(lambda: replies.append(hub.post(app, query, variables={"c": "A"})))
    reply = replies[0]
    assert line["requestId"] == reply.headers["x-request-id"]
    assert (line["client"], line["operation"], line["over"]) == ("app", "Named", "http")
    assert (line["code"], line["rows"], line["bytes"]) == ("OK", 1, len(reply.content))
    assert line["price"] == reply.json()["extensions"]["price"]
    assert line["seconds"] > 0
    assert len(line["document"]) == 16
    assert app not in json.dumps(line)


def test_equal_documents_have_equal_digests_whatever_their_variables(
    hub: Hub, app: str, logged: Any
) -> None:
    query = "query($c: String!) { station(where: {code: {eq: $c}}) { code } }"
    one, other, third = logged(
        lambda: hub.post(app, query, variables={"c": "A"}),
        lambda: hub.post(app, query, variables={"c": "B"}),
        lambda: hub.post(app, "{ station { code } }"),
    )
    assert one["document"] == other["document"] != third["document"]


def test_what_is_refused_is_logged_with_its_code(hub: Hub, app: str, logged: Any) -> None:
    found = logged(
        lambda: hub.post(None, "{ me { clientId } }"),
        lambda: hub.post(app, "{ nope }"),
        lambda: hub.post(app, "{ station(limit: -1) { code } }"),
    )
    codes = ["TOKEN_MISSING", "GRAPHQL_VALIDATION_FAILED", "PAGE_OUT_OF_RANGE"]
    assert [line["code"] for line in found] == codes
    assert [line["client"] for line in found] == [None, "app", "app"]


def test_nothing_that_a_caller_writes_makes_a_second_line(hub: Hub, app: str, logged: Any) -> None:
    (line,) = logged(lambda: hub.post(app, "{ me { clientId } }", operationName=HOSTILE[:-3]))
    assert line["code"] == "OPERATION_UNKNOWN"


def test_control_characters_and_lone_surrogates_are_escaped(tmp_path: Path) -> None:
    log = OperationLog(tmp_path)
    call = Call("r", "http", AT)
    call.asked("app", HOSTILE, HOSTILE)
    log(call)
    log.close()
    raw = (tmp_path / FILE).read_bytes()
    assert raw.count(b"\n") == 1
    assert not any(byte < 32 or byte > 126 for byte in raw[:-1])
    assert lines(tmp_path)[0]["operation"] == HOSTILE


def test_files_are_turned_over_and_bounded(tmp_path: Path) -> None:
    log = OperationLog(tmp_path, file_bytes=2_000, files=3)
    for number in range(200):
        log(Call(f"request-{number}", "http", AT))
    log.close()
    files = sorted(tmp_path.iterdir())
    assert len(files) == 3
    assert all(file.stat().st_size <= 2_000 for file in files)
    assert lines(tmp_path)[-1]["requestId"] == "request-199"
