"""From an interface's contract and the scope to its GraphQL field and types, straight in graphql-core.

Rules: the type holds the granted members and nothing tells of the rest; a masked one is text, whatever
it is in the answer; a member is non-null only where the provider's document requires it. The field
itself is always nullable, so that a service that fails takes nothing else of a reply with it.
"""

from collections.abc import Callable
from functools import partial

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLFieldResolver,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLString,
)

from catalog.contracts import ColumnType, Contract, camel, pascal
from catalog.ids import DatasetCode
from catalog.interfaces.interface import Argument, Interface, ListOf, Member, Shape
from catalog.sharing.grant import Visibility
from query.relation import Scope
from schema.data.filters import KIND_SCALARS

OfMember = Callable[[DatasetCode, str], GraphQLFieldResolver]
"""What answers a member of an answer."""
OfField = Callable[[Contract], GraphQLFieldResolver]
"""What answers an interface's field."""
SHOWN = (Visibility.CLEAR, Visibility.MASKED)
LIVE = "实时调用提供方的服务接口，不读取库存数据。Asks the provider's live service at once."


def interface_fields(scope: Scope, field: OfField, member: OfMember) -> dict[str, GraphQLField]:
    """Every granted interface as one field, by its name."""
    return {
        camel(code): interface_field(scope, code, member, field(scope.catalogue.contracts[code]))
        for code in scope.interfaces
        if visible_members(scope, code)
    }


def interface_field(
    scope: Scope,
    code: DatasetCode,
    member: OfMember | None = None,
    resolve: GraphQLFieldResolver | None = None,
) -> GraphQLField:
    contract = scope.catalogue.contracts[code]
    interface = interface_of(contract)
    row = _row(scope, contract, member)
    return GraphQLField(
        GraphQLList(GraphQLNonNull(row)) if interface.many else row,
        {camel(argument.name): _argument(argument) for argument in interface.arguments},
        resolve=resolve,
        description=f"{_text(contract)} {LIVE}",
    )


def interface_of(contract: Contract) -> Interface:
    if contract.interface is None:
        raise TypeError(f"{contract.data_set} is no interface")
    return contract.interface


def visible_members(scope: Scope, code: DatasetCode) -> dict[str, Visibility]:
    """What the one part of the grant shows, clear or masked; there are no aggregates of it."""
    (part,) = scope.grant(code).parts
    shown = {name: part.visibility(name) for name in scope.columns(code)}
    return {name: seen for name, seen in shown.items() if seen in SHOWN and seen is not None}


def _row(scope: Scope, contract: Contract, answering: OfMember | None) -> GraphQLObjectType:
    interface, name = interface_of(contract), pascal(contract.data_set)
    visible = visible_members(scope, contract.data_set)

    def fields() -> dict[str, GraphQLField]:
        return {
            camel(member.name): _member(
                member,
                name,
                answering(contract.data_set, member.name) if answering else None,
                masked=visible[member.name] is Visibility.MASKED,
            )
            for member in interface.members
            if member.name in visible
        }

    return GraphQLObjectType(name, fields, description=_text(contract))


def _member(
    member: Member, owner: str, resolve: GraphQLFieldResolver | None, *, masked: bool = False
) -> GraphQLField:
    if masked:
        kind: GraphQLOutputType = GraphQLString
    else:
        kind = _output(member.shape, owner + pascal(member.name), member)
    label = f"{member.label}，已脱敏 (masked)" if masked else member.label
    return GraphQLField(
        GraphQLNonNull(kind) if member.required else kind,  # type: ignore[arg-type]  # never twice
        resolve=resolve,
        description=_words(label, member.key, member.description),
    )


def _output(shape: Shape, name: str, member: Member) -> GraphQLOutputType:
    if isinstance(shape, ColumnType):
        return KIND_SCALARS[shape.kind]
    if isinstance(shape, ListOf):
        item = _output(shape.item, name, member)
        return GraphQLList(item if shape.nullable else GraphQLNonNull(item))
    inner = {
        camel(one.name): _member(one, name, partial(_value_of, one.name)) for one in shape.members
    }
    return GraphQLObjectType(name, inner, description=_words(member.label, member.key, ""))


def _argument(argument: Argument) -> GraphQLArgument:
    scalar = KIND_SCALARS[argument.type.kind]
    return GraphQLArgument(
        GraphQLNonNull(scalar) if argument.required else scalar,
        description=_words(argument.label, argument.key, argument.description),
    )


def _value_of(name: str, row: object, _info: object) -> object:
    return row[name] if isinstance(row, dict) else None


def _text(contract: Contract) -> str:
    return f"{contract.title}。{contract.title_en}. {contract.description}".strip()


def _words(label: str, key: str, description: str) -> str:
    return f"{label}（{key}）。{description}"
