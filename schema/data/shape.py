"""What the fields of a generated row type stand for."""

from collections.abc import Mapping
from dataclasses import dataclass

from catalog.catalogue import Relation
from catalog.contracts import camel, pascal
from catalog.ids import DatasetCode
from query.relation import Scope

AGGREGATE = "Aggregate"
"""Ends the name of what the rows of a to-many relation come to: `readingsAggregate`."""


@dataclass(frozen=True, slots=True)
class RowShape:
    data_set: DatasetCode
    type_name: str
    columns: Mapping[str, str]
    """GraphQL name -> column."""
    relations: Mapping[str, Relation]
    """GraphQL name -> relation."""
    key: tuple[str, ...]
    """The key's columns; empty when the scope does not show all of them."""


def shape_of(scope: Scope, data_set: DatasetCode) -> RowShape:
    contract = scope.catalogue.contracts[data_set]
    columns = scope.columns(data_set)
    return RowShape(
        data_set=data_set,
        type_name=pascal(data_set),
        columns={camel(name): name for name in columns},
        relations={camel(n): relation for n, relation in scope.relations(data_set).items()},
        key=contract.key if all(name in columns for name in contract.key) else (),
    )


Shapes = Mapping[str, RowShape]
"""By type name."""


def target_of(relation: Relation, shapes: Shapes) -> RowShape:
    return shapes[pascal(relation.target)]
