"""Looks through an xlsx package before any parser of ours trusts it.

Rules: every member is unpacked once, keeping nothing, against byte and ratio limits; a sheet's
rectangle is bounded, because few cells can span more than any memory; XML entities are refused;
cells that show an error, or a formula whose result was never stored, are noted by row and column,
because the reader gives them as empty.
"""

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.parsers import expat

from connectors.errors import WorkbookBomb, WorkbookUnreadable
from connectors.limits import Limits

CHUNK = 1 << 20
REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})\Z")
WORKBOOK, RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"

Faults = Mapping[tuple[int, int], str]
"""By 1-based row and column."""


@dataclass(frozen=True, slots=True)
class Package:
    """What was seen: the faulty cells of each sheet by the sheet's name."""

    faults: Mapping[str, Faults]


def look_through(content: bytes, name: str, limits: Limits) -> Package:
    """WorkbookBomb at the first limit passed, WorkbookUnreadable for what is no xlsx."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > limits.workbook_members:
                raise WorkbookBomb(file=name, problem=f"{len(members)} members")
            seen = _count(archive, members, name, limits)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as wrong:
        raise WorkbookUnreadable(file=name, problem=str(wrong)) from wrong
    except expat.ExpatError as wrong:
        raise WorkbookUnreadable(file=name, problem=f"XML: {wrong}") from wrong
    targets = {i: t for m, p in seen.items() if m == RELATIONS for i, t in p.targets.items()}
    sheets = {n: i for m, p in seen.items() if m == WORKBOOK for n, i in p.sheets.items()}
    files = {sheet: _member(targets.get(relation, "")) for sheet, relation in sheets.items()}
    return Package({s: seen[file].faults for s, file in files.items() if file in seen})


def _member(target: str) -> str:
    """`worksheets/sheet1.xml` or `/xl/worksheets/sheet1.xml` as the archive names it."""
    return posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")


def _count(
    archive: zipfile.ZipFile, members: Sequence[zipfile.ZipInfo], name: str, limits: Limits
) -> dict[str, "_Part"]:
    total = 0
    seen: dict[str, _Part] = {}
    for member in members:
        part = seen[member.filename] = _Part(name, limits)
        here = 0
        with archive.open(member) as stream:
            while chunk := stream.read(CHUNK):
                here += len(chunk)
                total += len(chunk)
                if total > limits.workbook_unpacked:
                    raise WorkbookBomb(file=name, problem=f"> {limits.workbook_unpacked} bytes")
                if here > CHUNK and here > limits.workbook_ratio * max(member.compress_size, 1):
                    raise WorkbookBomb(file=name, problem=f"ratio > {limits.workbook_ratio}")
                if member.filename.lower().endswith((".xml", ".rels")):
                    part.feed(chunk)
    return seen


class _Part:
    """One XML member, element by element."""

    def __init__(self, name: str, limits: Limits) -> None:
        self.name, self.limits = name, limits
        self.faults: dict[tuple[int, int], str] = {}
        self.sheets: dict[str, str] = {}
        self.targets: dict[str, str] = {}
        self.row = self.column = self.rows = self.columns = 0
        self.kind = ""
        self.formula = self.value = False
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.EntityDeclHandler = self._entity

    def feed(self, chunk: bytes) -> None:
        self.parser.Parse(chunk, False)  # noqa: FBT003 - expat's own signature

    def _start(self, tag: str, attributes: Mapping[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        if tag == "c":
            self._cell(attributes)
        elif tag == "v" and self.formula:
            self.parser.CharacterDataHandler = self._text
        elif tag == "f":
            self.formula = True
        elif tag == "row":
            told = attributes.get("r", "")
            self.row = int(told) if told.isdigit() else self.row + 1
            self.column = 0
        elif tag == "sheet":
            relation = (v for k, v in attributes.items() if k.rpartition(":")[2] == "id")
            self.sheets[attributes.get("name", "")] = next(relation, "")
        elif tag == "Relationship":
            self.targets[attributes.get("Id", "")] = attributes.get("Target", "")

    def _cell(self, attributes: Mapping[str, str]) -> None:
        reference = REFERENCE.match(attributes.get("r", ""))
        if reference is None:
            self.column += 1
        else:
            self.row, self.column = int(reference[2]), _column_number(reference[1])
        self.kind = attributes.get("t", "")
        self.formula = self.value = False
        self.rows, self.columns = max(self.rows, self.row), max(self.columns, self.column)
        if self.rows * self.columns > self.limits.sheet_cells:
            raise WorkbookBomb(file=self.name, problem=f"{self.rows} x {self.columns} cells")

    def _end(self, tag: str) -> None:
        if tag.rpartition(":")[2] != "c":
            return
        self.parser.CharacterDataHandler = None
        if self.kind == "e":
            self.faults[self.row, self.column] = "cell_error"
        elif self.formula and not self.value and self.kind != "str":
            self.faults[self.row, self.column] = "formula_without_value"

    def _text(self, _: str) -> None:
        self.value = True

    def _entity(self, *_: object) -> None:
        raise WorkbookBomb(file=self.name, problem="XML entities")


def _column_number(name: str) -> int:
    number = 0
    for letter in name:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
