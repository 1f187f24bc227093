"""From a schema of an OpenAPI document to a shape of ours and the JSON schema that checks it.

Rules: what has no single type is refused, never guessed; references stay inside the document and never
come back to themselves; nesting, members and list lengths are bounded; every member has a title. The
checking schema is written anew from the keywords known here, for OpenAPI 3.0 and 3.1 alike, so that
nothing in a document reaches the checker that was not meant for it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic_core import SchemaError, SchemaValidator, core_schema

from catalog.contracts import ColumnType, Kind, camel
from catalog.declaration import Document, KeyPath
from catalog.interfaces.interface import ListOf, Member, ObjectOf, Shape
from catalog.interfaces.notes import Note
from catalog.odcs import MAX_NAME, NAME

MAX_DEPTH = 5
MAX_MEMBERS = 200
MAX_ITEMS = 1_000
"""Of one list in an answer."""
MAX_REFERENCES = 20
INT32 = 2**31
REFUSED = frozenset(
    {
        "not", "if", "then", "else", "patternProperties", "dependentSchemas", "dependentRequired",
        "propertyNames", "contains", "prefixItems", "discriminator", "$dynamicRef",
        "unevaluatedProperties", "unevaluatedItems", "writeOnly",
    }
)  # fmt: skip
KEPT: Mapping[str, tuple[str, ...]] = {
    "string": ("minLength", "maxLength", "pattern"),
    "integer": ("minimum", "maximum", "multipleOf"),
    "number": ("minimum", "maximum", "multipleOf"),
    "array": ("minItems",),
}
EXCLUSIVE = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
FORMATS: Mapping[tuple[str, str], ColumnType] = {
    ("string", "date"): ColumnType(Kind.DATE),
    ("string", "date-time"): ColumnType(Kind.TIMESTAMP),
    ("string", "decimal"): ColumnType(Kind.DECIMAL, 38, 18),
    ("number", "decimal"): ColumnType(Kind.DECIMAL, 38, 18),
    ("integer", "int32"): ColumnType(Kind.INTEGER),
}
PLAIN: Mapping[str, ColumnType] = {
    "string": ColumnType(Kind.STRING),
    "integer": ColumnType(Kind.BIGINT),
    "number": ColumnType(Kind.DOUBLE),
    "boolean": ColumnType(Kind.BOOLEAN),
}
HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

Check = dict[str, object]


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the document that knows where it stands."""

    value: object
    path: KeyPath

    def get(self, key: str) -> object:
        return self.value.get(key) if isinstance(self.value, dict) else None

    def at(self, key: str | int) -> "Node":
        if isinstance(self.value, dict):
            return Node(self.value.get(key), (*self.path, key))
        if isinstance(self.value, list) and isinstance(key, int):
            return Node(self.value[key], (*self.path, key))
        return Node(None, self.path)

    def items(self) -> list[tuple[str, "Node"]]:
        return [(key, self.at(key)) for key in self.value] if isinstance(self.value, dict) else []


@dataclass(frozen=True, slots=True)
class Typed:
    shape: Shape
    nullable: bool
    check: Check


class Typing:
    """One document being typed; it counts, so that no document can grow a type without end."""

    def __init__(
        self, document: Document, root: Mapping[str, object], notes: Mapping[str, Note]
    ) -> None:
        self._document = document
        self._root = root
        self._notes = notes
        self._used: set[str] = set()
        self._members = 0

    def resolved(self, node: Node) -> Node:
        """The node itself, or what its references lead to."""
        for _ in range(MAX_REFERENCES):
            target = node.get("$ref")
            if target is None:
                return node
            if not isinstance(target, str) or not target.startswith("#/"):
                raise self._error(node, f"the reference {target} leaves the document.")
            node = self._pointed(node, target)
        raise self._error(node, "its references come back to themselves.")

    def of(self, node: Node, at: str, *, note: Note | None = None, depth: int = 0) -> Typed:
        """The type of a schema; `at` is the dotted path of the member it stands for."""
        if depth > MAX_DEPTH:
            raise self._error(node, f"{at} is nested deeper than {MAX_DEPTH}, or within itself.")
        node, nullable = self._single(self.resolved(node), at)
        for keyword in REFUSED & set(node.value if isinstance(node.value, dict) else ()):
            raise self._error(node, f"{at or 'the answer'}: {keyword} cannot be typed.")
        kind, null = self._kind(node, at)
        nullable = nullable or null
        if kind == "object":
            shape, check = self._object(node, at, depth)
        elif kind == "array":
            shape, check = self._list(node, at, depth)
        else:
            shape, check = self._scalar(node, kind, at, note)
        if nullable:
            check["type"] = [kind, "null"]
            if isinstance(check.get("enum"), list):
                check["enum"] = [*_list(check["enum"]), None]
        return Typed(shape, nullable, check)

    def check_notes_used(self, path: KeyPath) -> None:
        for name in self._notes:
            if name not in self._used:
                raise self._document.error(
                    path, f"has no member {name}, which the interface names."
                )

    def _pointed(self, node: Node, target: str) -> Node:
        found = Node(self._root, ())
        for step in target[2:].split("/"):
            found = found.at(step.replace("~1", "/").replace("~0", "~"))
        if found.value is None:
            raise self._error(node, f"the reference {target} leads nowhere.")
        return found

    def _single(self, node: Node, at: str) -> tuple[Node, bool]:
        """Past `allOf` with one member, and `oneOf`/`anyOf` of one schema and null."""
        nullable = bool(node.get("nullable"))
        for keyword in ("allOf", "oneOf", "anyOf"):
            choices = node.get(keyword)
            if not isinstance(choices, list):
                continue
            every = [self.resolved(node.at(keyword).at(i)) for i in range(len(choices))]
            real = [one for one in every if one.get("type") != "null"]
            if len(real) != 1 or node.get("properties"):
                raise self._error(node, f"{at or 'the answer'}: {keyword} has not one type.")
            inner, deeper = self._single(real[0], at)
            return inner, nullable or deeper or len(real) < len(every)
        return node, nullable

    def _kind(self, node: Node, at: str) -> tuple[str, bool]:
        told = node.get("type")
        names = told if isinstance(told, list) else [told]
        kinds = [name for name in names if name != "null"]
        if len(kinds) != 1 or kinds[0] not in {*PLAIN, "object", "array"}:
            raise self._error(node, f"{at or 'the answer'} has not one type: add `type`.")
        return str(kinds[0]), len(kinds) < len(names)

    def _object(self, node: Node, at: str, depth: int) -> tuple[Shape, Check]:
        properties = node.get("properties")
        if not isinstance(properties, dict) or not properties:
            raise self._error(node, f"{at or 'the answer'} is an object without properties.")
        wanted = node.get("required")
        required = [str(name) for name in wanted] if isinstance(wanted, list) else []
        members, checks = [], {}
        for key in properties:
            one = node.at("properties").at(key)
            member, checks[key] = self._member(one, key, at, depth, required=key in required)
            members.append(member)
        self._check_names(node, at, members)
        return ObjectOf(tuple(members)), {
            "type": "object",
            "required": [key for key in required if key in properties],
            "properties": checks,
        }

    def _member(
        self, node: Node, key: str, at: str, depth: int, *, required: bool
    ) -> tuple[Member, Check]:
        self._members += 1
        if self._members > MAX_MEMBERS:
            raise self._error(node, f"more than {MAX_MEMBERS} members.")
        path = f"{at}.{key}" if at else key
        note = self._notes.get(path)
        self._used.add(path)
        typed = self.of(node, path, note=note, depth=depth + 1)
        label, text = label_of(node, note)
        if not label:
            label, text = label_of(self.resolved(node), note)
        if not label:
            remedy = f"add a title there, or fields.{path}.label in the interface file"
            raise self._error(node, f"{path} has no title: {remedy}.")
        member = Member(
            key=key,
            name=member_name(key, note, self._document, node.path),
            shape=typed.shape,
            label=label,
            description=text,
            required=required and not typed.nullable,
        )
        return member, typed.check

    def _list(self, node: Node, at: str, depth: int) -> tuple[Shape, Check]:
        if not isinstance(node.get("items"), dict):
            raise self._error(node, f"{at or 'the answer'} is a list without items.")
        typed = self.of(node.at("items"), at, depth=depth + 1)
        told = node.get("maxItems")
        most = min(told, MAX_ITEMS) if isinstance(told, int) else MAX_ITEMS
        check = self._kept(node, "array") | {"type": "array", "maxItems": most}
        return ListOf(typed.shape, typed.nullable), check | {"items": typed.check}

    def _scalar(self, node: Node, kind: str, at: str, note: Note | None) -> tuple[Shape, Check]:
        check = self._kept(node, kind) | {"type": kind}
        choices = node.get("enum")
        if "const" in (node.value if isinstance(node.value, dict) else {}):
            choices = [node.get("const")]
        if isinstance(choices, list):
            check["enum"] = [choice for choice in choices if choice is not None]
        if note is not None and note.place:
            if kind != "string":
                raise self._error(node, f"{at} is a place code and no text.")
            return ColumnType(Kind.PLACE), check
        shape = FORMATS.get((kind, str(node.get("format"))), PLAIN[kind])
        low, high = node.get("minimum"), node.get("maximum")
        bounded = isinstance(low, int) and isinstance(high, int)
        if kind == "integer" and bounded and _int(low) >= -INT32 and _int(high) < INT32:
            shape = ColumnType(Kind.INTEGER)
        return shape, check

    def _kept(self, node: Node, kind: str) -> Check:
        kept = (
            {k: node.get(k) for k in KEPT[kind] if node.get(k) is not None} if kind in KEPT else {}
        )
        for keyword, plain in EXCLUSIVE.items():
            told = node.get(keyword)
            if told is True and plain in kept:
                kept[keyword] = kept.pop(plain)  # as OpenAPI 3.0 says it
            elif told not in (None, True, False):
                kept[keyword] = told
        pattern = kept.get("pattern")
        if pattern is not None:
            try:
                pattern_of(str(pattern))
            except SchemaError:
                raise self._error(
                    node, f"the pattern {pattern} is none that is checked in linear time."
                ) from None
        return kept

    def _check_names(self, node: Node, at: str, members: Sequence[Member]) -> None:
        taken: dict[str, str] = {}
        for member in members:
            other = taken.setdefault(camel(member.name), member.key)
            if other != member.key:
                raise self._error(
                    node,
                    f"{at}: {other} and {member.key} are both {camel(member.name)} in the API.",
                )

    def _error(self, node: Node, problem: str) -> Exception:
        return self._document.error(node.path, problem)


def pattern_of(pattern: str) -> SchemaValidator:
    """A matcher that takes linear time whatever the text; SchemaError for patterns that cannot be."""
    return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))


def label_of(node: Node, note: Note | None) -> tuple[str, str]:
    """The title people read, and the description beside it."""
    title, text = str(node.get("title") or ""), str(node.get("description") or "")
    if note is not None:
        title, text = note.label or title, note.description or text
    return (title, text) if title else (text, "")


def member_name(key: str, note: Note | None, document: Document, path: KeyPath) -> str:
    """`regCapital` -> `reg_capital`; a name that is no ASCII identifier needs a note."""
    if note is not None and note.name is not None:
        return note.name
    name = HUMP.sub("_", key).replace("-", "_").lower()
    if len(name) > MAX_NAME or not NAME.match(name):
        raise document.error(
            path, f"{key!r} is no name of the API: give it a `name` in the interface."
        )
    return name


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0
