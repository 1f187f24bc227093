"""The steward's first hour, at a terminal before a running hub."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from catalog.clock import CITY_ZONE
from commands.errors import CommandFailed
from tests.commands.terminal import Terminal, drop_gauge_file, typed
from tests.running_hub import RunningHub

TERMS = """\
data_set: district_water_level
client: hightech-flood
purpose: 梁滩河防汛
basis: 《中华人民共和国防洪法》第四十二条
scenario: 研判梁滩河与嘉陵江水位，提前转移沿河群众
scope:
  - columns: [gauge_code, observed_at, level_m, station_code, place_code]
    places: [500106004, 500106013]
mode: 接口
expires: 2035-12-31T23:59:59+08:00
"""
UNKNOWN_FIELD = "Cannot query field"
SUPPLIES = {
    "目录名称": "应急物资储备点",
    "数据项": "储备点名称；物资种类；数量",
    "提供部门": "重庆市沙坪坝区人民政府",
    "数据格式": "XLSX",
    "更新频率": "每月",
    "共享属性": "有条件共享",
    "共享方式": "文件",
    "使用条件": "限防汛救灾使用",
    "数据分级": "一般数据",
    "保密审查": "不涉及国家秘密",
    "个人信息评估": "不含个人信息",
}


@pytest.fixture
def district(hub: RunningHub) -> Terminal:
    return Terminal(hub, "shapingba-steward")


@pytest.fixture
def authority(hub: RunningHub) -> Terminal:
    return Terminal(hub, "bigdata-steward")


def columns(sheet: Worksheet) -> dict[str, int]:
    return {str(cell.value): cell.column for cell in sheet[1] if cell.value}


def append(sheet: Worksheet, entry: dict[str, str]) -> int:
    places, row = columns(sheet), sheet.max_row + 1
    for header, text in entry.items():
        sheet.cell(row, places[header]).value = text
    return row


def row_of(sheet: Worksheet, code: str) -> int:
    return next(r for r in range(2, sheet.max_row + 1) if sheet.cell(r, 1).value == code)


def read(hub: RunningHub, client: str, query: str) -> dict[str, Any]:
    return hub.clients[client].execute(query)


def test_the_catalogue_goes_to_excel_and_back_and_is_published_again(
    district: Terminal, authority: Terminal, tmp_path: Path
) -> None:
    file = tmp_path / "编目.xlsx"
    district.done("catalogue export", file)
    assert district("catalogue export", file).code == 2  # a morning's work is not overwritten

    book = load_workbook(file)
    sheet = book.worksheets[0]
    changed = row_of(sheet, "district_water_level")
    sheet.cell(changed, columns(sheet)["保密审查"]).value = "经办公室复核，不涉及国家秘密"
    new = append(sheet, SUPPLIES)
    wrong = append(sheet, SUPPLIES | {"目录名称": "沿江广播点", "更新频率": ""})
    places = columns(sheet)
    sheet.merge_cells(
        start_row=wrong,
        end_row=wrong,
        start_column=places["共享方式"],
        end_column=places["使用条件"],
    )
    book.save(file)

    report = district("catalogue import", file)
    assert report.code == 1
    lines = {int(line.split()[0]): line for line in report.out.splitlines() if line[1:2].isdigit()}
    assert "updated" in lines[changed]
    assert "created" in lines[new]
    assert "refused" in lines[wrong]
    assert "更新频率未填写" in report.out
    assert "合并" in report.out
    assert "refused 1" in report.out

    sheet.unmerge_cells(
        start_row=wrong,
        end_row=wrong,
        start_column=places["共享方式"],
        end_column=places["使用条件"],
    )
    sheet.cell(wrong, places["使用条件"]).value = "限防汛救灾使用"
    sheet.cell(wrong, places["更新频率"]).value = "每季度"
    mended = tmp_path / "编目-改.xlsx"
    book.save(mended)
    again = district.done("catalogue import", mended)
    assert "created 1" in again.out
    assert "updated 0" in again.out
    assert "refused 0" in again.out

    (code,) = [
        line.split()[0]
        for line in district.done("catalogue list --search 应急物资").lines_with("应急物资储备点")
    ]
    for entry in ("district_water_level", code):
        district.done("entry approve", entry)
        district.done("entry submit", entry)
        assert "IN_REVIEW" not in authority.done("entry publish", entry).out
        assert authority.done(f"catalogue list --state PUBLISHED --search {entry}").lines_with(
            entry
        )


def test_an_entry_is_assessed_returned_with_a_reason_and_submitted_again(
    hub: RunningHub, district: Terminal, authority: Terminal
) -> None:
    code = "riverside_premises"
    district.done(f"entry assess {code} --secrecy 不涉密", "--personal-information", "电话脱敏")
    district.done(f"entry approve {code}")
    district.done(f"entry submit {code}")
    refused = district(f"entry publish {code}")
    assert refused.code == 1
    assert refused.err.startswith("NOT_ALLOWED: ")
    authority.done(f"entry return {code} --why", "请写明脱敏方式")
    assert "已退回" in district.done("catalogue list --state returned").out
    for keeper in (district, authority):
        (step,) = keeper.done(f"entry show {code}").lines_with("请写明脱敏方式")
        assert "return" in step
        assert "bigdata-steward" in step
    stranger = Terminal(hub, "hightech-steward").done(f"entry show {code}")
    assert "请写明脱敏方式" not in stranger.out
    district.done(
        f"entry assess {code} --secrecy 不涉密 --personal-information", "电话以密钥散列脱敏"
    )
    district.done(f"entry approve {code}")
    district.done(f"entry submit {code}")
    assert "已发布" in authority.done(f"entry publish {code}").out


def test_a_request_is_approved_in_part_used_suspended_and_revoked(
    hub: RunningHub, district: Terminal, tmp_path: Path
) -> None:
    file = tmp_path / "terms.yaml"
    file.write_text(TERMS, "utf-8")
    asking = Terminal(hub, "hightech-steward")
    request = asking.done("request draft", file).out.split()[0]
    asking.done("request sign", request)
    asking.done("request submit", request)
    assert request in district.done("request list --state under_review").out or request in (
        district.done("request list --state submitted").out
    )
    assert "梁滩河防汛" in district.done("request show", request).out

    district.done("request sign", request)
    decide = ["--approve", "--columns", "gauge_code,observed_at,levelM", "--places", "500106004"]
    decide += ["--quota-calls", "500", "--minimum-group", "3"]
    decided = district.done(f"request decide {request}", *decide)
    assert "partly_approved" in decided.out

    query = "{ districtWaterLevel(limit: 500) { gaugeCode levelM } }"
    gauges = {r["gaugeCode"] for r in read(hub, "hightech-flood", query)["districtWaterLevel"]}
    assert "SPB-CQK-01" in gauges
    assert "SPB-TW-01" not in gauges  # 500106013 was asked and not given
    with pytest.raises(CommandFailed, match=UNKNOWN_FIELD):
        read(hub, "hightech-flood", "{ districtWaterLevel(limit: 1) { stationCode } }")

    (line,) = district.done("grant list --data-set district_water_level").lines_with("grant-")
    grant = line.split()[0]
    assert "500 次 calls" in line
    district.done(f"grant suspend {grant} --reason 核查用途")
    with pytest.raises(CommandFailed, match=UNKNOWN_FIELD):
        read(hub, "hightech-flood", query)
    district.done(f"grant resume {grant} --reason 用途无误")
    assert read(hub, "hightech-flood", query)["districtWaterLevel"]
    district.done(f"grant revoke {grant} --reason 汛期结束")
    with pytest.raises(CommandFailed, match=UNKNOWN_FIELD):
        read(hub, "hightech-flood", query)
    refused = district(f"grant resume {grant} --reason 再开")
    assert refused.code == 1
    assert grant in refused.err


def test_a_request_is_refused_with_reason_and_basis_only(
    hub: RunningHub, district: Terminal, tmp_path: Path
) -> None:
    file = tmp_path / "terms.yaml"
    file.write_text(TERMS.replace("梁滩河防汛", "商业分析"), "utf-8")
    asking = Terminal(hub, "hightech-steward")
    request = asking.done("request draft", file).out.split()[0]
    asking.done("request sign", request)
    asking.done("request submit", request)
    assert district(f"request decide {request} --reject --reason 与履职无关").code == 2
    basis = "《政务数据共享条例》第二十五条"
    district.done(f"request decide {request} --reject --reason 与履职无关 --basis {basis}")
    shown = asking.done("request show", request).out
    assert "rejected" in shown
    assert basis in shown


def test_important_columns_stay_masked_and_need_a_second_steward(
    hub: RunningHub, district: Terminal, tmp_path: Path
) -> None:
    file = tmp_path / "terms.yaml"
    file.write_text(
        TERMS.replace("district_water_level", "riverside_premises")
        .replace("gauge_code, observed_at, level_m, station_code", "premises_id, contact_phone")
        .replace("expires", "not_before: 2026-01-01T00:00:00+08:00\nexpires"),
        "utf-8",
    )
    asking = Terminal(hub, "hightech-steward")
    request = asking.done("request draft", file).out.split()[0]
    asking.done("request sign", request)
    asking.done("request submit", request)
    district.done("request sign", request)
    narrowed = ("--approve", "--places", "500106004")
    first = district.done(f"request decide {request}", *narrowed)
    assert "another steward" in first.out

    add = ["client", "add", "second-steward", "--organisation", "cq_shapingba"]
    registered = typed(hub, [*add, "--role", "steward"])
    assert registered.code == 0
    secret = registered.out.split("VITALHUB_CLIENT_SECRET=")[1].strip()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("VITALHUB_CLIENT_ID", "second-steward")
        environment.setenv("VITALHUB_CLIENT_SECRET", secret)
        second = typed(hub, ["request", "decide", request, *narrowed])
        assert "partly_approved" in second.out, second.err
        assert typed(hub, ["client", "revoke", "second-steward"]).code == 0
        assert typed(hub, ["request", "show", request]).code == 1

    query = "{ riversidePremises(limit: 500) { contactPhone placeCode } }"
    rows = read(hub, "hightech-flood", query)["riversidePremises"]
    assert rows
    assert all(row["placeCode"].startswith("500106004") for row in rows)
    assert all(re.fullmatch("[0-9a-f]{16}", row["contactPhone"]) for row in rows)


def test_a_quarantined_row_is_released_and_published_another_discarded(
    hub: RunningHub, district: Terminal
) -> None:
    name, at = "water-level-steward.csv", datetime.now(UTC) - timedelta(minutes=1)
    when = f"{at.astimezone(CITY_ZONE):%Y-%m-%d %H:%M:%S}"
    rest = ("CQ-CIQIKOU", "500106004001", "")
    rows = [
        ("SPB-ZZ-01", when, "178.500", *rest),
        ("SPB-ZZ-02", when, "231.000", *rest),  # line 3: higher than the rule thinks possible
        ("SPB-ZZ-03", when, "99.000", *rest),
        ("SPB-ZZ-04", when, "水深不明", *rest),
    ]
    drop_gauge_file(hub, name, rows)
    load = district.load_from(name, "district_water_level", "published")

    shown = district.done("quarantine show", load)
    assert "Values are masked" not in shown.out
    (third,) = shown.lines_with(f"{name}:3")
    assert "gauge_level_plausible" in third
    assert "231.000" in third
    (fifth,) = shown.lines_with(f"{name}:5")
    assert "type:level_m" in fifth
    assert "否 no" in fifth
    assert not shown.lines_with(f"{name}:2")

    refused = district(f"quarantine release {load} --rows {name}:5 --why 核实")
    assert refused.code == 1
    assert refused.err.startswith("ROW_NOT_RELEASABLE: ")
    district.done(f"quarantine release {load} --rows {name}:3 --why 现场复测属实")
    district.done(f"quarantine discard {load} --rows {name}:4,{name}:5 --why 传感器故障")
    assert "已作废" in district.done("quarantine show", load).lines_with(f"{name}:4")[0]
    district.load_from(f"released from {name}", "district_water_level", "published")

    query = """{ districtWaterLevel(where: {gaugeCode: {startsWith: "SPB-ZZ"}},
      orderBy: [{gaugeCode: ASC}]) { gaugeCode levelM } }"""
    gauges = [r["gaugeCode"] for r in read(hub, "shapingba-flood", query)["districtWaterLevel"]]
    assert gauges == ["SPB-ZZ-01", "SPB-ZZ-02"]
    again = district(f"quarantine discard {load} --rows {name}:3 --why 反悔")
    assert again.code == 1
    assert again.err.startswith("ROW_ALREADY_DECIDED: ")


def test_another_department_neither_sees_nor_decides_the_quarantine(hub: RunningHub) -> None:
    other = Terminal(hub, "water-steward")
    newest = '{ loads(dataSet: "district_water_level", limit: 1) { id } }'
    load = read(hub, "auditor", newest)["loads"][0]["id"]
    assert load not in other.done("load list --limit 500").out
    refused = other(f"quarantine show {load}")
    assert refused.code == 1
    assert refused.err.startswith("NOT_FOUND: ")
