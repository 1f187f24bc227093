"""The root fields of a scope's data: every granted set as `riverStation`, `riverStationByKey`,
`riverStationConnection` and `riverStationAggregate`.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from graphql import GraphQLArgument, GraphQLField, GraphQLNonNull

from catalog.contracts import camel
from catalog.ids import DatasetCode
from query.relation import Scope
from schema.data.connection import CONNECTION, PAGING_ARGUMENTS
from schema.data.shape import AGGREGATE, ScopeShapes, key_of
from schema.data.types import DataTypes, Resolvers, data_set_text, many
from schema.scalars import DATE_TIME

BY_KEY = "ByKey"
AS_OF = {
    "asOf": GraphQLArgument(
        DATE_TIME,
        description="按此时刻已发布的版本作答。Answer from what was published at this instant.",
    )
}
Making = Callable[[], GraphQLField]


def data_fields(
    scope: Scope, shapes: ScopeShapes, types: DataTypes, resolvers: Resolvers
) -> Mapping[str, Making]:
    """What makes each field, by its name."""
    return dict(_Roots(scope, shapes, types, resolvers).named())


class _Roots:
    def __init__(
        self, scope: Scope, shapes: ScopeShapes, types: DataTypes, resolvers: Resolvers
    ) -> None:
        self._scope = scope
        self._shapes = shapes
        self._types = types
        self._resolvers = resolvers

    def named(self) -> Iterator[tuple[str, Making]]:
        for data_set in self._scope.data_sets:
            name = camel(data_set)
            if self._scope.columns(data_set):  # or else all that is granted is for aggregates only
                yield name, partial(self._rows, data_set)
                yield name + CONNECTION, partial(self._page, data_set)
            if key_of(self._scope, data_set):
                yield name + BY_KEY, partial(self._by_key, data_set)
            yield name + AGGREGATE, partial(self._groups, data_set)

    def _rows(self, data_set: DatasetCode) -> GraphQLField:
        return GraphQLField(
            many(self._types.row(data_set)),
            self._types.inputs.page_arguments(data_set) | AS_OF,
            resolve=self._resolvers(self._shapes.of(data_set)).rows,
            description=self._text(data_set),
        )

    def _page(self, data_set: DatasetCode) -> GraphQLField:
        return GraphQLField(
            GraphQLNonNull(self._types.connection(data_set)),
            self._types.inputs.row_arguments(data_set) | PAGING_ARGUMENTS | AS_OF,
            resolve=self._resolvers(self._shapes.of(data_set)).page,
            description=self._text(data_set),
        )

    def _by_key(self, data_set: DatasetCode) -> GraphQLField:
        return GraphQLField(
            self._types.row(data_set),
            self._types.key_arguments(data_set) | AS_OF,
            resolve=self._resolvers(self._shapes.of(data_set)).by_key,
            description=self._text(data_set),
        )

    def _groups(self, data_set: DatasetCode) -> GraphQLField:
        shape = self._shapes.of(data_set)
        title = self._scope.catalogue.contracts[data_set].title
        field = self._types.aggregates.field(data_set, title)
        field.args |= {} if shape.small else AS_OF
        field.resolve = self._resolvers(shape).groups
        return field

    def _text(self, data_set: DatasetCode) -> str:
        return data_set_text(self._scope.catalogue.contracts[data_set])
