"""What of a MetricFlow manifest has no place here, and why. A refusal is a value: the rest is still read."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from catalog.declaration import Document, KeyPath


class Refused(ValueError):
    """`path` leads from the object to what is refused. It becomes a `Refusal` where the object is known."""

    def __init__(self, reason: str, path: KeyPath = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = path


@dataclass(frozen=True, slots=True)
class Refusal:
    kind: str
    name: str
    file: Path
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.kind} {self.name}: {self.reason}"


Body = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Stated:
    """One object of a manifest, with where it stands. `path` leads to it in its document."""

    kind: str
    body: Body
    document: Document
    path: KeyPath

    @property
    def name(self) -> str:
        return str(self.body.get("name", ""))

    def refusal(self, wrong: Refused) -> Refusal:
        line = self.document.line_of((*self.path, *wrong.path))
        return Refusal(self.kind, self.name, self.document.file, line, wrong.reason)


def only(body: Body, *keys: str, path: KeyPath = ()) -> None:
    """Refused for any further key: what is not understood is never passed over."""
    for key in body:
        if key not in keys:
            raise Refused(f"the key {key} is not known here.", (*path, str(key)))


def mapping(value: object, path: KeyPath) -> Body:
    if not isinstance(value, Mapping):
        raise Refused("a mapping is needed here.", path)
    return value


def bodies(value: object, path: KeyPath) -> tuple[Body, ...]:
    """The members of a list; none where nothing is said."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise Refused("a list is needed here.", path)
    return tuple(mapping(each, (*path, index)) for index, each in enumerate(value))
