"""What the catalogue says when something is wrong.

VitalhubError
├── UserError                what a caller can mend; reaches them with code, Chinese and English text
│   ├── DeclarationError     a YAML file of a city is wrong: file, line, what to do
│   ├── UnknownPlace
│   └── (other packages add theirs)
└── SystemFault              what an operator mends; a caller learns only the code and the request id
"""

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
