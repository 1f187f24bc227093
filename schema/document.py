"""From a request's text to one operation that may run: parse, measure, validate, choose.

Rules: limits are checked between parsing and validating, because validation is the dearer part;
nothing is suggested, so an unknown name and a hidden one read the same; of several operations one
must be named.
"""

import re
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLInputType,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    ValueNode,
    ValuesOfCorrectTypeRule,
    VisitorAction,
    parse,
    specified_rules,
    validate,
)

from schema.data.emptying import Variables
from schema.errors import (
    DocumentTooLarge,
    OperationNameRequired,
    OperationUnknown,
    ParseFailed,
)
from schema.shape import INTROSPECTION, MAX_DEPTH, MAX_TOKENS, check_shape
from schema.text import check_literals
from schema.wording import wording_of

MAX_TEXT = 64 * 1024
"""Characters of a document. A larger body may carry a file, which is a variable, not a longer text."""
MAX_ERRORS = 5
CACHED_DOCUMENTS = 128
CACHED_LENGTH = 8_192
"""Longer texts are prepared anew each time; they are rare and would fill the cache."""


PYTHONS = re.compile(r", but encountered error '.*'; found", re.DOTALL)


class _LocatedValues(ValuesOfCorrectTypeRule):
    """Where graphql-core loses the place of a list or an object, the value as a whole is the place; and
    what Python says of a value (a number of 5,000 digits) is not repeated.
    """

    _value: ValueNode

    def is_valid_value_node(
        self, node: ValueNode, input_type: GraphQLInputType | None
    ) -> VisitorAction:
        self._value = node
        return super().is_valid_value_node(node, input_type)

    def report_error(self, error: GraphQLError) -> None:
        if error.original_error is not None or not error.locations:
            message = PYTHONS.sub(", found", error.message)
            error = GraphQLError(message, error.nodes if error.locations else self._value)
        super().report_error(error)


RULES = tuple(
    _LocatedValues if rule is ValuesOfCorrectTypeRule else rule for rule in specified_rules
)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Prepared:
    """A document that parsed and kept the limits; it may run when `errors` is empty. One equals only
    itself.
    """

    document: DocumentNode
    errors: tuple[GraphQLError, ...]
    introspects_only: bool = field(init=False)
    """Whether the answer depends on nothing but the schema, the text and its variables."""
    variables: dict[str | None, Variables] = field(default_factory=dict, init=False, repr=False)
    """Of its operations, as far as they were asked for, see `schema/templates.py`."""
    _known: dict[str | None, OperationDefinitionNode] = field(
        default_factory=dict, init=False, repr=False
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "introspects_only", self._introspects_only())

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """OperationNameRequired, OperationUnknown."""
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = self._operation(name)
        return known

    def _operation(self, name: str | None) -> OperationDefinitionNode:
        found = list(self._operations())
        if name is None:
            if len(found) > 1:
                raise OperationNameRequired
            if found:
                return found[0]
        for operation in found:
            if operation.name is not None and operation.name.value == name:
                return operation
        raise OperationUnknown(name=name or "")

    def is_live(self, name: str | None) -> bool:
        """Whether the operation is a subscription."""
        return self.operation(name).operation is OperationType.SUBSCRIPTION

    def _introspects_only(self) -> bool:
        selections = [
            selection
            for operation in self._operations()
            for selection in operation.selection_set.selections
        ]
        return all(
            isinstance(selection, FieldNode) and selection.name.value in INTROSPECTION
            for selection in selections
        )

    def _operations(self) -> Iterator[OperationDefinitionNode]:
        for definition in self.document.definitions:
            if isinstance(definition, OperationDefinitionNode):
                yield definition


class Documents:
    """Prepares documents for one schema and keeps those asked for most recently."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._known: OrderedDict[str, Prepared] = OrderedDict()
        self._lock = threading.Lock()

    def known(self, text: str) -> Prepared | None:
        """What was prepared before; memory only, so fit for the event loop."""
        with self._lock:
            known = self._known.get(text)
            if known is not None:
                self._known.move_to_end(text)
            return known

    def prepare(self, text: str) -> Prepared:
        """ParseFailed, DocumentTooLarge. Validation may take a tenth of a second: blocking."""
        prepared = _prepare(self._schema, text)
        if len(text) <= CACHED_LENGTH:
            with self._lock:
                self._known[text] = prepared
                if len(self._known) > CACHED_DOCUMENTS:
                    self._known.popitem(last=False)
        return prepared


def _prepare(schema: GraphQLSchema, text: str) -> Prepared:
    document = read_document(text)
    try:
        errors = validate(schema, document, RULES, max_errors=MAX_ERRORS, hide_suggestions=True)
    except RecursionError:
        raise _too_large(MAX_DEPTH, "嵌套层数", "levels of nesting") from None
    return Prepared(document, tuple(errors))


def read_document(text: str) -> DocumentNode:
    """ParseFailed, DocumentTooLarge, NulCharacter; it knows no schema."""
    if len(text) > MAX_TEXT:
        raise _too_large(MAX_TEXT, "字符数", "characters")
    try:
        document = parse(text, max_tokens=MAX_TOKENS)
        check_shape(document)
        check_literals(document, text)
    except GraphQLSyntaxError as wrong:
        if wrong.message.endswith("tokens. Parsing aborted."):
            raise _too_large(MAX_TOKENS, "词元数", "tokens") from None
        if wrong.message.endswith("Parsing aborted."):
            raise _too_large(MAX_DEPTH, "嵌套层数", "levels of nesting") from None
        raise _located(wrong) from None
    except RecursionError:
        raise _too_large(MAX_DEPTH, "嵌套层数", "levels of nesting") from None
    return document


def _too_large(limit: int, what_zh: str, what: str) -> DocumentTooLarge:
    return DocumentTooLarge(value=f"> {limit}", limit=limit, what_zh=what_zh, what=what)


def _located(wrong: GraphQLSyntaxError) -> GraphQLError:
    """The same error with our cause, so that line and column leave with it."""
    wording = wording_of(wrong.message)
    cause = ParseFailed(problem=wording.en, problem_zh=wording.zh)
    return GraphQLError(
        cause.message_en, source=wrong.source, positions=wrong.positions, original_error=cause
    )
