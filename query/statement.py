"""What passes between query and warehouse: a statement that was compiled, checked and bound."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from catalog.ids import DatasetCode
from catalog.predicate import Scalar, Values
from query.slots import Bindable, Taken, bound

SCHEMA = "shared"
"""The engine's schema that holds the data sets."""
CURRENT_SEQ = "_seq"
"""In `<set>`: the version that brought the row."""
FROM_SEQ, TO_SEQ = "_from_seq", "_to_seq"
"""In `<set>__past`: the version that brought the row and the one that ended it."""
COUNTED = "rows counted"
"""The column that tells how many rows the one object stands for; it is no part of the reply."""


def current_table(data_set: DatasetCode) -> exp.Table:
    return _table(data_set)


def past_table(data_set: DatasetCode) -> exp.Table:
    return _table(f"{data_set}__past")


def identifier(name: str) -> str:
    """The name as the engine quotes it."""
    return exp.to_identifier(name, quoted=True).sql(dialect="duckdb")


def _table(name: str) -> exp.Table:
    return exp.Table(
        this=exp.to_identifier(name, quoted=True), db=exp.to_identifier(SCHEMA, quoted=True)
    )


@dataclass(frozen=True, slots=True, eq=False)
class LockedStatement:
    """Only `query/lock.py` makes one; one equals only itself. `parameters` are bound by name as `$name` of
    the tree, to a value or to what is put into a slot.
    """

    tree: exp.Expr
    parameters: Mapping[str, Scalar | Taken] = field(repr=False)  # the mask key among them
    data_sets: frozenset[DatasetCode]
    single: bool
    """Whether the reply is one object or null, not a list."""
    columns: frozenset[tuple[DatasetCode, str]] = frozenset()
    """Every column that the answer shows or depends on."""
    small: frozenset[DatasetCode] = frozenset()
    """Data sets that it tells of in groups of a least size only."""

    def bound(self, values: Values = ()) -> Mapping[str, Bindable]:
        """Every parameter with its value. WrongValue when one does not fit its column."""
        return bound(self.parameters, values)
