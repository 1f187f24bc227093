"""The examples in README.md and docs/*.md, as values.

Rules: every ```graphql block is an example; a ```json block right behind it holds its variables; a comment
right before it, `<!-- example: as=auditor name=loads -->`, says who asks (`as`, a client's id), how later
examples call its answer (`name`), which error it shows (`error`, a code), whether its lists may be empty
(`empty=yes`), and under `header` one more request header. A variable "${loads.data.loads.0.id}" is what
stands there in the answer of the example `loads` of the same page.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from graphql import DocumentNode, OperationDefinitionNode, OperationType, parse

ROOT = Path(__file__).parents[2]
ASKS = "shapingba-flood"
"""Who asks when nothing else is said: a department application of the demo city."""
BLOCK = re.compile(
    r"(?:<!-- example:(?P<marks>[^\n]*)-->\s*\n)?"
    r"^```graphql\n(?P<text>.*?)^```$"
    r"(?:\s*^```json\n(?P<variables>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)
TAKEN = re.compile(r"\$\{(?P<example>[\w-]+)\.(?P<path>[\w.-]+)\}")
MARKS = {"as", "name", "error", "empty", "header"}


@dataclass(frozen=True, slots=True)
class Example:
    """`place` is page and line, for whoever mends it."""

    place: str
    text: str
    variables: Mapping[str, object]
    marks: Mapping[str, str]

    @property
    def client(self) -> str:
        return self.marks.get("as", ASKS)

    @property
    def name(self) -> str | None:
        return self.marks.get("name")

    @property
    def document(self) -> DocumentNode:
        return parse(self.text)

    @property
    def subscribes(self) -> bool:
        return any(
            isinstance(node, OperationDefinitionNode)
            and node.operation is OperationType.SUBSCRIPTION
            for node in self.document.definitions
        )


def pages() -> list[Path]:
    """In the order in which they are run."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def examples_of(page: Path) -> Iterator[Example]:
    """The examples of a page, in its order; ValueError for a mark that nobody knows."""
    text = page.read_text("utf-8")
    for found in BLOCK.finditer(text):
        line = text.count("\n", 0, found.start("text"))
        marks = dict(mark.split("=", 1) for mark in shlex.split(found["marks"] or ""))
        if set(marks) - MARKS:
            raise ValueError(f"{page.name}:{line}: {sorted(set(marks) - MARKS)}")
        variables = json.loads(found["variables"]) if found["variables"] else {}
        yield Example(f"{page.name}:{line}", found["text"], variables, marks)


def filled(value: object, answers: Mapping[str, object]) -> object:
    """The variables with what they take from earlier answers; LookupError names what is missing."""
    if isinstance(value, dict):
        return {name: filled(inner, answers) for name, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, answers) for inner in value]
    taken = TAKEN.fullmatch(value) if isinstance(value, str) else None
    if taken is None:
        return value
    found: object = answers[taken["example"]]
    for step in taken["path"].split("."):
        match found:
            case list():
                found = found[int(step)]
            case dict():
                found = found[step]
            case _:
                raise LookupError(f"{value}: nothing at {step}")
    return found
