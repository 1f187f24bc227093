"""Each bad input of the flood case on a running hub: refused or set apart with file, line, rule and
what to do; what was published before keeps serving and tells its age; good input flows again.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from openpyxl.worksheet.worksheet import Worksheet

from tests.acceptance.calls import Caller, People, until
from tests.acceptance.exchange import (
    GAUGE_HEADER,
    bureau_readings,
    csv_file,
    drop,
    gauge_row,
    load_of,
    other_ministry,
    premises_book,
    quarantined,
    reason_of,
)
from tests.acceptance.sources import ministry_rows
from tests.running_hub import RunningHub, running_hub

GAUGE = """query ($gauge: String!) {
  districtWaterLevel(where: {gaugeCode: {eq: $gauge}}, orderBy: [{observedAt: ASC}]) {
    observedAt levelM } }"""
PREMISES = "{ riversidePremises(limit: 1000) { premisesId residentCount } }"
LONG_LINE = 200 * 1024 * 1024


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, city: Path) -> Iterator[RunningHub]:
    home = tmp_path_factory.mktemp("bad")
    with running_hub(home, environment={"VITALHUB_CITY": str(city)}) as running:
        yield running


@pytest.fixture(scope="module")
def people(hub: RunningHub) -> People:
    return People(hub)


def levels(app: Caller, gauge: str) -> list[str]:
    """What is served of a gauge, oldest first."""
    return [row["levelM"] for row in app.ask(GAUGE, gauge=gauge)["districtWaterLevel"]]


@dataclass(frozen=True)
class Refused:
    """A file that cannot be trusted as a whole; `told` stands in the reason, Chinese and English."""

    content: Callable[[], bytes]
    code: str
    told: tuple[str, ...]


def rows_but(header: str, change: Callable[[str], str]) -> bytes:
    return csv_file(*(change(gauge_row("SPB-XX-01", n)) for n in range(6)), header=header)


REFUSED = {
    "wrong-encoding": Refused(
        lambda: csv_file(gauge_row("SPB-XX-01", 1), encoding="utf-8"),
        "FILE_ENCODING_WRONG",
        ("第 1 行", "line 1", "另存", "Save it as gb18030"),
    ),
    "unclosed-quote": Refused(
        lambda: csv_file(
            gauge_row("SPB-XX-01", 1), '"' + gauge_row("SPB-XX-01", 2), gauge_row("SPB-XX-01", 3)
        ),
        "FILE_QUOTE_UNCLOSED",
        ("第 3 行", "line 3", "补全引号", "Mend it"),
    ),
    "missing-column": Refused(
        lambda: rows_but(
            GAUGE_HEADER.replace("水位(米),", ""), lambda row: row.replace("180.10,", "")
        ),
        "SOURCE_COLUMN_MISSING",
        (":1", "水位(米)", "level_m", "district_water_level", "恢复该列", "Restore it"),
    ),
    "retyped-column": Refused(
        lambda: rows_but(GAUGE_HEADER, lambda row: row.replace("180.10", "一百八十米")),
        "SOURCE_COLUMN_RETYPED",
        ("水位(米)", "decimal", "一百八十米", "恢复类型", "Restore the type"),
    ),
    "200-mb-line": Refused(
        lambda: csv_file() + b"x" * LONG_LINE,
        "FILE_LINE_TOO_LONG",
        ("第 2 行", "line 2", "换行符", "Check the line breaks"),
    ),
}


@pytest.mark.usefixtures("dropped")
@pytest.mark.parametrize("what", REFUSED)
def test_a_file_that_cannot_be_trusted_is_refused_beside_its_reason(
    hub: RunningHub, people: People, what: str
) -> None:
    app, steward, auditor = (people[n] for n in ("shapingba-flood", "shapingba-steward", "auditor"))
    name, bad = f"water-level-{what}.csv", REFUSED[what]
    reason = reason_of(hub.home, name)
    assert reason.splitlines()[0] == bad.code
    for part in (name, *bad.told):
        assert part in reason
    assert (hub.home / "district" / "refused" / name).exists()
    for caller in (steward, auditor):
        load = load_of(caller, "districtWaterLevel", name)
        assert (load["state"], load["errorCode"]) == ("REFUSED", bad.code)
        assert reason == f"{bad.code}\n{load['error']}\n{load['errorEn']}\n"
    reply = app.call("{ districtWaterLevel(limit: 1) { levelM } }")
    assert reply.data["districtWaterLevel"]
    assert reply.provenance("districtWaterLevel")["ageSeconds"] >= 0
    assert until(lambda: levels(app, good_gauge(what))) == ["180.100"]


@dataclass(frozen=True)
class SetApart:
    """Rows of one file of which the second is bad, in line 3."""

    rows: Callable[[str], tuple[str, ...]]
    rule: str
    column: str | None
    told: str
    masked: str | None = None
    """What an auditor sees instead, where a value is told."""


APART = {
    "ragged-long": SetApart(
        lambda g: (gauge_row(g, 1), gauge_row(g, 2) + ",多一栏"), "structure", None, "6"
    ),
    "ragged-short": SetApart(
        lambda g: (gauge_row(g, 1), f"{g},2026-01-05 08:02:00"), "structure", None, "6"
    ),
    "duplicate-key": SetApart(
        lambda g: (gauge_row(g, 1), gauge_row(g, 1, "180.20")), "key_unique", None, "gauge"
    ),
    "from-2099": SetApart(
        lambda g: (gauge_row(g, 1), gauge_row(g, 2, at="2099-01-01 00:00:00")),
        "future",
        "observedAt",
        "2099-01-01",
        "9999-99-99 99:99:99",
    ),
    "no-number": SetApart(
        lambda g: (gauge_row(g, 1), gauge_row(g, 2, "缺测")),
        "type",
        "levelM",
        "缺测",
        "字字",
    ),
    "no-level": SetApart(
        lambda g: (gauge_row(g, 1), gauge_row(g, 2, "")), "required", "levelM", "水位"
    ),
    "out-of-range": SetApart(
        lambda g: (gauge_row(g, 1), gauge_row(g, 2, "1801.0")),
        "gauge_level_plausible",
        "levelM",
        "220",
    ),
}


@pytest.fixture(scope="module")
def dropped(hub: RunningHub) -> None:
    """All the bad files, each refused one followed by a good one."""
    for what, refused in REFUSED.items():
        drop(hub.home, f"water-level-{what}.csv", refused.content())
        good = csv_file(gauge_row(good_gauge(what), 1))
        drop(hub.home, f"water-level-after-{what}.csv", good)
    for what, apart in APART.items():
        drop(hub.home, f"water-level-{what}.csv", csv_file(*apart.rows(apart_gauge(what))))


def good_gauge(what: str) -> str:
    """The gauge of the good file behind a refused one."""
    return f"SPB-OK-{list(REFUSED).index(what):02d}"


def apart_gauge(what: str) -> str:
    return f"SPB-AP-{list(APART).index(what):02d}"


@pytest.mark.usefixtures("dropped")
@pytest.mark.parametrize("what", APART)
def test_a_bad_row_is_set_apart_with_its_line_and_the_others_are_served(
    people: People, what: str
) -> None:
    app, steward, auditor = (people[n] for n in ("shapingba-flood", "shapingba-steward", "auditor"))
    name, bad = f"water-level-{what}.csv", APART[what]
    load = load_of(steward, "districtWaterLevel", name)
    assert (load["state"], load["good"], load["rejected"]) == ("PUBLISHED", 1, 1)
    for caller in (steward, auditor):
        (row,) = quarantined(caller, load)
        assert (row["file"], row["line"]) == (name, 3)
        reason = next(r for r in row["reasons"] if bad.rule in r["rule"])
        assert bad.column in (None, reason["column"])
        assert reason["message"]
        assert reason["messageEn"]
        assert (bad.told if caller is steward else bad.masked or bad.told) in str(row)
    assert bad.masked is None or bad.told not in str(row), "the auditor sees no value"
    assert levels(app, apart_gauge(what)) == ["180.100"]


def test_a_known_key_with_another_value_is_a_conflict_and_the_same_file_again_is_nothing(
    hub: RunningHub, people: People
) -> None:
    app, steward = people["shapingba-flood"], people["shapingba-steward"]
    content = csv_file(gauge_row("SPB-KN-01", 1))
    drop(hub.home, "water-level-first.csv", content)
    load_of(steward, "districtWaterLevel", "water-level-first.csv")
    drop(hub.home, "water-level-same.csv", content)
    until((hub.home / "district" / "collected" / "water-level-same.csv").exists)
    rows = (gauge_row("SPB-KN-01", 1, "190.00"), gauge_row("SPB-KN-01", 2, "180.30"))
    drop(hub.home, "water-level-conflict.csv", csv_file(*rows))
    load = load_of(steward, "districtWaterLevel", "water-level-conflict.csv")
    assert levels(app, "SPB-KN-01") == ["180.100", "180.300"]
    (row,) = quarantined(steward, load)
    assert (row["line"], row["reasons"][0]["rule"]) == (2, "key_clash")
    origins = [one["origin"] for one in steward.ask("{ loads(limit: 50) { origin } }")["loads"]]
    assert "water-level-same.csv" not in origins


def merged_header(sheet: Worksheet) -> None:
    sheet.merge_cells("A1:B1")


def field_gone(sheet: Worksheet) -> None:
    sheet.delete_cols(7)  # 常住人数


BOOKS: Mapping[str, tuple[Callable[[Worksheet], None], str, tuple[str, ...]]] = {
    "merged-header": (
        merged_header,
        "WORKBOOK_HEADER_MERGED",
        ("第 1 行", "A1:B1", "取消合并", "Unmerge"),
    ),
    "missing-field": (field_gone, "SOURCE_COLUMN_MISSING", (":1", "常住人数", "resident_count")),
}


@pytest.mark.parametrize("what", BOOKS)
def test_a_workbook_with_a_merged_header_or_a_missing_field_is_refused_whole(
    hub: RunningHub, people: People, what: str
) -> None:
    app, steward = people["shapingba-flood"], people["shapingba-steward"]
    before = app.call(PREMISES)
    change, code, told = BOOKS[what]
    name = f"premises-{what}.xlsx"
    drop(hub.home, name, premises_book(hub.home, change))
    reason = reason_of(hub.home, name)
    assert reason.splitlines()[0] == code
    for part in (name, *told):
        assert part in reason
    assert load_of(steward, "riversidePremises", name)["errorCode"] == code
    after = app.call(PREMISES)
    assert after.data == before.data
    versions = [r.provenance("riversidePremises")["version"] for r in (before, after)]
    assert versions[0] == versions[1]
    ages = [r.provenance("riversidePremises")["ageSeconds"] for r in (before, after)]
    assert ages[0] <= ages[1]


def test_merged_rows_and_empty_cells_of_a_workbook_are_set_apart_by_their_rows(
    hub: RunningHub, people: People
) -> None:
    app, steward = people["shapingba-flood"], people["shapingba-steward"]
    whole = premises_book(hub.home, lambda _: None)

    def spoil(sheet: Worksheet) -> None:
        sheet.merge_cells("B10:B11")
        sheet["G20"] = None  # 常住人数
        sheet["F30"] = None  # 高程基准

    drop(hub.home, "premises-spoiled.xlsx", premises_book(hub.home, spoil))
    load = load_of(steward, "riversidePremises", "premises-spoiled.xlsx")
    assert (load["state"], load["rejected"]) == ("PUBLISHED", 4)
    rows = {row["line"]: row["reasons"] for row in quarantined(steward, load)}
    assert set(rows) == {10, 11, 20, 30}
    assert "B10:B11" in rows[10][0]["message"]
    assert "residentCount" in [reason["column"] for reason in rows[20]]
    assert any("datum" in reason["rule"] for reason in rows[30])
    assert len(served(app, 456) or ()) == 456, "their last good versions stay"
    drop(hub.home, "premises-whole.xlsx", whole)
    load_of(steward, "riversidePremises", "premises-whole.xlsx")
    assert len(until(lambda: served(app, 456))) == 456


def served(app: Caller, count: int) -> list[dict[str, Any]] | None:
    rows: list[dict[str, Any]] = app.ask(PREMISES)["riversidePremises"]
    return rows if len(rows) == count else None


def test_a_level_without_datum_is_set_apart_and_the_next_record_is_served(
    hub: RunningHub, people: People
) -> None:
    app, steward = people["shapingba-flood"], people["water-steward"]
    rows = [
        ("CQ-CIQIKOU", "2026-01-05 08:00:00.000000", 175.5, None, "500106004"),
        ("CQ-CIQIKOU", "2026-01-05 10:00:00.000000", 175.6, "黄海", "500106004"),
    ]
    bureau_readings(hub.home, rows)
    query = """{ riverRegimeMunicipal(where: {observedAt: {lt: "2026-01-06T00:00:00+08:00"}}) {
      levelM datum } }"""
    found = until(lambda: app.ask(query)["riverRegimeMunicipal"])
    assert found == [{"levelM": "175.600", "datum": "黄海"}]
    loads = steward.ask('{ loads(dataSet: "riverRegimeMunicipal") { id rejected } }')["loads"]
    (row,) = quarantined(steward, next(one for one in loads if one["rejected"]))
    assert row["line"] == 221
    assert any("datum" in reason["rule"] for reason in row["reasons"])


@pytest.mark.parametrize(
    ("faults", "code"),
    [
        (("--truncate-page", "1", "--truncate-times", "1000"), "SOURCE_PAGE_TRUNCATED"),
        (("--die-page", "1"), "SOURCE_UNAVAILABLE"),
    ],
)
def test_a_truncated_page_or_a_dying_ministry_leaves_the_last_version_serving(
    hub: RunningHub, people: People, faults: tuple[str, ...], code: str
) -> None:
    app, steward = people["shapingba-flood"], people["mwr-steward"]
    query = "{ riverRegimeNational(limit: 1000) { stationCode } }"
    before = app.call(query)
    with other_ministry(hub.home, *faults):
        load = until(lambda: refused_by(steward, code))
        assert "mwr_river" in load["origin"]
        assert load["error"]
        assert load["errorEn"]
        after = app.call(query)
        assert after.data == before.data
        told, then = (r.provenance("riverRegimeNational") for r in (after, before))
        assert told["version"] == then["version"]
        assert app.health()["riverRegimeNational"]["ageSeconds"] >= then["ageSeconds"] > 0


def refused_by(steward: Caller, code: str) -> dict[str, Any] | None:
    query = '{ loads(dataSet: "riverRegimeNational") { origin state errorCode error errorEn } }'
    refused = [one for one in steward.ask(query)["loads"] if one["state"] == "REFUSED"]
    return next((one for one in refused if one["errorCode"] == code), None)


def test_a_ministry_that_answers_again_is_read_where_it_was_left(
    hub: RunningHub, people: People
) -> None:
    app = people["shapingba-flood"]
    before = len(national(app))
    with other_ministry(hub.home):
        there = list(ministry_rows(hub.home))
        until(lambda: len(national(app)) > before)
    keys = national(app)
    assert len(keys) == len(set(keys)) == len(there) > before + 500


def national(app: Caller) -> list[tuple[str, str]]:
    """The keys of all national readings that are served."""
    query = """query ($offset: Int!) { riverRegimeNational(limit: 1000, offset: $offset,
      orderBy: [{observedAt: ASC}, {stationCode: ASC}]) { stationCode observedAt } }"""
    pages = [app.ask(query, offset=n)["riverRegimeNational"] for n in (0, 1000)]
    return [(row["stationCode"], row["observedAt"]) for page in pages for row in page]
