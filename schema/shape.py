"""How large a document is, known in one linear pass before it is validated.

Rules: each fragment is weighed once and its weight reused, so a bomb of nested fragments costs no
more than its text; sums saturate. Introspection is deeper than any data query, so its fields do not
count towards the depth (graphql-core's own rule bounds their nesting). Empty braces are no document.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from schema.errors import DocumentTooLarge, ParseFailed

MAX_TOKENS = 2_000
MAX_FIELDS = 300
MAX_ALIASES = 30
MAX_DEPTH = 8
MAX_DIRECTIVES = 10
SATURATED = 10**9
INTROSPECTION = ("__schema", "__type")


@dataclass(frozen=True, slots=True)
class Shape:
    """Sums over everything a document would visit; `depth` counts nested fields."""

    fields: int = 0
    aliases: int = 0
    directives: int = 0
    depth: int = 0

    def beside(self, other: "Shape") -> "Shape":
        return Shape(
            min(self.fields + other.fields, SATURATED),
            min(self.aliases + other.aliases, SATURATED),
            min(self.directives + other.directives, SATURATED),
            max(self.depth, other.depth),
        )


def check_shape(document: DocumentNode) -> None:
    """DocumentTooLarge when a limit is passed. Fragment cycles are left to validation."""
    shape = measure(document)
    for value, limit, what_zh, what in (
        (shape.fields, MAX_FIELDS, "字段数", "fields"),
        (shape.aliases, MAX_ALIASES, "别名数", "aliases"),
        (shape.directives, MAX_DIRECTIVES, "指令数", "directives"),
        (shape.depth, MAX_DEPTH, "嵌套层数", "levels of nesting"),
    ):
        if value > limit:
            raise DocumentTooLarge(value=value, limit=limit, what_zh=what_zh, what=what)


def measure(document: DocumentNode) -> Shape:
    weigher = _Weigher(
        {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
    )
    total = Shape()
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            own = Shape(directives=len(definition.directives or ()))
            total = total.beside(own).beside(weigher.selections(definition.selection_set))
    return total


def _nothing_selected(selection_set: SelectionSetNode) -> GraphQLError:
    """The grammar wants a selection in the braces; graphql-core's parser takes them empty."""
    cause = ParseFailed(
        problem="expected a field between { and }", problem_zh="“{”与“}”之间至少须有一个字段"
    )
    return GraphQLError(cause.message_en, selection_set, original_error=cause)


class _Weigher:
    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._known: dict[str, Shape] = {}

    def selections(self, selection_set: SelectionSetNode | None) -> Shape:
        total = Shape()
        if selection_set is not None and not selection_set.selections:
            raise _nothing_selected(selection_set)
        for node in selection_set.selections if selection_set else ():
            total = total.beside(self._selection(node))
        return total

    def _selection(self, node: SelectionNode) -> Shape:
        own = Shape(directives=len(node.directives or ()))
        if isinstance(node, FieldNode):
            inner = self.selections(node.selection_set)
            hidden = node.name.value in INTROSPECTION
            field = Shape(1, int(node.alias is not None), 0, 0 if hidden else 1 + inner.depth)
            return own.beside(Shape(inner.fields, inner.aliases, inner.directives)).beside(field)
        if isinstance(node, FragmentSpreadNode):
            return own.beside(self._fragment(node.name.value))
        return own.beside(self.selections(getattr(node, "selection_set", None)))

    def _fragment(self, name: str) -> Shape:
        if name not in self._known:
            self._known[name] = Shape()  # a cycle weighs nothing here; validation names it
            definition = self._fragments.get(name)
            if definition is not None:
                self._known[name] = self.selections(definition.selection_set)
        return self._known[name]
