"""Reads a YAML declaration so that every complaint names file and line.

One schema check for all declared content: a pydantic model, or a JSON schema for files whose format
is somebody else's standard (ODCS). A file is read whole or refused; nothing is half accepted.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from jsonschema.protocols import Validator
from pydantic import BaseModel, ConfigDict, ValidationError

from catalog.errors import DeclarationError

KeyPath = tuple[str | int, ...]
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where it is built in: ten times as fast."""


class Declared(BaseModel):
    """The base of every declared model: frozen, and an unknown key is an error, not a surprise."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


Model = TypeVar("Model", bound=Declared)


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed YAML file that still knows its lines."""

    file: Path
    text: str
    content: Any  # whatever YAML holds; checked before it is used
    lines: Mapping[KeyPath, int]

    def line_of(self, path: Sequence[str | int]) -> int:
        """The line of the deepest node on the path that exists in the file."""
        for end in range(len(path), -1, -1):
            line = self.lines.get(tuple(path[:end]))
            if line is not None:
                return line
        return 1

    def error(self, path: Sequence[str | int], problem: str) -> DeclarationError:
        return DeclarationError(self.file, self.line_of(path), problem)


def text_of(file: Path) -> str:
    """What a file says, unparsed."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as wrong:
        raise DeclarationError(file, 1, f"is not UTF-8 ({wrong.reason}).") from wrong
    except OSError as wrong:
        raise DeclarationError(file, 1, f"cannot be read ({wrong.strerror}).") from wrong


def read_document(file: Path, text: str | None = None) -> Document:
    """Parse `file` (or `text`, said to be that file)."""
    if text is None:
        text = text_of(file)
    loader = LOADER(text)
    try:
        node = loader.get_single_node()
        if node is None:
            raise DeclarationError(file, 1, "is empty.")
        lines = dict(_lines(node, (), file))
        return Document(file, text, loader.construct_document(node), lines)
    except yaml.MarkedYAMLError as wrong:
        mark = wrong.problem_mark or wrong.context_mark
        raise DeclarationError(
            file, mark.line + 1 if mark else 1, f"is not valid YAML: {wrong.problem}."
        ) from wrong
    except yaml.YAMLError as wrong:
        raise DeclarationError(file, 1, f"is not valid YAML: {wrong}.") from wrong
    finally:
        loader.dispose()


SAID = {
    "extra_forbidden": "没有这个键，请核对拼写 there is no such key, check its spelling",
    "missing": "缺少这个键 the key is missing",
}
"""In whose words the most frequent mistakes are told; the others stay pydantic's."""


def read_declared(file: Path, model: type[Model]) -> Model:
    """The file as its model; the first problem is raised with its line."""
    return checked(read_document(file), model)


def checked(document: Document, model: type[Model]) -> Model:
    try:
        return model.model_validate(document.content)
    except ValidationError as wrong:
        # A misspelled key is unknown and missing at once; only the unknown one stands in a line.
        first = min(wrong.errors(), key=lambda error: error["type"] != "extra_forbidden")
        where = ".".join(map(str, first["loc"])) or "the file"
        says = SAID.get(first["type"], first["msg"].removeprefix("Value error, "))
        raise document.error(first["loc"], f"{where}: {says}.") from wrong


def check_schema(document: Document, validator: Validator) -> None:
    """Raise the deepest violation of a JSON schema, with its line."""
    worst = max(validator.iter_errors(document.content), key=lambda e: len(e.path), default=None)
    if worst is not None:
        where = ".".join(map(str, worst.absolute_path)) or "the file"
        raise document.error(tuple(worst.absolute_path), f"{where}: {worst.message}.")


def _lines(node: yaml.Node, path: KeyPath, file: Path) -> Iterator[tuple[KeyPath, int]]:
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                raise DeclarationError(file, key.start_mark.line + 1, f"repeats the key {name!r}.")
            seen.add(name)
            yield from _lines(value, (*path, name), file)
            yield (*path, name), key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _lines(value, (*path, index), file)
