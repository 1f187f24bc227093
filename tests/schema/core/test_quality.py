"""The auditor's and the steward's view of a load that came in with bad rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import pyarrow as pa
import pytest

from access.roles import Role
from catalog.contracts import Contract, Dimension, RuleDeclaration, Severity
from catalog.domain import SourceKind
from catalog.ids import RuleId, SourceId
from connectors.connections import FilesConnection
from connectors.errors import FileEmpty
from jobs.intake import Batch, Intake
from tests.connectors.example import fetch
from tests.schema.hub import Hub
from tests.shared_data import reading

REPORT = """query ($id: String!) { qualityReport(loadId: $id) {
  decision rows good rejected grade digest results { rule failed passed }
  signOffs { decision valid comment } } }"""
QUARANTINE = """query ($id: String!) { quarantine(loadId: $id) { total masked rows {
  file line releasable fate values { column value } reasons { rule message messageEn } } } }"""


@dataclass
class Rows:
    """Rows of a file, as a connector hands them over."""

    rows: list[Mapping[str, object]]
    origin: str = "readings.csv"

    def batches(self) -> Iterator[pa.RecordBatch]:
        yield from pa.Table.from_pylist(list(self.rows)).to_batches()

    def cursor(self) -> None:
        return None

    def identity(self) -> str:
        return self.origin

    def acknowledge(self) -> None:
        pass

    def refuse(self, error: Exception) -> None:
        raise error


def contract() -> Contract:
    rule = RuleDeclaration(
        id=RuleId("level_range"),
        expectation="expect_column_values_to_be_between",
        column="level_m",
        arguments={"min_value": 100, "max_value": 300},
        dimension=Dimension.ACCURACY,
        severity=Severity.WARNING,
        tolerance=0.5,
    )
    return replace(reading(), rules=(rule,))


def row(line: int, station: str | None, level: str) -> Mapping[str, object]:
    return {
        "station_code": station,
        "observed_at": f"2026-07-0{line} 08:00:00",
        "level_m": level,
        "place_code": "500106004",
        "_file": "readings.csv",
        "_line": line,
    }


@pytest.fixture
def load(hub: Hub) -> str:
    """A load of four rows: one below the range, one without its key."""
    rows = [row(1, "A", "181.2"), row(2, "A", "12.5"), row(3, None, "181.4"), row(4, "A", "181.5")]
    intake = Intake(hub.folder / "landing", hub.ledger, hub.quality, hub.clock)
    landed = intake.take(Batch(Rows(rows), SourceId("bureau"), contract()))
    assert landed is not None
    return landed.load_id


@pytest.fixture
def auditor(hub: Hub) -> str:
    return hub.client("auditor", Role.AUDITOR, of="cq_bigdata")


@pytest.fixture
def steward(hub: Hub) -> str:
    return hub.client("water-steward", Role.STEWARD, of="cq_water")


def test_a_report_tells_what_each_rule_found(hub: Hub, load: str, auditor: str) -> None:
    report = hub.ask(auditor, REPORT, id=load)["qualityReport"]
    assert (report["rows"], report["good"], report["rejected"]) == (4, 2, 2)
    failed = {result["rule"]: result["failed"] for result in report["results"]}
    assert failed["level_range"] == 1
    assert report["grade"] in "ABCDE"


def test_the_report_is_one_file_without_an_outside_asset(hub: Hub, load: str, auditor: str) -> None:
    query = "query ($id: String!) { qualityReport(loadId: $id) { html } }"
    html = hub.ask(auditor, query, id=load)["qualityReport"]["html"]
    assert "水利局" in html
    assert "<script src" not in html
    assert 'href="http' not in html


def test_who_asks_for_the_report_of_a_refused_file_hears_where_the_reason_stands(
    hub: Hub, auditor: str
) -> None:
    wanted = fetch(
        SourceKind.FILES, FilesConnection(kind="files", folder=hub.folder), {}, of=reading()
    )
    load_id = hub.ledger.refused(wanted, "readings.csv", FileEmpty(file="readings.csv"))
    body = hub.post(auditor, REPORT, variables={"id": load_id}).json()
    error = body["errors"][0]
    assert error["extensions"]["code"] == "QUALITY_RUN_UNKNOWN"
    assert "refused before its check" in error["extensions"]["messageEn"]
    assert "load list" in error["message"]
    told = "query ($id: String!) { load(id: $id) { state errorCode errorEn } }"
    refused = hub.ask(auditor, told, id=load_id)["load"]
    assert (refused["state"], refused["errorCode"]) == ("REFUSED", "FILE_EMPTY")


def test_a_row_set_apart_shows_its_line_and_reason(hub: Hub, load: str, auditor: str) -> None:
    page = hub.ask(auditor, QUARANTINE, id=load)["quarantine"]
    assert page["total"] == 2
    first = page["rows"][0]
    assert (first["file"], first["line"]) == ("readings.csv", 2)
    assert first["reasons"][0]["rule"] == "level_range"
    assert first["reasons"][0]["message"]


def test_values_of_rows_set_apart_are_for_their_providers_people_alone(
    hub: Hub, load: str, auditor: str, steward: str
) -> None:
    publisher = hub.client("water-publisher", Role.PUBLISHER, of="cq_water")
    for token in (steward, publisher):
        page = hub.ask(token, QUARANTINE, id=load)["quarantine"]
        assert not page["masked"]
        assert {"column": "levelM", "value": "12.5"} in page["rows"][0]["values"]
        assert "12.5" in page["rows"][0]["reasons"][0]["messageEn"]
    operating = hub.client("other-publisher", Role.PUBLISHER, Role.OPERATOR, of="cq_hightech")
    for token in (auditor, operating):
        page = hub.ask(token, QUARANTINE, id=load)["quarantine"]
        assert page["masked"]
        assert {"column": "levelM", "value": "99.9"} in page["rows"][0]["values"]
        assert "level_range" in page["rows"][0]["reasons"][0]["messageEn"]
        assert "12.5" not in str(page)


def test_the_report_is_masked_whoever_asks(hub: Hub, load: str, steward: str) -> None:
    query = "query ($id: String!) { qualityReport(loadId: $id) { html } }"
    html = hub.ask(steward, query, id=load)["qualityReport"]["html"]
    assert "99.9" in html
    assert "12.5" not in html


def test_a_steward_releases_or_discards_with_a_reason(hub: Hub, load: str, steward: str) -> None:
    mutation = """mutation ($id: String!, $r: [RowPosition!]!, $why: String!) {
      %s(loadId: $id, rows: $r, why: $why) { line decision by } }"""
    second = [{"file": "readings.csv", "line": 2}]
    third = [{"file": "readings.csv", "line": 3}]
    release, discard = mutation % "releaseRows", mutation % "discardRows"
    assert hub.codes(steward, release, id=load, r=second, why=" ") == ["REASON_REQUIRED"]
    assert hub.codes(steward, release, id=load, r=third, why="确认") == ["ROW_NOT_RELEASABLE"]
    done = hub.ask(steward, release, id=load, r=second, why="现场核实")["releaseRows"]
    assert done == [{"line": 2, "decision": "RELEASED", "by": "water-steward"}]
    hub.ask(steward, discard, id=load, r=third, why="缺站码")
    assert hub.codes(steward, discard, id=load, r=second, why="反悔") == ["ROW_ALREADY_DECIDED"]
    fates = [r["fate"] for r in hub.ask(steward, QUARANTINE, id=load)["quarantine"]["rows"]]
    assert fates == ["RELEASED", "DISCARDED"]


def test_an_auditor_signs_what_was_seen(hub: Hub, load: str, auditor: str) -> None:
    mutation = """mutation ($id: String!, $d: String!) {
      signOff(loadId: $id, decision: ACCEPTED, digest: $d, comment: "属实") { auditor valid } }"""
    digest = hub.ask(auditor, REPORT, id=load)["qualityReport"]["digest"]
    assert hub.codes(auditor, mutation, id=load, d="0" * 64) == ["RESULTS_CHANGED"]
    assert hub.ask(auditor, mutation, id=load, d=digest)["signOff"] == {
        "auditor": "auditor",
        "valid": True,
    }
    signed = hub.ask(auditor, REPORT, id=load)["qualityReport"]["signOffs"]
    assert [s["comment"] for s in signed] == ["属实"]


def test_loads_are_seen_by_their_provider_and_by_auditors_alone(
    hub: Hub, load: str, auditor: str, steward: str
) -> None:
    query = "{ loads { id dataSet origin state rows good rejected } }"
    seen = hub.ask(steward, query)["loads"]
    assert [(one["id"], one["dataSet"], one["good"]) for one in seen] == [(load, "reading", 2)]
    assert hub.ask(auditor, query)["loads"] == seen
    stranger = hub.client("other-steward", Role.STEWARD, of="cq_hightech")
    assert hub.ask(stranger, query) == {"loads": []}
    assert hub.codes(stranger, REPORT, id=load) == ["NOT_FOUND"]
    assert hub.codes(stranger, REPORT, id="nothing") == ["NOT_FOUND"]
    one = hub.ask(steward, "query ($id: String!) { load(id: $id) { origin } }", id=load)
    assert one == {"load": {"origin": "readings.csv"}}


def test_an_operator_ends_a_client_at_once(hub: Hub) -> None:
    operator = hub.client("operator", Role.OPERATOR, of="cq_bigdata")
    app = hub.secrets["token"]
    hub.ask(app, "{ me { clientId } }")
    assert hub.ask(operator, 'mutation { revokeClient(id: "app") }') == {"revokeClient": True}
    assert hub.post(app, "{ me { clientId } }").status_code == 401
    assert hub.codes(operator, 'mutation { revokeClient(id: "nobody") }') == ["UNKNOWN_CLIENT"]
