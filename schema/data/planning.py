"""What the data fields of an operation ask for, known as trees before any of them runs.

Rules: graphql-core itself collects the root fields, so the plan holds exactly what will be executed,
under the names of the reply; a field that cannot be planned keeps its error, raised where the field
stands, so that the others still answer. Price, explain and the resolvers share this one planner.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
)
from graphql.execution.collect_fields import FragmentDetails, collect_fields
from graphql.execution.values import VariableValues, get_argument_values, get_variable_values

from catalog.clock import CITY_ZONE, Clock
from catalog.errors import UserError
from catalog.ids import DatasetCode
from catalog.predicate import Values
from query.price import Price, Sizes, price_of
from query.relation import Scope
from query.tree import Tree
from schema.data.asked import Arguments, Asked
from schema.data.page import MAX_LIMIT
from schema.data.shape import Shapes
from schema.errors import AnswerTooLarge, AsOfInFuture, QueryTooExpensive

Planner = Callable[[Asked, list[FieldNode], Arguments], Tree]
MAX_ROWS = 250_000
"""Rows of one operation, all fields and nested lists together, by their limits."""
MAX_VARIABLE_ERRORS = 5


@runtime_checkable
class Plannable(Protocol):
    """The resolver of a generated field; whatever has a `plan` is one."""

    @property
    def plan(self) -> Planner: ...

    @property
    def operands(self) -> frozenset[str]:
        """The arguments that are compared with a column as they are."""
        ...


@runtime_checkable
class Live(Protocol):
    """The resolver of an interface's field."""

    @property
    def interface(self) -> DatasetCode: ...


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """One interface field; `arguments` by their names in the schema."""

    interface: DatasetCode
    arguments: Arguments


@dataclass(frozen=True, slots=True)
class PlannedField:
    """One data field: `name` as in the reply, `node` where it stands in the document."""

    name: str
    node: FieldNode
    tree: Tree
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class Root:
    """A field of the reply itself; `text` is its value where that is known: `__typename`."""

    name: str
    nodes: list[FieldNode]
    nullable: bool
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The data fields of one operation, in the order of the reply, by their names there."""

    fields: Mapping[str, PlannedField] = field(default_factory=dict)
    refused: Mapping[str, Exception] = field(default_factory=dict)
    calls: Mapping[str, PlannedCall] = field(default_factory=dict)
    """The interface fields, by their names in the reply."""
    whole: tuple[Root, ...] | None = None
    """The fields of the reply where all of them are data fields; None: other resolvers have to run."""
    values: Values = ()
    """What is put into the slots of its trees."""

    def filled(self, values: Values) -> "Plan":
        """The same with these values."""
        return Plan(self.fields, self.refused, self.calls, self.whole, values)

    @property
    def as_of(self) -> datetime | None:
        """A past instant that any data field asks for."""
        return next((p.as_of for p in self.fields.values() if p.as_of is not None), None)

    def take(self, name: str) -> PlannedField:
        """The field's plan, or the error that it has instead."""
        wrong = self.refused.get(name)
        if wrong is not None:
            raise wrong
        return self.fields[name]


@dataclass(frozen=True, slots=True)
class Priced:
    """What an operation may read, and of that each field."""

    fields: Mapping[str, Price]
    whole: Price = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "whole", sum(self.fields.values(), Price()))

    @property
    def dearest(self) -> str:
        return max(self.fields, key=lambda name: self.fields[name].total)


def plan_of(
    schema: GraphQLSchema,
    shapes: Shapes,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    values: VariableValues,
    page_limit: int = MAX_LIMIT,
) -> Plan:
    """The document must be valid, and its variables coerced."""
    root = schema.get_root_type(operation.operation)
    if root is None:
        return Plan()
    asked = Asked(schema, fragments_of(document), operation, values, shapes, page_limit)
    fields: dict[str, PlannedField] = {}
    refused: dict[str, Exception] = {}
    calls: dict[str, PlannedCall] = {}
    whole: list[Root] | None = []
    for name, nodes in root_fields(asked, root):
        known = _root(root, name, nodes)
        if known is None or whole is None:
            whole = None
        else:
            whole.append(known)
        definition = root.fields.get(nodes[0].name.value)
        if definition is None or not isinstance(definition.resolve, Plannable | Live):
            continue
        resolve = definition.resolve
        try:
            arguments = get_argument_values(definition, nodes[0], values, hide_suggestions=True)
            if isinstance(resolve, Live):
                calls[name] = PlannedCall(resolve.interface, arguments)
            else:
                tree = resolve.plan(asked, nodes, arguments)
                fields[name] = PlannedField(name, nodes[0], tree, as_of(arguments))
        except (UserError, GraphQLError) as wrong:
            refused[name] = wrong
    return Plan(fields, refused, calls, None if whole is None else tuple(whole))


def variables_of(
    schema: GraphQLSchema, operation: OperationDefinitionNode, given: Mapping[str, object]
) -> VariableValues | list[GraphQLError]:
    return get_variable_values(
        schema,
        operation.variable_definitions or (),
        dict(given),
        max_errors=MAX_VARIABLE_ERRORS,
        hide_suggestions=True,
    )


def priced(plan: Plan, scope: Scope, sizes: Sizes) -> Priced:
    return Priced(
        {name: price_of(planned.tree, scope, sizes) for name, planned in plan.fields.items()}
    )


def check_price(price: Priced, plan: Plan, budget: int) -> None:
    """AnswerTooLarge, QueryTooExpensive: the latter stands at the dearest field."""
    if price.whole.brought > MAX_ROWS:
        raise AnswerTooLarge(rows=price.whole.brought, limit=MAX_ROWS)
    if price.whole.total <= budget:
        return
    dearest = price.dearest
    cause = QueryTooExpensive(
        price=price.whole.total,
        budget=budget,
        field=dearest,
        part=price.fields[dearest].total,
    )
    raise GraphQLError(cause.message_en, plan.fields[dearest].node, original_error=cause)


def check_as_of(plan: Plan, clock: Clock) -> None:
    """AsOfInFuture, at the first field that asks for a version nobody can know yet."""
    for planned in plan.fields.values():
        if planned.as_of is not None and planned.as_of > (now := clock.now()):
            at, today = (each.astimezone(CITY_ZONE).isoformat() for each in (planned.as_of, now))
            cause = AsOfInFuture(at=at, now=today)
            raise GraphQLError(cause.message_en, planned.node, original_error=cause)


def root_fields(asked: Asked, root: GraphQLObjectType) -> Iterator[tuple[str, list[FieldNode]]]:
    collected = collect_fields(
        asked.schema,
        asked.fragments,
        asked.variables,
        root,
        asked.operation,
        hide_suggestions=True,
    )
    for name, group in collected.grouped_field_set.items():
        yield name, [details.node for details in group]


def _root(root: GraphQLObjectType, name: str, nodes: list[FieldNode]) -> Root | None:
    """None for a field that a resolver has to answer."""
    if nodes[0].name.value == "__typename":
        return Root(name, nodes, nullable=False, text=root.name)
    definition = root.fields.get(nodes[0].name.value)
    if definition is None or not isinstance(definition.resolve, Plannable):
        return None
    return Root(name, nodes, nullable=not isinstance(definition.type, GraphQLNonNull))


def fragments_of(document: DocumentNode) -> dict[str, FragmentDetails]:
    return {
        definition.name.value: FragmentDetails(definition)
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }


def as_of(arguments: Arguments) -> datetime | None:
    value = arguments.get("asOf")
    return value if isinstance(value, datetime) else None
