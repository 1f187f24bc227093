"""The files of a manifest as objects: one a document (`metric:`), or lists of them (`metrics:`)."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from catalog.declaration import Document, read_document, text_of
from catalog.errors import DeclarationError
from indicators.metricflow.refusal import Refusal, Stated

SINGLE = ("semantic_model", "metric", "saved_query", "project_configuration")
MANY: Mapping[str, str] = {
    "semantic_models": "semantic_model",
    "metrics": "metric",
    "saved_queries": "saved_query",
}
PASSED_OVER = frozenset({"version"})


def stated(folder: Path) -> Iterator[Stated | Refusal]:
    """Every object of every file below the folder, and every document that is no YAML."""
    for file in sorted([*folder.rglob("*.yaml"), *folder.rglob("*.yml")]):
        for document in documents(file):
            if isinstance(document, Refusal):
                yield document
            else:
                yield from objects(document)


def documents(file: Path) -> Iterator[Document | Refusal]:
    """Those that `---` parts, each with the lines of the whole file."""
    lines = text_of(file).split("\n")
    start = 0
    for end in [*(n for n, line in enumerate(lines) if line.rstrip() == "---"), len(lines)]:
        part = lines[start:end]
        if any(line.strip() and not line.lstrip().startswith("#") for line in part):
            try:
                yield read_document(file, "\n" * start + "\n".join(part))
            except DeclarationError as wrong:
                reason = str(wrong.details["problem"])
                yield Refusal("document", file.name, file, int(str(wrong.details["line"])), reason)
        start = end + 1


def objects(document: Document) -> Iterator[Stated]:
    """What nobody knows is an object, too, of the kind `unknown`."""
    content = document.content
    if not isinstance(content, dict):
        yield Stated("unknown", {}, document, ())
        return
    for key, value in content.items():
        if key in SINGLE and isinstance(value, dict):
            yield Stated(key, value, document, (key,))
        elif key in MANY and isinstance(value, list):
            for index, each in enumerate(value):
                body = each if isinstance(each, dict) else {}
                yield Stated(MANY[key], body, document, (key, index))
        elif key not in PASSED_OVER:
            yield Stated("unknown", {"name": key}, document, (key,))
