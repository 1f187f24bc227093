"""The 编目 template: line by line, hostile files, and there and back unchanged."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from catalog.contracts import Classification, Level, SharingKind
from catalog.directories import Entry, EntryAction, EntryFields, EntryState, data_items
from catalog.errors import WorkbookRefused
from catalog.ids import OrganisationCode
from catalog.workbook import HEADERS, LineOutcome, WorkbookReport, write_workbook
from tests.catalog.conftest import (
    NOW,
    OPERATOR,
    World,
    build_world,
    contract_text,
    person,
)

STEWARD = person("cq_water")
LINE = {
    "目录编码": "water-1",
    "目录名称": "河道水情",
    "数据项": "站码；水位；流量",
    "提供部门": "cq_water部门",
    "数据格式": "接口",
    "更新频率": "实时",
    "共享属性": "有条件共享",
    "共享方式": "接口调用",
    "使用条件": "仅用于防汛",
    "数据分级": "一般数据",
    "保密审查": "不涉密",
    "个人信息评估": "不含个人信息",
}


def sheet(
    *lines: Mapping[str, object], headers: tuple[str, ...] = tuple(LINE), title: str = ""
) -> Workbook:
    book = Workbook()
    page = book.active
    assert page is not None
    if title:
        page.append([title])
        page.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(headers))
    page.append(list(headers))
    for line in lines:
        page.append([line.get(header) for header in headers])
    return book


def saved(book: Workbook) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def taken(world: World, *lines: Mapping[str, object]) -> WorkbookReport:
    return world.store.import_workbook(saved(sheet(*lines)), STEWARD)


def test_a_complete_line_becomes_a_draft_entry(world: World) -> None:
    report = taken(world, LINE)

    assert [(line.row, line.code, line.outcome) for line in report.lines] == [
        (2, "water-1", LineOutcome.CREATED)
    ]
    entry = world.store.entry("water-1")
    assert (entry.state, entry.data_set, entry.level) == (EntryState.DRAFT, None, Level.MUNICIPAL)
    assert entry.fields.data_items == ("站码", "水位", "流量")
    assert entry.fields.sharing_kind is SharingKind.CONDITIONAL


def test_the_same_line_again_is_unchanged_and_a_changed_one_updates(world: World) -> None:
    taken(world, LINE)
    before = world.store.history("water-1")
    assert taken(world, LINE).lines[0].outcome is LineOutcome.UNCHANGED
    assert world.store.history("water-1") == before

    report = taken(world, {**LINE, "更新频率": "每日"})

    assert report.count(LineOutcome.UPDATED) == 1
    assert world.store.entry("water-1").fields.update_frequency == "每日"
    assert world.store.history("water-1")[-1].by == STEWARD.client


def test_a_missing_field_refuses_its_line_alone_and_names_the_cell(world: World) -> None:
    good = {**LINE, "目录编码": "water-2", "目录名称": "雨情"}

    report = taken(world, {**LINE, "更新频率": None, "共享方式": " "}, good)

    refused, created = report.lines
    assert (refused.outcome, created.outcome) == (LineOutcome.REFUSED, LineOutcome.CREATED)
    assert [(p.cell, p.zh) for p in refused.problems] == [
        ("F2", "更新频率未填写，请填写"),
        ("H2", "共享方式未填写，请填写"),
    ]
    assert refused.problems[0].en == "update_frequency is empty; fill it in"


def test_merged_cells_refuse_every_row_they_touch(world: World) -> None:
    book = sheet(
        LINE,
        {**LINE, "目录编码": "b", "目录名称": "乙"},
        {**LINE, "目录编码": "c", "目录名称": "丙"},
    )
    page = book.active
    assert page is not None
    page.merge_cells("D2:D3")

    report = world.store.import_workbook(saved(book), STEWARD)

    outcomes = [(line.row, line.outcome) for line in report.lines]
    assert outcomes == [
        (2, LineOutcome.REFUSED),
        (3, LineOutcome.REFUSED),
        (4, LineOutcome.CREATED),
    ]
    assert report.lines[1].problems[0].cell == "D2:D3"
    assert "合并" in report.lines[1].problems[0].zh


@pytest.mark.parametrize(
    ("header", "value", "says"),
    [
        ("共享属性", "随便共享", "无条件共享、有条件共享、不予共享"),
        ("数据分级", "绝密", "核心数据"),
        ("提供部门", "某局", "没有名为"),
        ("提供部门", "cq_hightech", "只能编制本部门"),
        ("目录编码", "编 码", "字母"),
        ("目录名称", "=1+1", "公式"),
        ("目录名称", "长" * 6000, "5000"),
    ],
)
def test_a_wrong_value_says_what_to_write(world: World, header: str, value: str, says: str) -> None:
    (line,) = taken(world, {**LINE, header: value}).lines
    assert line.outcome is LineOutcome.REFUSED
    assert any(says in problem.zh for problem in line.problems)


def test_one_entry_twice_in_a_sheet_is_refused_the_second_time(world: World) -> None:
    report = taken(world, LINE, {**LINE, "目录名称": "别的"})
    assert [line.outcome for line in report.lines] == [LineOutcome.CREATED, LineOutcome.REFUSED]
    assert "第 2 行" in report.lines[1].problems[0].zh


def test_a_line_without_a_code_gets_one_and_keeps_it(world: World) -> None:
    line = {**LINE, "目录编码": None}
    assert taken(world, line).lines[0].code == "cq_water-00001"
    assert taken(world, line).lines[0].outcome is LineOutcome.UNCHANGED
    assert taken(world, {**line, "目录名称": "雨情"}).lines[0].code == "cq_water-00002"


def test_numbers_and_dates_are_read_as_people_see_them(world: World) -> None:
    taken(world, {**LINE, "目录名称": 2026.0, "更新频率": NOW.replace(tzinfo=None)})
    fields = world.store.entry("water-1").fields
    assert (fields.name, fields.update_frequency[:10]) == ("2026", "2026-03-02")


def test_another_departments_entry_is_never_taken_over(world: World) -> None:
    taken(world, LINE)
    book = sheet({**LINE, "提供部门": "cq_hightech部门"})

    report = world.store.import_workbook(saved(book), person("cq_hightech"))

    assert report.count(LineOutcome.REFUSED) == 1
    assert world.store.entry("water-1").fields.provider == "cq_water"


def test_what_a_contract_states_is_changed_in_the_contract(world: World) -> None:
    world.publish({"river": contract_text("river")})
    content = world.store.export_workbook(OrganisationCode("cq_water"))
    book = load_workbook(io.BytesIO(content))
    page = book.active
    assert page is not None
    page["G2"] = "无条件共享"

    report = world.store.import_workbook(saved(book), STEWARD)

    assert report.lines[0].outcome is LineOutcome.REFUSED
    assert report.lines[0].problems[0].cell == "G2"
    assert world.store.entry("river").state is EntryState.PUBLISHED


def test_a_published_entry_that_is_changed_is_still_seen_as_published(world: World) -> None:
    taken(world, LINE)
    reviewer = person("cq_bigdata")
    for action in (EntryAction.APPROVE, EntryAction.SUBMIT):
        world.store.advance("water-1", action, STEWARD)
    world.store.advance("water-1", EntryAction.PUBLISH, reviewer)

    taken(world, {**LINE, "更新频率": "每日"})

    entry = world.store.entry("water-1")
    assert entry.state is EntryState.CHANGE_DUE
    assert entry.listed
    assert entry.published is not None
    assert (entry.published.update_frequency, entry.fields.update_frequency) == ("实时", "每日")


def test_a_title_row_and_marked_headers_are_understood(world: World) -> None:
    headers = tuple(f"*{h}（必填）" for h in LINE)
    line = dict(zip(headers, LINE.values(), strict=True))
    book = sheet(line, headers=headers, title="政务数据目录编目表")

    report = world.store.import_workbook(saved(book), STEWARD)

    assert [(r.row, r.outcome) for r in report.lines] == [(3, LineOutcome.CREATED)]


def test_a_missing_column_refuses_the_file_and_is_named(world: World) -> None:
    headers = tuple(h for h in LINE if h not in {"使用条件", "数据分级"})
    with pytest.raises(WorkbookRefused, match="使用条件") as refused:
        world.store.import_workbook(saved(sheet(LINE, headers=headers)), STEWARD)
    assert "使用条件、数据分级" in refused.value.message_zh


def bomb(name: str, body: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, body)
    return stream.getvalue()


def with_sheet(change: tuple[bytes, bytes]) -> bytes:
    """A good workbook whose sheet's XML was edited."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(saved(sheet(LINE)))) as source,
        zipfile.ZipFile(stream, "w") as target,
    ):
        for part in source.namelist():
            body = source.read(part)
            target.writestr(part, body.replace(*change) if "sheet1" in part else body)
    return stream.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"name,provider\n",
        b"PK\x03\x04 not a zip",
        bomb("xl/worksheets/sheet1.xml", b" " * (65 * 2**20)),
        bomb("xl/worksheets/sheet1.xml", b"<c r='A1'/><c>" + b"<c >" * 400_001),
        bomb("xl/workbook.xml", b'<!DOCTYPE x [<!ENTITY a "b">]><x/>'),
        bomb("xl/workbook.xml", '<?xml version="1.0"?><x/>'.encode("utf-16")),
        bomb("[Content_Types].xml", b"<Types/>"),
        with_sheet(
            (
                b"</sheetData>",
                b'</sheetData><mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>',
            )
        ),
        with_sheet((b"</sheetData>", b'<row r="1048576"><c r="A1048576"/></row></sheetData>')),
        with_sheet((b"</sheetData>", b"</sheet")),
    ],
    ids=[
        "empty",
        "csv",
        "torn",
        "size",
        "cells",
        "entity",
        "utf16",
        "bare",
        "merged",
        "rows",
        "xml",
    ],
)
def test_a_hostile_or_broken_file_is_refused_quickly(world: World, content: bytes) -> None:
    with pytest.raises(WorkbookRefused):
        world.store.import_workbook(content, STEWARD)
    assert world.store.entries() == ()


texts = (
    st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn")), min_size=1, max_size=12)
    .map(str.strip)
    .filter(bool)
)
fields = st.builds(
    EntryFields,
    name=texts,
    data_items=texts.map(data_items).filter(bool),
    provider=st.just(OrganisationCode("cq_water")),
    format=texts,
    update_frequency=texts,
    sharing_kind=st.sampled_from(SharingKind),
    sharing_mode=texts | st.sampled_from(["=1+1", "a\nb", "'x", "_x0041_"]),
    conditions_of_use=texts,
    classification=st.sampled_from(Classification),
    secrecy=st.just("") | texts,
    personal_information=st.just("") | texts,
)


def entry(number: int, given_fields: EntryFields) -> Entry:
    return Entry(
        code=f"e-{number}",
        fields=given_fields,
        published=None,
        state=EntryState.DRAFT,
        level=Level.MUNICIPAL,
        domain=None,
        data_set=None,
        head=None,
        signed_at=None,
        created_at=NOW,
        updated_at=NOW,
    )


@pytest.fixture(scope="module")
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return build_world(Path(tmp_path_factory.mktemp("workbook")))


@settings(max_examples=25, deadline=None)
@given(several=st.lists(fields, min_size=1, max_size=4))
def test_what_is_exported_and_imported_again_is_unchanged(
    shared_world: World, several: list[EntryFields]
) -> None:
    names = {OrganisationCode("cq_water"): "cq_water部门"}
    entries = [
        entry(number, replace(one, name=f"{one.name}{number}"))
        for number, one in enumerate(several)
    ]
    content = write_workbook(entries, names)
    store = shared_world.store
    first = store.import_workbook(content, OPERATOR)
    assert first.count(LineOutcome.REFUSED) == 0

    again = store.import_workbook(content, OPERATOR)
    exported = store.import_workbook(store.export_workbook(), OPERATOR)

    for report in (again, exported):
        assert {line.outcome for line in report.lines} == {LineOutcome.UNCHANGED}
    for one in entries:  # a blank assessment takes back nothing that an earlier example recorded
        kept = store.entry(one.code).fields
        wanted = replace(
            one.fields,
            secrecy=one.fields.secrecy or kept.secrecy,
            personal_information=one.fields.personal_information or kept.personal_information,
        )
        assert kept == wanted


def test_the_template_has_the_nine_fields_the_law_wants() -> None:
    assert list(HEADERS.values())[1:10] == [
        "目录名称",
        "数据项",
        "提供部门",
        "数据格式",
        "更新频率",
        "共享属性",
        "共享方式",
        "使用条件",
        "数据分级",
    ]
