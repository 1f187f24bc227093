import base64
import io
from typing import Any

from openpyxl import load_workbook
from sqlalchemy import Engine, event

from access.roles import Role
from schema.http import MAX_BODY, MAX_CATALOGUE_BODY
from tests.schema.hub import Hub

ENTRY = """query ($c: String!) { catalogueEntry(code: $c) {
  name stateLabel sdl provider { name officeHead answerWorkingDays }
  columns { name label unit datum } catalogued attached collected shared } }"""


def test_anyone_who_may_log_in_finds_what_is_shared(hub: Hub) -> None:
    app = hub.secrets["token"]
    found = hub.ask(app, '{ catalogueEntries(search: "读数") { code name dataSet } }')
    (entry,) = found["catalogueEntries"]
    assert (entry["name"], entry["dataSet"]) == ("读数", "reading")
    shown = hub.ask(app, ENTRY, c=entry["code"])["catalogueEntry"]
    assert "type Reading {" in shown["sdl"]
    assert "levelM: Decimal" in shown["sdl"]
    assert shown["provider"] == {
        "name": "水利局",
        "officeHead": "水利局负责人",
        "answerWorkingDays": 10,
    }
    assert [c["datum"] for c in shown["columns"] if c["name"] == "levelM"] == ["黄海"]
    assert (shown["catalogued"], shown["collected"], shown["shared"]) == (True, True, False)


def test_the_preview_shows_no_field_to_read(hub: Hub) -> None:
    app = hub.secrets["token"]
    assert hub.codes(app, "{ reading { levelM } }") == ["GRAPHQL_VALIDATION_FAILED"]


def test_a_page_of_the_catalogue_is_bounded(hub: Hub) -> None:
    app = hub.secrets["token"]
    assert len(hub.ask(app, "{ catalogueEntries(limit: 2) { code } }")["catalogueEntries"]) == 2
    assert hub.codes(app, "{ catalogueEntries(limit: 501) { code } }") == ["PAGE_OUT_OF_RANGE"]
    assert hub.codes(app, '{ catalogueEntry(code: "nope") { code } }') == ["UNKNOWN_ENTRY"]


def test_the_stewards_first_hour(hub: Hub) -> None:
    """Export, add a line in Excel, import with a report per line, and bring it to publication."""
    steward = hub.client("water-steward", Role.STEWARD, of="cq_water")
    content = hub.ask(steward, "mutation { exportCatalogue }")["exportCatalogue"]
    book = load_workbook(io.BytesIO(base64.b64decode(content)))
    sheet: Any = book.active
    (known,) = [r for r in sheet.iter_rows(values_only=True) if "读数" in r]
    fresh = {"读数": "防汛值班表", "reading": "duty_roster"}
    sheet.append([fresh.get(cell, cell) for cell in known])
    changed = io.BytesIO()
    book.save(changed)
    report = """mutation ($f: String!) { importCatalogue(file: $f) {
      created unchanged refused lines { row code outcome problems { cell message } } } }"""
    file = base64.b64encode(changed.getvalue()).decode()
    told = hub.ask(steward, report, f=file)["importCatalogue"]
    assert (told["created"], told["unchanged"], told["refused"]) == (1, 2, 0), told
    (code,) = [line["code"] for line in told["lines"] if line["outcome"] == "CREATED"]
    authority = hub.client("authority-steward", Role.STEWARD, of="cq_bigdata")
    for token, name_, state in (
        (steward, "approveEntry", "DEPARTMENT_APPROVED"),
        (steward, "submitEntry", "IN_REVIEW"),
        (authority, "publishEntry", "PUBLISHED"),
    ):
        mutation = f"mutation ($c: String!) {{ {name_}(code: $c) {{ state name }} }}"
        assert hub.ask(token, mutation, c=code)[name_]["state"] == state
    app = hub.secrets["token"]
    assert hub.ask(app, ENTRY, c=code)["catalogueEntry"]["name"] == "防汛值班表"


def test_a_page_of_entries_asks_once_what_is_granted(hub: Hub) -> None:
    asked: list[str] = []

    def counted(*sent: object) -> None:
        asked.extend(
            [text] if "DISTINCT share_request.organisation" in (text := str(sent[2])) else []
        )

    event.listen(Engine, "before_cursor_execute", counted)
    try:
        page = hub.ask(hub.secrets["token"], "{ catalogueEntries { code shared collected } }")
    finally:
        event.remove(Engine, "before_cursor_execute", counted)
    assert len(page["catalogueEntries"]) > 1
    assert len(asked) == 1


STEPS = """{ catalogueEntry(code: "reading") { steps { action state by organisation why at } } }"""


def test_whoever_keeps_or_reviews_an_entry_reads_why_it_was_sent_back_and_nobody_else(
    hub: Hub,
) -> None:
    steward = hub.client("water-steward", Role.STEWARD, of="cq_water")
    authority = hub.client("authority-steward", Role.STEWARD, of="cq_bigdata")
    assess = """mutation { assessEntry(code: "reading", secrecy: "不涉密", personalInformation: "无")
      { state } approveEntry(code: "reading") { state } submitEntry(code: "reading") { state } }"""
    hub.ask(steward, assess)
    hub.ask(authority, 'mutation { returnEntry(code: "reading", why: "请写明测站") { state } }')
    for token in (steward, authority):
        steps = hub.ask(token, STEPS)["catalogueEntry"]["steps"]
        told = [(step["action"], step["state"]) for step in steps]
        assert told[0] == ("REVISE", "DRAFT"), "oldest first"
        assert told[-2:] == [("SUBMIT", "IN_REVIEW"), ("RETURN", "RETURNED")]
        returned = steps[-1]
        assert (returned["by"], returned["organisation"], returned["why"]) == (
            "authority-steward",
            "cq_bigdata",
            "请写明测站",
        )
    stranger = hub.client("hightech-steward", Role.STEWARD, of="cq_hightech")
    for token in (hub.secrets["token"], stranger):
        assert hub.ask(token, STEPS)["catalogueEntry"]["steps"] == []


REPORT = """mutation ($f: String!) { importCatalogue(file: $f) {
  created unchanged refused lines { row code outcome } } }"""


def big_workbook(hub: Hub, steward: str, lines: int) -> bytes:
    """What the steward exports, with as many new lines below it."""
    content = hub.ask(steward, "mutation { exportCatalogue }")["exportCatalogue"]
    book = load_workbook(io.BytesIO(base64.b64decode(content)))
    sheet: Any = book.active
    (known,) = [r for r in sheet.iter_rows(values_only=True) if "读数" in r]
    for number in range(lines):
        fresh = {"读数": f"第 {number} 号测站值班表", "reading": f"duty_roster_{number}"}
        sheet.append([fresh.get(cell, cell) for cell in known])
    changed = io.BytesIO()
    book.save(changed)
    return changed.getvalue()


def test_a_workbook_of_two_thousand_lines_comes_in_with_one_request(hub: Hub) -> None:
    steward = hub.client("water-steward", Role.STEWARD, of="cq_water")
    content = big_workbook(hub, steward, 2_000)
    assert len(content) > MAX_BODY
    file = base64.b64encode(content).decode()
    told = hub.ask(steward, REPORT, f=file)["importCatalogue"]
    assert (told["created"], told["unchanged"], told["refused"]) == (2_000, 2, 0)
    found = hub.ask(hub.secrets["token"], '{ catalogueEntries(search: "1999 号") { code } }')
    assert found == {"catalogueEntries": []}, "a draft is its provider's alone"
    query = '{ catalogueEntries(search: "1999 号") { code } }'
    assert hub.ask(steward, query) == {"catalogueEntries": [{"code": "duty_roster_1999"}]}


def test_who_edits_no_catalogue_sends_no_large_body(hub: Hub, app: str) -> None:
    auditor = hub.client("auditor", Role.AUDITOR, of="cq_bigdata")
    for token in (app, auditor):
        reply = hub.post(token, REPORT, variables={"f": "A" * MAX_BODY})
        assert reply.status_code == 413
        assert reply.json()["errors"][0]["extensions"]["code"] == "BODY_TOO_LARGE"


def test_a_body_past_the_stewards_limit_and_a_long_document_are_refused(hub: Hub) -> None:
    steward = hub.client("water-steward", Role.STEWARD, of="cq_water")
    reply = hub.post(steward, REPORT, variables={"f": "A" * MAX_CATALOGUE_BODY})
    assert reply.status_code == 413
    literal = f'mutation {{ importCatalogue(file: "{"A" * MAX_BODY}") {{ refused }} }}'
    assert hub.codes(steward, literal) == ["DOCUMENT_TOO_LARGE"]


def test_a_file_that_is_none_is_refused_with_what_to_do(hub: Hub) -> None:
    steward = hub.client("water-steward", Role.STEWARD, of="cq_water")
    mutation = "mutation ($f: String!) { importCatalogue(file: $f) { refused } }"
    assert hub.codes(steward, mutation, f="not base64!") == ["FILE_UNREADABLE"]
    assert hub.codes(steward, mutation, f="YWJj") == ["WORKBOOK_REFUSED"]


def test_a_stranger_exports_nobody_elses_drafts(hub: Hub) -> None:
    steward = hub.client("hightech-steward", Role.STEWARD, of="cq_hightech")
    mutation = 'mutation { exportCatalogue(provider: "cq_water") }'
    assert hub.codes(steward, mutation) == ["NOT_ALLOWED"]
    app = hub.secrets["token"]
    assert hub.codes(app, mutation) == ["GRAPHQL_VALIDATION_FAILED"]


def test_every_role_has_a_schema_without_what_it_may_not_do(hub: Hub) -> None:
    names = "{ __schema { mutationType { fields { name } } } }"
    seen = {}
    for role in (Role.AUDITOR, Role.PUBLISHER, Role.OPERATOR):
        token = hub.client(role.value, role)
        found = hub.ask(token, names)["__schema"]["mutationType"]
        seen[role] = {field["name"] for field in found["fields"]} if found else set()
    assert "decideShareRequest" not in seen[Role.PUBLISHER]
    assert "importCatalogue" in seen[Role.PUBLISHER]
    assert "importCatalogue" not in seen[Role.AUDITOR] | seen[Role.OPERATOR]


def test_the_catalogue_is_searched_by_data_item(hub: Hub) -> None:
    app = hub.secrets["token"]
    query = "query ($s: String!) { catalogueEntries(search: $s) { code dataItems } }"
    (known,) = hub.ask(app, query, s="最高水位")["catalogueEntries"]
    item = next(item for item in known["dataItems"] if item != "最高水位")
    assert known in hub.ask(app, query, s=item)["catalogueEntries"]
    assert hub.ask(app, query, s="%") == {"catalogueEntries": []}
