"""One operation of an OpenAPI 3 document: where it is asked, its arguments, what it answers.

Rules: only what can be typed is accepted, and refused with its line otherwise; arguments are single
values in the path, the query or a flat JSON body, never headers; the answer is one JSON object or a
list of them; addresses in the document (`servers`) are never read.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from catalog.contracts import ColumnType
from catalog.declaration import Document, KeyPath
from catalog.interfaces.interface import Argument, ArgumentPlace, ListOf, Member, ObjectOf
from catalog.interfaces.notes import Notes
from catalog.interfaces.typing import Node, Typed, Typing, label_of, member_name

JSON = "application/json"
METHODS = ("get", "post")
MAX_DOCUMENT = 1 << 20
MAX_ARGUMENTS = 20
TEMPLATE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Operation:
    method: str
    path: str
    arguments: tuple[Argument, ...]
    members: tuple[Member, ...]
    many: bool
    absent: bool
    check: str


def check_text(document_text: str) -> str | None:
    """Why a text is no document to read, before it is parsed; None when it may be."""
    if len(document_text.encode()) > MAX_DOCUMENT:
        return f"is larger than {MAX_DOCUMENT} bytes."
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(document_text)):
            return "uses YAML aliases; write the repeated part as a $ref."
    except yaml.YAMLError:
        pass  # told with its line when it is read
    return None


def operation_of(
    document: Document, name: str, notes: Notes, *, accepted: bool = False
) -> Operation:
    """The operation with this operationId; DeclarationError at the first thing that cannot be typed.

    `accepted`: the document passed once and has not changed, so its keywords are not checked again.
    """
    root = plain(document.content)
    if not isinstance(root, dict) or not str(root.get("openapi", "")).startswith("3."):
        raise document.error(("openapi",), "is no OpenAPI 3 document: openapi is 3.0.x or 3.1.x.")
    return _Reader(document, root, notes, accepted=accepted).operation(name)


def plain(value: object) -> object:
    """The document as JSON would hold it: YAML reads the status `200` as a number, a day as a date."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)


class _Reader:
    def __init__(
        self, document: Document, root: dict[str, object], notes: Notes, *, accepted: bool
    ) -> None:
        self._accepted = accepted
        self._document = document
        self._root = Node(root, ())
        self._notes = notes
        self._typing = Typing(document, root, notes.fields)

    def operation(self, name: str) -> Operation:
        method, path, item, node = self._find(name)
        arguments = (*self._parameters(item, node), *self._body(node))
        self._check_arguments(path, arguments, node)
        typed, many = self._answer(node)
        shape = typed.shape.item if isinstance(typed.shape, ListOf) else typed.shape
        assert isinstance(shape, ObjectOf)  # noqa: S101 - `_answer` has refused anything else
        return Operation(
            method=method.upper(),
            path=path,
            arguments=arguments,
            members=shape.members,
            many=many,
            absent=self._child(node, "responses").get("404") is not None,
            check=self._check(typed, node),
        )

    def _find(self, name: str) -> tuple[str, str, Node, Node]:
        paths = self._child(self._root, "paths")
        for path, item in paths.items():
            for method, node in item.items():
                if node.get("operationId") == name:
                    if method not in METHODS:
                        raise self._error(node.path, f"{method} is not called; use get or post.")
                    return method, path, item, node
        raise self._error(paths.path, f"no operation has the operationId {name}.")

    def _parameters(self, item: Node, node: Node) -> Iterator[Argument]:
        found: dict[tuple[object, object], Node] = {}
        for holder in (item, node):
            given = holder.get("parameters")
            for index in range(len(given)) if isinstance(given, list) else ():
                one = self._typing.resolved(holder.at("parameters").at(index))
                found[one.get("name"), one.get("in")] = one
        for (name, place), one in found.items():
            if place in {"header", "cookie"}:
                if one.get("required"):
                    raise self._error(one.path, f"{name} travels in a {place}; no argument may.")
                continue
            yield self._argument(str(name), ArgumentPlace(str(place)), one, one.at("schema"))

    def _body(self, node: Node) -> Iterator[Argument]:
        if node.get("requestBody") is None:
            return
        body = self._typing.resolved(node.at("requestBody"))
        schema = self._typing.resolved(self._json(body))
        properties, required = schema.get("properties"), schema.get("required")
        if not isinstance(properties, dict):
            raise self._error(schema.path, "a request body is an object with properties.")
        needed = set(required) if isinstance(required, list) else set()
        for key in properties:
            one = self._typing.resolved(schema.at("properties").at(key))
            argument = self._argument(key, ArgumentPlace.BODY, one, one)
            yield replace(argument, required=key in needed)

    def _argument(self, key: str, place: ArgumentPlace, node: Node, schema: Node) -> Argument:
        if not isinstance(schema.value, dict):
            raise self._error(node.path, f"the parameter {key} has no schema.")
        note = self._notes.arguments.get(key)
        typed = self._typing.of(schema, key, note=note)
        if not isinstance(typed.shape, ColumnType):
            raise self._error(schema.path, f"the argument {key} is not a single value.")
        typed_node = self._typing.resolved(schema)
        label, text = label_of(node, note)
        inner, inner_text = label_of(typed_node, note)
        if not (label or inner):
            remedy = f"add a description there, or arguments.{key}.label in the interface file"
            raise self._error(node.path, f"the argument {key} has no title: {remedy}.")
        return Argument(
            key=key,
            name=member_name(key, note, self._document, node.path),
            place=place,
            type=typed.shape,
            required=bool(node.get("required")) or place is ArgumentPlace.PATH,
            label=label or inner,
            description=text or inner_text,
            check=self._check(typed, schema),
        )

    def _check_arguments(self, path: str, arguments: tuple[Argument, ...], node: Node) -> None:
        in_path = {a.key for a in arguments if a.place is ArgumentPlace.PATH}
        if not path.startswith("/") or in_path != set(TEMPLATE.findall(path)):
            raise self._error(node.path, f"the path {path} and its path parameters differ.")
        if len(arguments) > MAX_ARGUMENTS:
            raise self._error(node.path, f"more than {MAX_ARGUMENTS} arguments.")
        names = [argument.name for argument in arguments]
        for name in names:
            if names.count(name) > 1:
                raise self._error(node.path, f"two arguments are called {name}.")
        for key in self._notes.arguments:
            if key not in {a.key for a in arguments}:
                raise self._error(node.path, f"has no argument {key}, which the interface names.")

    def _answer(self, node: Node) -> tuple[Typed, bool]:
        responses = self._child(node, "responses")
        if responses.get("200") is None:
            raise self._error(responses.path, "no answer with the status 200 is declared.")
        schema = self._json(self._typing.resolved(responses.at("200")))
        typed = self._typing.of(schema, "")
        self._typing.check_notes_used(schema.path)
        many = isinstance(typed.shape, ListOf)
        inner = typed.shape.item if isinstance(typed.shape, ListOf) else typed.shape
        if not isinstance(inner, ObjectOf) or typed.nullable:
            raise self._error(schema.path, "an answer is one object or a list of objects.")
        return typed, many

    def _check(self, typed: Typed, node: Node) -> str:
        """The checking schema as text; it is itself one, or the document's keywords are wrong."""
        try:
            if not self._accepted:
                Draft202012Validator.check_schema(typed.check)
        except SchemaError as wrong:
            raise self._error(node.path, f"{wrong.json_path}: {wrong.message}.") from wrong
        return json.dumps(typed.check, ensure_ascii=False, sort_keys=True)

    def _json(self, holder: Node) -> Node:
        content = holder.get("content")
        if not isinstance(content, dict) or JSON not in content:
            raise self._error(holder.path, f"has no content of the type {JSON}.")
        return holder.at("content").at(JSON).at("schema")

    def _child(self, node: Node, key: str) -> Node:
        if not isinstance(node.get(key), dict):
            raise self._error(node.path, f"has no {key}.")
        return node.at(key)

    def _error(self, path: KeyPath, problem: str) -> Exception:
        return self._document.error(path, problem)
