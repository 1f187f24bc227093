"""Keeping the catalogue: the Excel template in and out, and an entry's steps to publication.

Who may make which step is the entry's own state machine's to say (`catalog/directories.py`).
"""

import base64
import binascii

import strawberry

from access.roles import Capability
from catalog.directories import EntryAction, authorities
from catalog.errors import NotAllowed
from catalog.ids import OrganisationCode
from catalog.workbook import LineOutcome, WorkbookReport
from schema.context import Info, blocking
from schema.core.catalogue import CatalogueEntry, view_of
from schema.core.offer import to
from schema.errors import FileUnreadable


@strawberry.type(description="一个单元格的问题及改法。What is wrong with a cell, and what to do.")
class CellProblem:
    cell: str
    message: str
    message_en: str


@strawberry.type(description="导入文件中一行的结果。What became of one line of the file.")
class ImportLine:
    row: int
    code: str
    outcome: LineOutcome
    problems: list[CellProblem]


@strawberry.type(description="目录导入报告。Report of a catalogue import.")
class CatalogueImport:
    created: int
    updated: int
    unchanged: int
    refused: int
    lines: list[ImportLine]


async def import_catalogue(info: Info, file: str) -> CatalogueImport:
    """导入编目表（.xlsx，base64），逐行报告。Import the Excel template (.xlsx as base64)."""
    try:
        content = base64.b64decode(file, validate=True)
    except (binascii.Error, ValueError):
        raise FileUnreadable from None
    context = info.context
    return _report(
        await blocking(context.services.store.import_workbook, content, context.principal)
    )


async def export_catalogue(info: Info, provider: str | None = None) -> str:
    """导出编目表（.xlsx，base64）；缺省为本部门。The Excel template of a provider's entries."""
    context = info.context
    wanted = OrganisationCode(provider or context.principal.organisation)
    known = context.services.catalogue().organisations
    if wanted not in known or context.principal.organisation not in {
        wanted,
        *authorities(wanted, known),
    }:
        raise NotAllowed(
            action="export this catalogue",
            action_zh="导出",
            needed=f"{wanted} or its competent authority does it",
            needed_zh=f"应由 {wanted} 或其主管部门办理",
        )
    content = await blocking(context.services.store.export_workbook, wanted)
    return base64.b64encode(content).decode()


async def assess_entry(
    info: Info, code: str, secrecy: str, personal_information: str
) -> CatalogueEntry:
    """登记保密审查与个人信息评估。Record the secrecy and personal-information assessments."""
    context = info.context

    def assess() -> CatalogueEntry:
        entry = context.services.store.assess(
            code, context.principal, secrecy=secrecy, personal_information=personal_information
        )
        return view_of(entry, context.services, context.principal)

    return await blocking(assess)


async def approve_entry(info: Info, code: str) -> CatalogueEntry:
    """部门负责人审定。The department head signs the entry off."""
    return await _advance(info, code, EntryAction.APPROVE)


async def submit_entry(info: Info, code: str) -> CatalogueEntry:
    """送主管部门审核。Submit to the competent authority."""
    return await _advance(info, code, EntryAction.SUBMIT)


async def publish_entry(info: Info, code: str) -> CatalogueEntry:
    """审核通过并发布。Review passed: publish."""
    return await _advance(info, code, EntryAction.PUBLISH)


async def return_entry(info: Info, code: str, why: str) -> CatalogueEntry:
    """审核退回，须写明理由。Return with a reason."""
    return await _advance(info, code, EntryAction.RETURN, why)


async def advance_entry(
    info: Info, code: str, action: EntryAction, why: str = ""
) -> CatalogueEntry:
    """办理其他步骤（要求变更、停止更新、撤销）。Any other step of an entry."""
    return await _advance(info, code, action, why)


MUTATIONS = to(
    Capability.EDIT_CATALOGUE,
    import_catalogue,
    export_catalogue,
    assess_entry,
    approve_entry,
    submit_entry,
    advance_entry,
) + to(Capability.REVIEW_CATALOGUE, publish_entry, return_entry)


async def _advance(info: Info, code: str, action: EntryAction, why: str = "") -> CatalogueEntry:
    context = info.context

    def advance() -> CatalogueEntry:
        entry = context.services.store.advance(code, action, context.principal, why)
        return view_of(entry, context.services, context.principal)

    return await blocking(advance)


def _report(report: WorkbookReport) -> CatalogueImport:
    return CatalogueImport(
        created=report.count(LineOutcome.CREATED),
        updated=report.count(LineOutcome.UPDATED),
        unchanged=report.count(LineOutcome.UNCHANGED),
        refused=report.count(LineOutcome.REFUSED),
        lines=[
            ImportLine(
                row=line.row,
                code=line.code,
                outcome=line.outcome,
                problems=[
                    CellProblem(cell=p.cell, message=p.zh, message_en=p.en) for p in line.problems
                ],
            )
            for line in report.lines
        ],
    )
