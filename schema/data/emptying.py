"""Coerced variables, parted into what an operation's plan depends on and what goes into its slots.

Rules: a value goes into a slot only where the planner hands it to the compiler as it is: as an operand of
a column's filter, or as an argument that is a column of the key. A variable that stands anywhere else,
too, stays whole; so do nulls, empty lists and lists that are too long, because the planner looks at those.
A plan made with slots can therefore not depend on the values in them, and a slot that got somewhere else
would fail there (`catalog/slot.py`). What stays is told as text, which is equal only for equal values of
equal types, because a variable has one type.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from graphql import (
    GRAPHQL_MAX_INT,
    GRAPHQL_MIN_INT,
    ArgumentNode,
    DocumentNode,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Undefined,
    ValueNode,
    VariableNode,
    Visitor,
    type_from_ast,
    visit,
)
from graphql.execution.get_variable_signature import (
    GraphQLVariableSignature,
    get_variable_signature,
)
from graphql.execution.values import VariableValues, VariableValueSource
from graphql.utilities import coerce_input_value

from catalog.contracts import Kind
from catalog.predicate import Op, Scalar, Values
from catalog.slot import Slot
from schema.data.filters import COLUMN_FILTERS, LISTED, MAX_LIST, OPERATOR_NAMES
from schema.data.planning import Plannable

FILTERED: Mapping[int, Kind] = {id(made): kind for kind, made in COLUMN_FILTERS.items()}
"""The kinds of the columns' filters, by the identity of their types, which live as long as this module."""
SINGLE = frozenset({str, int, float, bool})
"""The values of JSON that hold no others; null is none of them, for a list may refuse it."""
Coerced = Mapping[str, object]


class Stand(Enum):
    """How the values of a variable reach the compiler."""

    WHOLE = "whole"
    """Seen by the planner, but for the operands in it."""
    OPERAND = "operand"
    LIST = "list"
    """As the one value that a list is."""
    ITEMS = "items"


@dataclass(frozen=True, slots=True)
class Emptied:
    """`shape` is equal where the plan is."""

    shape: str
    variables: VariableValues
    values: Values


@dataclass(frozen=True, slots=True)
class Variables:
    """Of one operation: each with its type and how it stands in the document."""

    known: Mapping[str, tuple[GraphQLInputType, Stand]]
    signatures: Mapping[str, GraphQLVariableSignature]

    def coerced(self, given: Mapping[str, object]) -> VariableValues | None:
        """What graphql-core makes of them, where each is one value of its type, a list of such or is left
        out; None where a default or an input is looked through, or where graphql-core has to say what is wrong.
        """
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, object] = {}
        for name, signature in self.signatures.items():
            value = given.get(name, Undefined)
            if value is Undefined:
                if signature.default is not None or isinstance(signature.type, GraphQLNonNull):
                    return None
                sources[name] = VariableValueSource(signature)
                continue
            if isinstance(value, dict):
                return None
            kind = signature.type
            made = (
                coerced_list(value, kind)
                if isinstance(value, list)
                else coerce_input_value(value, kind)
            )
            if made is Undefined:
                return None
            sources[name], coerced[name] = VariableValueSource(signature, value), made
        return VariableValues(sources, coerced)

    def emptied(self, given: VariableValues) -> Emptied:
        emptying = _Emptying()
        coerced = {
            name: emptying.value(value, *self.known[name]) for name, value in given.coerced.items()
        }
        return Emptied(
            repr(coerced), VariableValues(given.sources, coerced), tuple(emptying.values)
        )


def variables_in(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
) -> Variables:
    """The document must be valid. All of it counts, whichever of its operations runs."""
    looking = _Looking(schema)
    visit(document, TypeInfoVisitor(looking.types, looking))
    found: dict[str, tuple[GraphQLInputType, Stand]] = {}
    signatures: dict[str, GraphQLVariableSignature] = {}
    for definition in operation.variable_definitions or ():
        name, kind = definition.variable.name.value, type_from_ast(schema, definition.type)
        stands = looking.stands.get(name, set())
        stand = next(iter(stands)) if len(stands) == 1 else Stand.WHOLE
        found[name] = (kind, stand)  # type: ignore[assignment]  # valid: variables have input types
        signature = get_variable_signature(schema, definition)
        if isinstance(signature, GraphQLVariableSignature):  # valid documents have no others
            signatures[name] = signature
    return Variables(found, signatures)


def coerced_list(values: list[Any], kind: GraphQLInputType) -> object:
    """As graphql-core coerces a list of single values, whose type it would look at for each anew."""
    kind = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    inner = kind.of_type if isinstance(kind, GraphQLList) else None
    inner = inner.of_type if isinstance(inner, GraphQLNonNull) else inner
    if not isinstance(inner, GraphQLScalarType):
        return Undefined
    types = set(map(type, values))
    if not SINGLE.issuperset(types):
        return Undefined
    if inner is GraphQLInt and types == {int}:
        within = min(values) >= GRAPHQL_MIN_INT and max(values) <= GRAPHQL_MAX_INT
        return list(values) if within else Undefined
    try:
        return [inner.coerce_input_value(each) for each in values]
    except Exception:  # noqa: BLE001 - whatever it is, graphql-core says it
        return Undefined


class _Looking(Visitor):
    """Finds how each variable stands in a document."""

    def __init__(self, schema: GraphQLSchema) -> None:
        super().__init__()
        self.types = TypeInfo(schema)
        self.stands: dict[str, set[Stand]] = {}

    def enter_argument(self, node: ArgumentNode, *_: Any) -> None:  # noqa: ANN401 - graphql-core's
        argument = self.types.get_argument()
        if argument is None:
            return
        field_ = None if self.types.get_directive() else self.types.get_field_def()
        resolve: object = None if field_ is None else field_.resolve
        stand = Stand.WHOLE
        if isinstance(resolve, Plannable) and node.name.value in resolve.operands:
            stand = Stand.OPERAND
        for name, found in _stands(node.value, argument.type, stand):
            self.stands.setdefault(name, set()).add(found)


def _stands(node: ValueNode, kind: GraphQLInputType, stand: Stand) -> Iterator[tuple[str, Stand]]:
    """The variables in a value that is written in the document."""
    kind = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if isinstance(node, VariableNode):
        yield node.name.value, stand
    elif isinstance(node, ListValueNode):
        inner = kind.of_type if isinstance(kind, GraphQLList) else kind
        items = stand if stand is Stand.WHOLE else Stand.OPERAND
        for item in node.values:
            yield from _stands(item, inner, items)
    elif isinstance(node, ObjectValueNode) and isinstance(kind, GraphQLInputObjectType):
        for member in node.fields:
            name = member.name.value
            yield from _stands(member.value, kind.fields[name].type, _operand(kind, name))


def _operand(kind: GraphQLInputObjectType, name: str) -> Stand:
    """How the member of an input stands."""
    column, op = FILTERED.get(id(kind)), OPERATOR_NAMES.get(name)
    if column is None or op is None or op is Op.IS_NULL:
        return Stand.WHOLE
    if op not in LISTED:
        return Stand.OPERAND
    return Stand.ITEMS if op is Op.BETWEEN or column is Kind.DECIMAL else Stand.LIST


@dataclass(slots=True)
class _Emptying:
    values: list[Scalar | tuple[Scalar, ...]] = field(default_factory=list)

    def value(self, value: object, kind: GraphQLInputType, stand: Stand) -> object:
        """The value with slots in it, or the slot in its place."""
        if value is None:
            return None
        if stand is Stand.OPERAND:
            return self._slot(value)
        if isinstance(value, list):
            return self._list(value, kind, stand)
        kind = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        if isinstance(kind, GraphQLInputObjectType) and isinstance(value, dict):
            members = kind.fields
            return {
                name: self.value(inner, members[name].type, _operand(kind, name))
                for name, inner in value.items()
            }
        return value

    def _list(self, value: list[object], kind: GraphQLInputType, stand: Stand) -> object:
        if stand is Stand.WHOLE:
            kind = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
            inner = kind.of_type if isinstance(kind, GraphQLList) else kind
            return [self.value(item, inner, Stand.WHOLE) for item in value]
        if not 0 < len(value) <= MAX_LIST:
            return value
        if stand is Stand.LIST:
            return self._slot(tuple(value))
        return [self._slot(item) for item in value]

    def _slot(self, value: object) -> Slot:
        self.values.append(value)  # type: ignore[arg-type]  # coerced to the operand's type
        return Slot(len(self.values) - 1)
