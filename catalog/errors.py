"""What the catalogue says when something is wrong.

VitalhubError
├── UserError                what a caller can mend; reaches them with code, Chinese and English text
│   ├── DeclarationError     a YAML file of a city is wrong: file, line, what to do
│   ├── UnknownPlace
│   ├── UnknownEntry             no catalogue entry has the code
│   ├── UnknownDataSet           no published data set has the code
│   ├── NotAllowed               the actor may not do this; says who may
│   ├── EntryRefused             the entry's state does not allow the action
│   ├── EntryIncomplete          one complete list of what is missing
│   ├── BreakingChange           a new major version while grants are active on the old one
│   ├── ChangedMeanwhile         somebody else was faster
│   ├── WorkbookRefused          the Excel file as a whole cannot be read
│   └── (other packages add theirs)
└── SystemFault              what an operator mends; a caller learns only the code and the request id
"""

from enum import StrEnum
from pathlib import Path
from typing import ClassVar


class VitalhubError(Exception):
    """The root: every error of the product has a stable code."""

    code: ClassVar[str] = "INTERNAL"


class UserError(VitalhubError):
    """A caller's mistake. Subclasses give the code and the two sentences; `details` fill them."""

    zh: ClassVar[str]
    en: ClassVar[str]

    def __init__(self, **details: object) -> None:
        self.details = details
        self.message_zh = self.zh.format(**details)
        self.message_en = self.en.format(**details)
        super().__init__(f"{self.code}: {self.message_en}")


class SystemFault(VitalhubError):
    """A fault of ours or of a system we depend on; its text goes to the log, never to a caller."""


class DeclarationError(UserError):
    code = "DECLARATION_INVALID"
    zh = "{file} 第 {line} 行：{problem}"
    en = "{file}, line {line}: {problem}"

    def __init__(self, file: Path | str, line: int, problem: str) -> None:
        super().__init__(file=str(file), line=line, problem=problem)


class UnknownPlace(UserError):
    code = "UNKNOWN_PLACE"
    zh = "没有编码为 {place} 的行政区划或治理单元。"
    en = "No place has the code {place}. Use a code of the catalogue's place list."


class UnknownEntry(UserError):
    code = "UNKNOWN_ENTRY"
    zh = "没有编码为 {entry} 的目录项。"
    en = "No catalogue entry has the code {entry}. Search the catalogue for it."


class UnknownDataSet(UserError):
    code = "UNKNOWN_DATA_SET"
    zh = "没有已发布的数据集 {data_set}。"
    en = "No published data set has the code {data_set}. Search the catalogue for it."


def in_english(name: StrEnum) -> str:
    """The English beside a label: `in review`, `require change`."""
    return name.value.replace("_", " ")


class NotAllowed(UserError):
    code = "NOT_ALLOWED"
    zh = "不能办理“{action_zh}”：{needed_zh}。"
    en = "You cannot {action}: {needed}."


class EntryRefused(UserError):
    code = "ENTRY_STATE"
    zh = "目录项 {entry} 目前为“{state_zh}”，不能办理“{action_zh}”；可办理：{possible_zh}。"
    en = "Entry {entry} is {state}, so {action} is not possible; possible: {possible}."


class EntryIncomplete(UserError):
    code = "ENTRY_INCOMPLETE"
    zh = "目录项 {entry} 不完整，请补充：{missing_zh}。"
    en = "Entry {entry} is incomplete. Add: {missing}."


class BreakingChange(UserError):
    code = "BREAKING_CHANGE"
    zh = "{data_set} 的新版本 {version} 不兼容，尚有 {grants} 项授权在用旧版本；请先通知使用方并终止这些授权。"
    en = "Version {version} of {data_set} breaks the old one, which {grants} active grants use. Give notice and end them first."


class ChangedMeanwhile(UserError):
    code = "CHANGED_MEANWHILE"
    zh = "{subject} 刚被他人修改，请重新查看后再办理。"
    en = "{subject} was just changed by somebody else. Look at it again, then repeat."


class WorkbookRefused(UserError):
    code = "WORKBOOK_REFUSED"
    zh = "不能读取该 Excel 文件：{problem_zh}。"
    en = "The workbook cannot be read: {problem}."
