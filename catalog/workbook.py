"""The 编目 template in Excel: departments' own tool for catalogue entries.

A line is taken or refused by itself; a refused one says row, cell, why and what to do. What is
exported and imported again is unchanged, line by line. How a file becomes lines: `sheet.py`.
"""

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from sqlalchemy import select

from catalog.actor import Duty, has
from catalog.contracts import Classification, Level, SharingKind
from catalog.directories import FIELD_LABELS, Entry, EntryFields, EntryState, data_items
from catalog.entries import Organisations, entry_of, new_entry, organisations, revise
from catalog.ids import OrganisationCode
from catalog.models import EntryRow
from catalog.sheet import Line, Problem, read_lines
from catalog.writing import Writing

CODE = "目录编码"
HEADERS: Mapping[str, str] = {"code": CODE, **FIELD_LABELS}
KINDS = {
    SharingKind.UNCONDITIONAL: "无条件共享",
    SharingKind.CONDITIONAL: "有条件共享",
    SharingKind.WITHHELD: "不予共享",
}
CLASSES = {
    Classification.CORE: "核心数据",
    Classification.IMPORTANT: "重要数据",
    Classification.GENERAL: "一般数据",
}
SHEET = "编目"
OPTIONAL = ("code", "secrecy", "personal_information")
CODE_FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]{0,63}\Z")
Member = TypeVar("Member", bound=StrEnum)
WHY = "Excel 编目导入"


class LineOutcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class LineReport:
    """What became of one row of the sheet; `problems` only of a refused one."""

    row: int
    code: str
    outcome: LineOutcome
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkbookReport:
    lines: tuple[LineReport, ...]

    def count(self, outcome: LineOutcome) -> int:
        return sum(line.outcome is outcome for line in self.lines)


def read_workbook(writing: Writing, content: bytes) -> WorkbookReport:
    """WorkbookRefused when the file as a whole is no 编目 workbook."""
    lines = read_lines(content, HEADERS, tuple(h for h in HEADERS if h not in OPTIONAL))
    reader = _Reader(writing, lines)
    return WorkbookReport(tuple(reader.take(line) for line in lines))


def write_workbook(entries: Sequence[Entry], names: Mapping[OrganisationCode, str]) -> bytes:
    """The working copies of these entries; organisations by name."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None  # noqa: S101 - a new workbook has one sheet
    sheet.title = SHEET
    rows = [tuple(HEADERS.values()), *(_texts(entry, names) for entry in entries)]
    for number, row in enumerate(rows, start=1):
        for column, text in enumerate(row, start=1):
            cell = sheet.cell(number, column)
            cell.value = text or None
            if text:
                cell.data_type = "s"  # a text that begins with = is no formula
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.font = Font(bold=number == 1)
    for column in range(1, len(HEADERS) + 1):
        sheet.column_dimensions[get_column_letter(column)].width = 22
    sheet.freeze_panes = "C2"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _texts(entry: Entry, names: Mapping[OrganisationCode, str]) -> tuple[str, ...]:
    fields = entry.fields
    return (
        entry.code,
        fields.name,
        "；".join(fields.data_items),
        names.get(fields.provider, fields.provider),
        fields.format,
        fields.update_frequency,
        KINDS[fields.sharing_kind],
        fields.sharing_mode,
        fields.conditions_of_use,
        CLASSES[fields.classification],
        fields.secrecy,
        fields.personal_information,
    )


class _Reader:
    """One import: what is in the registry already, and which codes the sheet has used."""

    def __init__(self, writing: Writing, lines: Sequence[Line]) -> None:
        self.writing = writing
        self.organisations: Organisations = organisations(writing.session)
        self.by_name = {o.name: code for code, o in self.organisations.items()}
        self.seen: dict[str, int] = {}
        self.rows: dict[str, EntryRow] = {}
        codes = [line.text("code") for line in lines]
        for start in range(0, len(codes), 500):
            wanted = EntryRow.code.in_(codes[start : start + 500])
            self.rows |= {
                r.code: r for r in writing.session.scalars(select(EntryRow).where(wanted))
            }

    def take(self, line: Line) -> LineReport:
        problems = list(line.problems)
        fields = self.fields(line, problems)
        if fields is None or problems:
            return LineReport(line.row, line.text("code"), LineOutcome.REFUSED, tuple(problems))
        row = self.row_of(line, fields)
        code = line.text("code") or (row.code if row else self.new_code(fields.provider))
        self.check_code(line, code, row, fields, problems)
        if problems:
            return LineReport(line.row, code, LineOutcome.REFUSED, tuple(problems))
        self.seen[code] = line.row
        return LineReport(line.row, code, self.write(code, row, fields))

    def write(self, code: str, row: EntryRow | None, fields: EntryFields) -> LineOutcome:
        if row is None:
            level = self.organisations[fields.provider].level
            self.rows[code] = new_entry(self.writing, code, fields, level=level, why=WHY)
            return LineOutcome.CREATED
        known = entry_of(row).fields
        fields = replace(  # a blank cell of an assessment takes back nothing
            fields,
            secrecy=fields.secrecy or known.secrecy,
            personal_information=fields.personal_information or known.personal_information,
        )
        if known == fields:
            return LineOutcome.UNCHANGED
        revise(self.writing, row, fields, known=self.organisations, why=WHY)
        return LineOutcome.UPDATED

    def fields(self, line: Line, problems: list[Problem]) -> EntryFields | None:
        """None, with at least one problem, when the line is not an entry."""
        for name, header in HEADERS.items():
            if name not in OPTIONAL and not line.text(name):
                problems.append(
                    Problem(
                        line.cell(name), f"{header}未填写，请填写", f"{name} is empty; fill it in"
                    )
                )
        provider = self.provider(line, problems)
        kind = _choice(line, "sharing_kind", KINDS, problems)
        classification = _choice(line, "classification", CLASSES, problems)
        if problems or provider is None or kind is None or classification is None:
            return None
        return EntryFields(
            name=line.text("name"),
            data_items=data_items(line.text("data_items")),
            provider=provider,
            format=line.text("format"),
            update_frequency=line.text("update_frequency"),
            sharing_kind=kind,
            sharing_mode=line.text("sharing_mode"),
            conditions_of_use=line.text("conditions_of_use"),
            classification=classification,
            secrecy=line.text("secrecy"),
            personal_information=line.text("personal_information"),
        )

    def provider(self, line: Line, problems: list[Problem]) -> OrganisationCode | None:
        text, actor = line.text("provider"), self.writing.actor
        if not text:
            return None
        code = self.by_name.get(text, OrganisationCode(text))
        cell = line.cell("provider")
        if code not in self.organisations:
            problems.append(
                Problem(cell, f"没有名为“{text}”的部门", f"no organisation is called {text!r}")
            )
            return None
        if self.organisations[code].level is Level.TOWNSHIP:
            problems.append(
                Problem(
                    cell,
                    "镇街不单独编目，由所属区县编目",
                    "a township-level unit's district catalogues for it",
                )
            )
        if actor.organisation != code and not has(actor, Duty.OPERATOR):
            problems.append(
                Problem(
                    cell,
                    f"只能编制本部门（{actor.organisation}）的目录",
                    f"you catalogue for {actor.organisation} only",
                )
            )
        return code

    def row_of(self, line: Line, fields: EntryFields) -> EntryRow | None:
        """The entry with the line's code; without a code, the provider's entry of that name."""
        code = line.text("code")
        if code:
            return self.rows.get(code)
        return self.writing.session.scalar(
            select(EntryRow)
            .where(EntryRow.provider == fields.provider, EntryRow.name == fields.name)
            .order_by(EntryRow.code)
            .limit(1)
        )

    def new_code(self, provider: OrganisationCode) -> str:
        number = 1
        taken = set(
            self.writing.session.scalars(
                select(EntryRow.code).where(EntryRow.code.startswith(f"{provider}-"))
            )
        )
        while f"{provider}-{number:05d}" in taken:
            number += 1
        return f"{provider}-{number:05d}"

    def check_code(
        self,
        line: Line,
        code: str,
        row: EntryRow | None,
        fields: EntryFields,
        problems: list[Problem],
    ) -> None:
        cell = line.cell("code")
        if not CODE_FORM.match(code):
            problems.append(
                Problem(
                    cell,
                    "目录编码只能用字母、数字和 _ . / -，最长 64 位",
                    "a code has letters, digits and _ . / - only, at most 64",
                )
            )
        if code in self.seen:
            problems.append(
                Problem(
                    cell,
                    f"与第 {self.seen[code]} 行是同一目录，请删去一行",
                    f"is the same entry as row {self.seen[code]}; remove one of them",
                )
            )
        if row is None:
            return
        entry = entry_of(row)
        if entry.fields.provider != fields.provider:
            problems.append(
                Problem(
                    cell,
                    f"目录 {code} 属于 {entry.fields.provider}，不能改由他部门提供",
                    f"entry {code} belongs to {entry.fields.provider}",
                )
            )
        problems.extend(_governed(line, entry, fields))


def _governed(line: Line, entry: Entry, fields: EntryFields) -> list[Problem]:
    """What may not be changed here: a contract's own wording, and what is no longer kept up."""
    if entry.state in {EntryState.DEPRECATED, EntryState.WITHDRAWN} and fields != entry.fields:
        return [
            Problem(
                line.cell("code"),
                "该目录已停止更新或撤销，不能修改",
                "the entry is deprecated or withdrawn and cannot be changed",
            )
        ]
    if entry.data_set is None:
        return []
    return [
        Problem(
            line.cell(name),
            f"{FIELD_LABELS[name]}由数据契约 {entry.data_set} 规定，请修改契约后重新导入",
            f"{name} is stated by the contract {entry.data_set}; change the contract and import it",
        )
        for name in FIELD_LABELS
        if name not in OPTIONAL and getattr(fields, name) != getattr(entry.fields, name)
    ]


def _choice(
    line: Line, name: str, labels: Mapping[Member, str], problems: list[Problem]
) -> Member | None:
    text = line.text(name)
    for member, label in labels.items():
        if text in (label, member.value):
            return member
    if text:
        possible = "、".join(labels.values())
        problems.append(
            Problem(
                line.cell(name),
                f"“{text}”不是{FIELD_LABELS[name]}，可填：{possible}",
                f"{text!r} is no {name}; write one of {possible}",
            )
        )
    return None
