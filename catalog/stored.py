"""A contract as the registry keeps it: its text, which is the truth, and what was read from that once.

Rules: a text was checked against the standard when it was imported and never changes, so what YAML made
of it is kept beside it and only our own reading runs again; where that is missing, the text is read. A
contract that is known by its digest is read once in a process.
"""

from pathlib import Path
from threading import Lock
from typing import Protocol

import orjson

from catalog.contract_files import contract_of, is_interface
from catalog.contracts import Contract
from catalog.declaration import Document, read_document
from catalog.interfaces.declaration import described_document, interface_in, own_document
from catalog.interfaces.openapi import plain
from catalog.odcs import contract_in

QUALITY = "quality"
"""Rules know their lines; of the other nodes nobody asks for one any more."""
REMEMBERED = 16_384


class Stored(Protocol):
    """A row of `contract_version`, or the columns of one."""

    digest: str
    file: str
    text: str
    parsed: bytes | None


class Contracts:
    """Reads stored contracts; one for a process."""

    def __init__(self) -> None:
        self._known: dict[str, Contract] = {}
        self._lock = Lock()

    def known(self, digest: str) -> Contract | None:
        return self._known.get(digest)

    def of(self, row: Stored) -> Contract:
        known = self._known.get(row.digest)
        if known is None:
            known = _unpacked(row)
            with self._lock:
                if len(self._known) >= REMEMBERED:
                    self._known.clear()
                self._known[row.digest] = known
        return known


def packed(file: Path, text: str) -> bytes | None:
    """What is kept beside a text; None where its YAML holds what JSON cannot."""
    if is_interface(file):
        own, described = own_document(file, text), described_document(file, text)
        return orjson.dumps({"own": plain(own.content), "described": plain(described.content)})
    document = read_document(file, text)
    lines = [(path, line) for path, line in document.lines.items() if QUALITY in path]
    try:
        kept = orjson.dumps(
            {"content": document.content, "lines": lines}, option=orjson.OPT_PASSTHROUGH_DATETIME
        )
    except TypeError:
        return None
    return kept if orjson.loads(kept)["content"] == document.content else None


def _unpacked(row: Stored) -> Contract:
    file = Path(row.file)
    if row.parsed is None:
        return contract_of(file, row.text)
    kept = orjson.loads(row.parsed)
    if is_interface(file):
        own, described = (Document(file, "", kept[name], {}) for name in ("own", "described"))
        return interface_in(own, described, row.digest, accepted=True)
    lines = {tuple(path): line for path, line in kept["lines"]}
    return contract_in(Document(file, "", kept["content"], lines), row.digest)
