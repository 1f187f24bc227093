"""The auditor's first hour, at a terminal before a running hub."""

import re
import shutil
from io import BytesIO
from pathlib import Path
from time import monotonic, sleep

import pytest
from openpyxl import load_workbook

from catalog.places import read_places
from commands.errors import CommandFailed
from demo.district import PREMISES_HEADERS, Folder, premises_workbook
from demo.premises import premises
from settings import Settings
from tests.commands.terminal import Terminal, typed
from tests.running_hub import RunningHub

FILE = "premises-audit.xlsx"
CROWDED = 7
"""The line of the file whose residents are too many to be true."""


@pytest.fixture(scope="module")
def auditor(hub: RunningHub) -> Terminal:
    return Terminal(hub, "auditor")


@pytest.fixture(scope="module")
def load(hub: RunningHub, auditor: Terminal) -> str:
    """A new survey of the district's premises with one row that breaks a rule."""
    book = load_workbook(
        BytesIO(premises_workbook(premises(read_places(Settings().city / "places.csv"))))
    )
    book.worksheets[0].cell(CROWDED, PREMISES_HEADERS.index("常住人数") + 1).value = 99_999
    content = BytesIO()
    book.save(content)
    Folder(hub.home / "district").drop(FILE, content.getvalue())
    return auditor.load_from(FILE, "riverside_premises", "published")


def test_the_loads_of_every_department_are_listed(auditor: Terminal, load: str) -> None:
    listed = auditor.done("load list --limit 500").out
    assert load in listed
    assert {"riverRegimeNational", "floodPeakForecast", "floodExposure"} <= set(listed.split())


def test_the_report_is_one_file_that_fetches_nothing(
    auditor: Terminal, load: str, tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    auditor.done("report", load, "--out", file)
    html = file.read_text("utf-8")
    assert not re.findall(r"(?:src|href|action)\s*=|url\(|@import|https?://", html, re.IGNORECASE)
    assert "residents_plausible" in html
    assert f"{FILE}" in html
    assert "沿江场所" in html


def test_the_report_on_the_terminal_tells_each_rule(auditor: Terminal, load: str) -> None:
    printed = auditor.done("report", load)
    (rule,) = printed.lines_with("residents_plausible")
    assert "否 no" in rule
    assert printed.lines_with("摘要 Digest")


def test_a_second_engine_agrees_with_the_gate_on_what_was_published(
    auditor: Terminal, load: str
) -> None:
    auditor.done("audit", load)
    deadline = monotonic() + 240
    while not (lines := auditor.done("report", load).lines_with("great_expectations")):
        assert monotonic() < deadline, "the audit's results did not come"
        sleep(0.5)
    assert not [line for line in lines if "否 no" in line]


def test_the_quarantine_names_file_and_line_and_masks_important_values(
    auditor: Terminal, load: str
) -> None:
    shown = auditor.done("quarantine show", load)
    assert shown.lines_with("Values are masked")
    (row,) = shown.lines_with(f"{FILE}:{CROWDED}")
    assert "residents_plausible" in row
    phone = re.search(r"contactPhone=([^，\s]+)", row)
    assert phone is not None
    assert not re.search(r"\d", phone[1])


def test_the_auditor_decides_no_row(auditor: Terminal, load: str) -> None:
    refused = auditor(f"quarantine release {load} --rows {FILE}:{CROWDED} --why 核实")
    assert refused.code == 1
    assert "roles do not offer" in refused.err


def test_a_report_is_signed_once_under_the_digest_that_was_read(
    auditor: Terminal, load: str
) -> None:
    stale = auditor(f"sign-off {load} --accept --digest", "0" * 64)
    assert stale.code == 1
    assert stale.err.startswith("RESULTS_CHANGED: ")
    silent = auditor(f"sign-off {load} --refuse")
    assert silent.code == 1
    assert silent.err.startswith("REASON_REQUIRED: ")

    digest = auditor.done("report", load).lines_with("摘要 Digest")[0].split()[-1]
    auditor.done(f"sign-off {load} --refuse --comment 居住人数不实 --digest {digest}")
    assert "居住人数不实" in auditor.done("report", load).out
    second = auditor(f"sign-off {load} --accept")
    assert second.code == 1
    assert second.err.startswith("ALREADY_SIGNED: ")


def test_no_data_row_is_the_auditors_to_read(hub: RunningHub) -> None:
    schema = hub.clients["auditor"].execute("{ __schema { types { name } } }")
    assert not {"RiverStation", "RiversidePremises"} & {
        kind["name"] for kind in schema["__schema"]["types"]
    }
    with pytest.raises(CommandFailed, match="Cannot query field"):
        hub.clients["auditor"].execute("{ riversidePremises(limit: 1) { premisesName } }")


def test_a_read_is_found_in_the_log_and_replays_equal(hub: RunningHub, auditor: Terminal) -> None:
    hub.clients["shapingba-flood"].execute("{ riverStation(limit: 2) { stationName } }")
    listed = auditor.done("usage list --client shapingba-flood --data-set river_station --limit 1")
    (line,) = listed.lines_with("防汛避险")
    replayed = auditor.done("replay", line.split()[0])
    assert "是 yes" in replayed.lines_with("Equal")[0]
    older = listed.lines_with("--before")
    assert not older or older[0].split()[-1].startswith("u-")


def test_the_usage_log_is_verified_without_the_hub_and_a_changed_record_is_found(
    hub: RunningHub, tmp_path: Path
) -> None:
    hub.clients["shapingba-flood"].execute("{ riverStation(limit: 3) { stationCode } }")
    copied = tmp_path / "usage"
    shutil.copytree(hub.home / "usage", copied)
    verified = typed(hub, ["usage", "verify", str(copied)])
    assert verified.code == 0, verified.err
    assert "完好 ok" in verified.out

    (segment,) = copied.glob("*.log")
    segment.write_bytes(segment.read_bytes().replace(b"shapingba-flood", b"hightech-flood!"))
    broken = typed(hub, ["usage", "verify", str(copied)])
    assert broken.code == 1
    assert "broken" in broken.err
    assert re.search(rf"{segment.name}:\d+", broken.err)


def test_a_token_of_a_demo_client_works_in_another_program(hub: RunningHub) -> None:
    printed = typed(hub, ["token", "auditor"])
    assert printed.code == 0
    assert printed.out.count(".") == 2


def test_a_clients_schema_is_written_to_a_new_file_only(hub: RunningHub, tmp_path: Path) -> None:
    file = tmp_path / "app.graphql"
    command = ["schema", "--out", str(file), "--as", "shapingba-flood"]
    assert typed(hub, command).code == 0
    assert "type RiverStation " in file.read_text("utf-8")
    again = typed(hub, command)
    assert (again.code, "exists" in again.err) == (2, True)
