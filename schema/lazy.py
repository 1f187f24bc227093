"""A schema of which only what a document names is made.

Rules: graphql-core asks a schema for types by name and types for fields by name, and both are made then;
only what goes through all of them (introspection, SDL) makes all. The order of types is that of
graphql-core: as they are met from the roots, deep first. Nobody validates such a schema, for that goes
through all of it; tests do.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, ValuesView

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLType,
    GraphQLUnionType,
    get_named_type,
)

Find = Callable[[str], GraphQLNamedType | None]


class LazyFields(Mapping[str, GraphQLField]):
    """Fields, or what makes them, by name."""

    def __init__(self, fields: Mapping[str, GraphQLField | Callable[[], GraphQLField]]) -> None:
        self._fields = dict(fields)

    def __getitem__(self, name: str) -> GraphQLField:
        found = self._fields[name]
        if not isinstance(found, GraphQLField):
            found = self._fields[name] = found()
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


class LazyTypes(Mapping[str, GraphQLNamedType]):
    """`ready` and what `find` makes; going through them goes through the fields, from the roots."""

    def __init__(
        self, ready: Mapping[str, GraphQLNamedType], find: Find, roots: Iterable[GraphQLNamedType]
    ) -> None:
        self._ready = dict(ready)
        self._find = find
        self._roots = tuple(roots)

    def __getitem__(self, name: str) -> GraphQLNamedType:
        found = self._ready.get(name) or self._find(name)
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return (kind.name for kind in reached(self._roots))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def values(self) -> ValuesView[GraphQLNamedType]:
        return {kind.name: kind for kind in reached(self._roots)}.values()


def filled(
    schema: GraphQLSchema, query: LazyFields, subscription: GraphQLObjectType | None, find: Find
) -> GraphQLSchema:
    """The schema with other root fields, and the types that these have; it is changed itself."""
    if schema.query_type is None:
        raise TypeError("a schema has a query type")
    schema.query_type.fields = query  # graphql-core only reads it
    schema.subscription_type = subscription
    ready = dict(schema.type_map)
    if subscription is not None:
        ready[subscription.name] = subscription
    kinds = (schema.query_type, schema.mutation_type, subscription)
    roots: list[GraphQLNamedType] = [kind for kind in kinds if kind is not None]
    schema.type_map = LazyTypes(ready, find, [*roots, *ready.values()])  # type: ignore[assignment]  # likewise
    return schema


def reached(roots: Iterable[GraphQLNamedType]) -> Iterator[GraphQLNamedType]:
    """Each type once, before those that it names; however long a chain of relations is."""
    seen: set[GraphQLNamedType] = set()
    walks: list[Iterator[GraphQLType]] = [iter(roots)]
    while walks:
        for met in walks[-1]:
            kind = get_named_type(met)
            if kind not in seen:
                seen.add(kind)
                yield kind
                walks.append(_named_by(kind))
                break
        else:
            walks.pop()


def _named_by(kind: GraphQLNamedType) -> Iterator[GraphQLType]:
    if isinstance(kind, GraphQLUnionType):
        yield from kind.types
    elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        yield from kind.interfaces
        for field in kind.fields.values():
            yield field.type
            for argument in field.args.values():
                yield argument.type
    elif isinstance(kind, GraphQLInputObjectType):
        for member in kind.fields.values():
            yield member.type
