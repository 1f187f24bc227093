"""What the fields of a generated row type stand for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from catalog.catalogue import Relation
from catalog.contracts import Coordinates, camel, pascal
from catalog.ids import DatasetCode
from query.relation import Scope
from schema.data.once import once

AGGREGATE = "Aggregate"
"""Ends the name of what the rows of a to-many relation come to: `readingsAggregate`."""

GROUP_FIELDS = frozenset({"count", "key", "only", "and", "or", "not"})


@dataclass(frozen=True, slots=True)
class RowShape:
    data_set: DatasetCode
    type_name: str
    columns: Mapping[str, str]
    """GraphQL name -> column."""
    relations: Mapping[str, Relation]
    """GraphQL name -> relation."""
    key: tuple[str, ...]
    """See `key_of`."""
    totalled: Mapping[str, str] = field(default_factory=dict)
    """GraphQL name, one that groups leave free -> column that orders other rows by what it comes to."""
    measured: Mapping[str, str] = field(default_factory=dict)
    """GraphQL name, one that groups leave free -> column that aggregates may measure."""
    grouped: Mapping[str, str] = field(default_factory=dict)
    """GraphQL name -> column by which aggregates may filter and group."""
    keys_of: Mapping[str, DatasetCode] = field(default_factory=dict)
    """GraphQL name of a to-one relation -> the data set whose columns may be keys, too."""
    counted: Mapping[str, Relation] = field(default_factory=dict)
    """GraphQL name -> to-many relation whose rows may be told of in groups."""
    coordinates: Coordinates | None = None
    """None where rows cannot be asked for by where they lie."""
    small: bool = False
    """Whether groups have a least size."""


def shape_of(scope: Scope, data_set: DatasetCode) -> RowShape:
    columns, relations = scope.columns(data_set), scope.relations(data_set)
    small = scope.least_group(data_set) > 1
    return RowShape(
        data_set=data_set,
        type_name=pascal(data_set),
        columns={camel(name): name for name in columns},
        relations={camel(n): relation for n, relation in relations.items()},
        key=key_of(scope, data_set),
        totalled={_free(camel(name)): name for name in columns},
        measured={_free(camel(name)): name for name in scope.measured(data_set)},
        grouped={camel(name): name for name in scope.grouped(data_set)},
        keys_of={
            camel(n): r.target
            for n, r in relations.items()
            if not (small or r.many) and scope.grouped(r.target)
        },
        counted={
            camel(n) + AGGREGATE: relation
            for n, relation in relations.items()
            if relation.many and _countable(scope, relation)
        },
        coordinates=scope.coordinates(data_set),
        small=small,
    )


def key_of(scope: Scope, data_set: DatasetCode) -> tuple[str, ...]:
    """The key's columns; empty when the scope does not show all of them."""
    key, columns = scope.catalogue.contracts[data_set].key, scope.columns(data_set)
    return key if all(name in columns for name in key) else ()


def _countable(scope: Scope, relation: Relation) -> bool:
    """Whether the rows of one other row are whole cells."""
    if scope.least_group(relation.target) == 1:
        return True
    return all(theirs in scope.grouped(relation.target) for _, theirs in relation.pairs)


def _free(name: str) -> str:
    """The name of a column beside what a group has of its own."""
    return name + "_" if name in GROUP_FIELDS else name


Shapes = Mapping[str, RowShape]
"""By type name."""


class ScopeShapes(Shapes):
    """The shapes of a scope's data sets, each worked out when it is first asked for."""

    def __init__(self, scope: Scope) -> None:
        self._codes = {pascal(data_set): data_set for data_set in scope.data_sets}
        self.of = once(partial(shape_of, scope))

    def __getitem__(self, type_name: str) -> RowShape:
        return self.of(self._codes[type_name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._codes)

    def __len__(self) -> int:
        return len(self._codes)


def target_of(relation: Relation, shapes: Shapes) -> RowShape:
    return shapes[pascal(relation.target)]
