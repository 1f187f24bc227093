"""The types of a scope's data by their names, as a document's fragments and variables have them.

Rules: a name is a data set's type name with an ending, and a type is there only where a field or an
argument of the scope has it. The types that all data sets share are always there.
"""

from collections.abc import Callable, Mapping
from functools import cache

from graphql import GraphQLNamedType, GraphQLSchema

from catalog.contracts import Kind
from catalog.ids import DatasetCode
from query.relation import Scope
from schema.data.aggregates import TIMES
from schema.data.connection import PAGE_INFO
from schema.data.filters import COLUMN_FILTERS
from schema.data.inputs import NUMBER_ORDER, ORDER, VALUE_ORDER
from schema.data.location import LOCATION_FILTER
from schema.data.measures import measure_types
from schema.data.shape import RowShape, ScopeShapes
from schema.data.types import DataTypes

Make = Callable[[DatasetCode], GraphQLNamedType]
There = Callable[[RowShape], bool]


class NamedTypes:
    def __init__(self, scope: Scope, shapes: ScopeShapes, types: DataTypes) -> None:
        self._scope = scope
        self._shapes = shapes
        self._types = types
        self._made = self._by_ending()

    def find(self, name: str) -> GraphQLNamedType | None:
        shared = shared_types().get(name)
        if shared is not None:
            return shared
        for ending, (make, there) in self._made.items():
            shape = self._shapes.get(name.removesuffix(ending)) if name.endswith(ending) else None
            if shape is not None and there(shape):
                return make(shape.data_set)
        return None

    def _by_ending(self) -> Mapping[str, tuple[Make, There]]:
        types, inputs, groups = self._types, self._types.inputs, self._types.aggregates
        return {
            "": (types.row, _has_rows),
            "Connection": (types.connection, _has_rows),
            "Edge": (types.edge, _has_rows),
            "Filter": (inputs.filter, _has_rows),
            "Order": (inputs.order, _has_rows),
            "Column": (inputs.column, _has_rows),
            "LatestBy": (inputs.latest_by, _has_rows),
            "ListFilter": (inputs.list_filter, self._is_many),
            "ListOrder": (inputs.list_order, self._is_many),
            "AggregateRow": (groups.row, _always),
            "AggregateOrder": (groups.order, _always),
            "Having": (groups.having, _always),
            "Keys": (groups.keys, _has_groups),
            "KeyOrder": (groups.key_order, _has_groups),
            "Group": (groups.group, _has_groups),
            "Bucket": (groups.bucket, self._has_times),
            "RollUp": (groups.roll_up, self._has_places),
            "CellFilter": (groups.filter, _has_cells),
            "CellColumn": (groups.column, _has_cells),
        }

    def _is_many(self, shape: RowShape) -> bool:
        """Whether another's row has many of these."""
        return any(
            back.many and back.target == shape.data_set
            for relation in shape.relations.values()
            for back in self._scope.relations(relation.target).values()
        )

    def _has_times(self, shape: RowShape) -> bool:
        return bool(self._types.aggregates.grouped_kinds(shape.data_set) & TIMES)

    def _has_places(self, shape: RowShape) -> bool:
        return Kind.PLACE in self._types.aggregates.grouped_kinds(shape.data_set)


@cache
def shared_types() -> Mapping[str, GraphQLNamedType]:
    """Those that depend on no data set."""
    orders = ORDER, VALUE_ORDER, NUMBER_ORDER
    kinds = (*COLUMN_FILTERS.values(), LOCATION_FILTER, *orders, PAGE_INFO, *measure_types())
    return GraphQLSchema(types=kinds).type_map


def _always(_shape: RowShape) -> bool:
    return True


def _has_rows(shape: RowShape) -> bool:
    return bool(shape.columns)


def _has_groups(shape: RowShape) -> bool:
    return bool(shape.grouped)


def _has_cells(shape: RowShape) -> bool:
    return shape.small and bool(shape.grouped)
